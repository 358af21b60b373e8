"""Figure 9-6 of the book as a run: a write reaches one replica of three, and two reads meet it."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.registry import experiment

SLOW = tuple(
    Fault("disk.stall", at=1.0, duration=4.0, target=name, id=f"stall-{name}")
    for name in ("n2", "n3")
)
"""Two replicas store nothing for a while; asked, they answer with what they have."""

READS = tuple((1.5 + n / 20, n % 3, "read", ["x", None]) for n in range(20))
OPERATIONS = ((0.1, 0, "write", ["x", 1]), (1.1, 0, "write", ["x", 2]), *READS)


def judged(bug, seed=0):
    plan = Plan(
        "abd", "register", bug=bug, seed=seed, nodes=3, clients=3, time_limit=4.0, faults=SLOW
    )
    return run(
        experiment(plan.with_(operations=tuple(PlannedOperation(*each) for each in OPERATIONS)))
    )


def values_read(result):
    reads = [call for call in result.history.calls() if call.f == "read" and call.outcome == "ok"]
    return [call.result[1] for call in reads if 1.4 < call.start / 1e9 < 4.0]


def test_without_writing_back_a_later_read_misses_what_an_earlier_one_returned():
    result = judged("LL-02")
    values = values_read(result)

    assert 2 in values
    assert 1 in values[values.index(2) :]
    assert result.validity is INVALID


@pytest.mark.parametrize("seed", range(3))
def test_the_register_returns_the_new_value_only_when_it_can_no_longer_be_missed(seed):
    result = judged(None, seed)

    assert 2 in values_read(result)
    assert result.validity is VALID
