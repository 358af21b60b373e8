"""Replicas that were apart have all updates once they have heard of each other."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.registry import experiment

APART = Fault("net.partition", at=0.5, duration=2.0, target="n1", id="apart")


def final_states(*operations):
    plan = Plan("crdts", "crdt", seed=1, nodes=3, clients=3, time_limit=4.0, faults=(APART,))
    planned = tuple(PlannedOperation(*each) for each in operations)
    result = run(experiment(plan.with_(operations=planned)))
    reads = [c.result for c in result.history.calls() if c.f == "read" and c.outcome == "ok"]
    assert result.validity is VALID, result.verdicts
    return [{name: read[name] for name in ("elements", "counter", "register")} for read in reads]


def test_what_both_sides_of_a_partition_did_is_there_in_the_end():
    states = final_states(
        (0.1, 0, "add", 1),
        (1.0, 0, "increment", 5),
        (1.0, 1, "increment", -2),
        (1.1, 0, "remove", 1),
        (1.2, 1, "add", 2),
        (1.3, 0, "assign", 7),
    )

    assert states == [{"elements": [2], "counter": 3, "register": 7}] * 3


@pytest.mark.parametrize("system", ["crdts", "crdts-delta"])
def test_what_was_refused_stays_so_when_its_request_comes_again(system):
    copies = Fault(
        "client.duplicate", 0.0, 3.0, "all", id="copies", options={"probability": 1.0, "later": 1.0}
    )
    operations = PlannedOperation(0.1, 0, "remove", 1), PlannedOperation(0.2, 0, "add", 1)
    plan = Plan(system, "crdt", seed=1, nodes=2, clients=1, time_limit=4.0, faults=(copies,))

    result = run(experiment(plan.with_(operations=operations)))

    refused, added, *_, read = result.history.calls()
    assert (refused.outcome, added.outcome) == ("fail", "ok")
    assert read.result["elements"] == [1]
