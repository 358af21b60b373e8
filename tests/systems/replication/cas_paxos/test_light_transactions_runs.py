"""Scenes: members change while elements are added, and a change is given up half way."""

from __future__ import annotations

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.registry import experiment

ADDS = [(0.1 + 0.1 * e, e % 3, "add", e) for e in range(30)]


def played(*operations, faults=(), seed=1):
    planned = tuple(PlannedOperation(*each) for each in operations)
    plan = Plan("light-transactions", "changing-set", seed=seed, nodes=5, clients=5, time_limit=7.0)
    return run(experiment(plan.with_(operations=planned, faults=faults)))


def final_reads(result):
    return [c.result for c in result.history.calls() if c.f == "read" and c.outcome == "ok"][-5:]


def test_elements_stay_while_members_change():
    changes = [(0.5 + 0.5 * i, 3, "change-members", i) for i in range(3)]
    result = played(*ADDS, *changes)

    members = [e.value for e in result.history if e.f == "change-members" and e.type == "ok"]
    assert [len(each) for each in members] == [4, 3, 2]
    assert final_reads(result) == [list(range(30))] * 5
    assert result.validity is VALID, result.verdicts


def test_a_change_that_was_given_up_is_ended_before_the_next_one_begins():
    """While a server is down none can end, and each client waits for two seconds only."""
    away = Fault("process.kill", at=0.4, duration=4.5, target="n5", id="away")
    changes = [(0.5, 3, "change-members", 0), (3.0, 4, "change-members", 1)]
    result = played(*ADDS, *changes, faults=(away,))

    given_up = [e for e in result.history if e.f == "change-members" and e.type == "info"]
    assert len(given_up) == 2
    assert final_reads(result) == [list(range(30))] * 5
