"""Scenes of the book as runs: concurrent writes, a removal, a home that was away."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.partitioning.rendezvous import preference
from splitbrain.systems.registry import experiment

SERVERS = ("n1", "n2", "n3", "n4", "n5")


def played(system, *operations, faults=()):
    plan = Plan(system, "siblings", seed=1, nodes=5, clients=5, time_limit=6.0, faults=faults)
    planned = tuple(PlannedOperation(*each) for each in operations)
    return run(experiment(plan.with_(operations=planned)))


def last_reads(result, key="x"):
    reads = [c for c in result.history.calls() if c.f == "read" and c.result[0] == key]
    return [call.result[1] for call in reads[-5:]]


def test_carts_that_were_written_at_once_are_both_read_and_then_joined():
    """DDIA figure 5-13: two clients add to one cart, neither has read the other's."""
    result = played(
        "leaderless",
        (0.1, 0, "write", ["x", [1, []]]),
        (0.1, 1, "write", ["x", [2, []]]),
        (1.0, 0, "read", ["x", None]),
        (2.0, 0, "write", ["x", [3, [1, 2]]]),
    )

    assert last_reads(result) == [[3]] * 5
    assert result.validity is VALID


def test_a_removal_removes_what_was_read_and_nothing_else():
    result = played(
        "leaderless",
        (0.1, 0, "write", ["x", [1, []]]),
        (0.5, 0, "read", ["x", None]),
        (1.0, 1, "write", ["x", [2, []]]),
        (1.5, 0, "remove", ["x", [1]]),
    )

    assert last_reads(result) == [[2]] * 5


@pytest.mark.parametrize(
    ("system", "written"), [("leaderless", "info"), ("leaderless-sloppy", "ok")]
)
def test_when_two_homes_are_away_a_sloppy_quorum_writes_on(system, written):
    """What the stand-ins keep, the homes have in the end."""
    homes = preference("x", SERVERS)[:3]
    away = tuple(
        Fault("process.kill", at=0.5, duration=3.0, target=home, id=f"kill-{home}")
        for home in homes[:2]
    )
    writer = SERVERS.index(preference("x", SERVERS)[4])
    result = played(system, (1.0, writer, "write", ["x", [1, []]]), faults=away)

    (write,) = [call for call in result.history.calls() if call.f == "write"]
    (answer,) = [c.result for c in result.history.calls() if c.f == "homes" and c.result[0] == "x"]
    assert write.outcome == written
    if written == "ok":
        assert answer == ["x", {home: [1] for home in homes}]


@pytest.mark.parametrize("depth", [1, 8])
def test_a_home_that_was_away_is_sent_what_it_missed_and_then_there_is_silence(depth):
    away = preference("x", SERVERS)[0]
    fault = Fault("process.kill", at=0.5, duration=2.0, target=away, id="away")
    plan = Plan("leaderless", "siblings", seed=3, nodes=5, clients=5, time_limit=6.0)
    result = run(
        experiment(
            plan.with_(
                faults=(fault,),
                options={"system": {"tree_depth": depth}},
                operations=(
                    PlannedOperation(0.1, 0, "write", ["y", [1, []]]),
                    PlannedOperation(1.0, 1, "write", ["x", [2, []]]),
                    PlannedOperation(4.0, 2, "read", ["x", None]),
                ),
            )
        )
    )

    repaired = [e for e in result.history.events(f="repair") if e.value["to"] == away]
    assert repaired
    assert all(2.5e9 < event.time < 4e9 for event in repaired)
    assert result.validity is VALID, result.verdicts
