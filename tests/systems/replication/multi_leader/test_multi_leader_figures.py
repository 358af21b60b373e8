"""Figures 5-7 to 5-9 as runs: a conflict, a ring with a gap, an answer that overtakes."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.registry import experiment


def played(system, workload, *operations, faults=(), bug=None, nodes=3, settings=None):
    plan = Plan(
        system,
        workload,
        bug=bug,
        seed=1,
        nodes=nodes,
        clients=nodes,
        time_limit=6.0,
        faults=faults,
        options={"system": settings} if settings else {},
    )
    planned = tuple(PlannedOperation(*each) for each in operations)
    return run(experiment(plan.with_(operations=planned)))


def shown(result, at, upto):
    """What reads gave that began between two times."""
    reads = [c for c in result.history.calls() if c.f == "read" and c.outcome == "ok"]
    return [c.result for c in reads if at <= c.start / 1e9 < upto]


def test_a_title_that_two_leaders_change_at_once_is_both_until_somebody_decides():
    """Figure 5-7: the title x is 0; one user makes it 1, another one 2."""
    result = played(
        "multi-leader",
        "siblings",
        (0.1, 0, "write", ["x", [0, []]]),
        (1.0, 0, "read", ["x", None]),
        (1.0, 1, "read", ["x", None]),
        (1.5, 0, "write", ["x", [1, [0]]]),
        (1.5, 1, "write", ["x", [2, [0]]]),
        (3.0, 2, "read", ["x", None]),
        (3.5, 2, "write", ["x", [3, [1, 2]]]),
    )

    assert shown(result, 2.5, 3.2) == [["x", [1, 2]]]
    assert shown(result, 6.0, 99).count(["x", [3]]) == 3
    assert result.validity is VALID


CONVERSATION = (
    (0.5, 0, "post", [1, None]),
    *((0.6 + n / 10, 1, "read", None) for n in range(4)),
    (1.0, 1, "post", [2, 1]),
    *((1.05 + n / 20, 2, "read", None) for n in range(60)),
)
"""One asks at n1, another one reads it at n2 and answers, an observer reads at n3."""


@pytest.mark.parametrize(("bug", "validity"), [(None, VALID), ("ML-06", INVALID)])
def test_an_answer_overtakes_its_question_on_another_way(bug, validity):
    """Figure 5-9: it is taken once the question is there, unless nobody looks at what it needs."""
    cut = Fault(
        "net.partition",
        at=0.4,
        duration=2.0,
        target="n2",
        options={"shape": "majorities-ring"},
        id="cut",
    )
    result = played(
        "multi-leader", "messages", *CONVERSATION, faults=(cut,), bug=bug, settings={"suspect": 3.0}
    )

    assert result.validity is validity, result.verdicts


@pytest.mark.parametrize(("bug", "validity"), [(None, VALID), ("ML-05", INVALID)])
def test_a_ring_with_a_dead_leader(bug, validity):
    """Figure 5-8: what comes from before the gap goes round it, or nowhere."""
    dead = Fault("member.dead", at=0.5, duration=0.0, target="n3", id="dead")
    result = played(
        "multi-leader-ring",
        "messages",
        (1.0, 0, "post", [1, None]),
        (2.0, 1, "post", [2, None]),
        (3.0, 4, "post", [3, None]),
        (4.0, 4, "read", None),
        (4.1, 4, "post", [4, 3]),
        faults=(dead,),
        bug=bug,
        nodes=5,
    )

    assert result.validity is validity, result.verdicts
