"""Changes of the cluster that faults ask for: clients do them, they shrink with their faults."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.checkers.vocabulary import CHANGES
from splitbrain.harness import Plan, run
from splitbrain.harness.knobs import OPTION
from splitbrain.harness.nemesis.holds import Requests
from splitbrain.harness.plan import Fault
from splitbrain.harness.shrinking.descent import listed_operations, shrink
from splitbrain.systems.registry import bugs, experiment

PINNED = Path(__file__).parents[2] / "systems" / "pinned_seeds.json"

FOUND = {
    "PART-03": "member.add",
    "PART-08-RING": "member.remove",
    "PART-08-AGAIN": "member.replace",
    "PART-02-SHARDS": "shard.move",
    "PART-06": "shard.split",
    "PART-06-MERGE": "shard.merge",
    "PART-12-TWICE": "shard.rebalance",
    "CON-05-HANDS": "leader.transfer",
}
"""By bug, the fault that it needs: nobody else asks for changes in its hunt."""


def tried(system, workload, *faults, **options):
    made = tuple(Fault(kind, at, 1.0, "all", id=f"f{at}") for kind, at in faults)
    plan = Plan(system, workload, seed=3, nodes=5, time_limit=4.0, rate=30.0)
    return run(experiment(plan.with_(faults=made, options=options)), tracing=False)


def changes(result):
    return [call for call in result.history.calls() if call.f in CHANGES]


def effects(result, family):
    told = [e.value for e in result.history.events() if e.f.startswith(family)]
    return [(value["effect"], value["observed"]) for value in told if value["phase"] == "stop"]


@pytest.mark.parametrize(("bug", "fault"), FOUND.items())
def test_a_planted_bug_needs_the_change_that_the_fault_asks_for(bug, fault):
    """That it is found with the fault is told in ``tests/systems/test_contract.py``."""
    system, planted = bugs()[bug]
    hunt = system.hunt(planted, json.loads(PINNED.read_text())[bug])
    others = [
        each for each in hunt.plan.faults if not each.kind.startswith(("member", "shard", "leader"))
    ]

    assert fault in planted.faults
    result = run(hunt.with_plan(hunt.plan.with_(faults=others)), tracing=False)
    doubts = {v.checker for v in result.verdicts if v.validity is not VALID}

    assert result.validity is not INVALID
    assert doubts <= {"quorum-overlap"}  # of no change there is nothing to compare


@pytest.mark.parametrize(
    ("system", "kind", "f"),
    [
        ("ring-store", "member.remove", "remove-member"),
        ("ring-store", "member.replace", "replace-member"),
        ("raft-members", "member.add", "add-member"),
        ("raft-members", "member.replace", "replace-member"),
        ("light-transactions", "member.remove", "remove-member"),
    ],
)
def test_a_client_does_what_the_fault_asks_for(system, kind, f):
    result = tried(system, "changing-set", (kind, 1.0), changes=0.0)
    (call,) = changes(result)
    doubts = {v.checker for v in result.verdicts if v.validity is not VALID}

    # Nobody is elected in so short a run, so quorums of leaders are not compared.
    assert result.validity is not INVALID, result.verdicts
    assert doubts <= {"quorum-overlap"}
    assert (call.f, call.outcome) == (f, "ok")
    assert 1.0 <= call.start / 1e9 < 1.1
    assert effects(result, kind) == [({"asked": [call.invoke_index]}, True)]


def test_a_client_has_another_server_lead_when_a_fault_asks_for_it():
    plan = Plan("raft-members", "changing-set", seed=3, nodes=5, time_limit=4.0, rate=30.0)
    asked = Fault("leader.transfer", 1.0, 1.0, "all", id="f1")
    plan = plan.with_(faults=(asked,), options={"changes": 0.0, OPTION: {"members": 5}})
    result = run(experiment(plan), tracing=False)
    (call,) = changes(result)

    assert (call.f, call.outcome) == ("hand-over", "ok")
    assert effects(result, "leader.transfer") == [({"asked": [call.invoke_index]}, True)]


def test_several_moves_are_asked_for_at_once():
    result = tried("partitioned-database", "rebalance", ("shard.rebalance", 1.0), changes=0.0)

    assert [call.f for call in changes(result)] == ["move-range"] * 4
    assert len(effects(result, "shard.")[0][0]["asked"]) == 4


def test_where_the_workload_offers_no_such_change_nothing_happens():
    result = tried("ring-store", "changing-set", ("shard.move", 1.0), changes=0.0)

    assert changes(result) == []
    assert effects(result, "shard.") == [({}, False)]


def test_what_no_client_was_free_for_is_no_longer_asked_when_the_fault_ends():
    requests = Requests({"move": lambda draw: draw.random()})
    one, other = requests.ask("move", Random(1)), requests.ask("move", Random(2))

    requests.drop(one)

    assert list(requests.waiting) == [other]
    assert requests.ask("split", Random(1)) is None


def test_the_listed_operations_of_a_run_leave_out_what_faults_asked_for():
    result = tried("ring-store", "changing-set", ("member.remove", 1.0), changes=0.2)
    ((effect, _),) = effects(result, "member.")
    listed = listed_operations(result.history, result.plan.clients)
    before_healing = [c for c in changes(result) if c.start / 1e9 < result.plan.time_limit]

    assert len(effect["asked"]) == 1
    assert len([each for each in listed if each.f in CHANGES]) == len(before_healing) - 1 > 0


@pytest.mark.nightly
def test_a_failure_that_needs_a_change_is_shrunk_to_the_fault_that_asks_for_it():
    system, bug = bugs()["PART-08-AGAIN"]
    hunt = system.hunt(bug, 0)
    small = shrink(hunt, run(hunt)).run

    assert [fault.kind for fault in small.plan.faults] == ["member.replace"]
    assert not [operation for operation in small.plan.operations if operation.f in CHANGES]
    assert bug.shown_by(small.verdicts)
