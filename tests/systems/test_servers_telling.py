"""Servers tell what changes of their inner state, once, and say it anew after a crash."""

import pytest

from splitbrain.harness.pictures.telling import HOLDS, STATE, Teller
from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.systems import registry


def planned(system, workload, seed):
    nodes = 5 if system == "viewstamped" else 3
    return Plan(system, workload, nodes=nodes, seed=seed, time_limit=3.0, rate=30.0)


class Tracing:
    def __init__(self):
        self.events = []

    pictured = True

    def show(self, *event):
        self.events.append(event)


def test_only_what_is_another_than_was_said_is_traced():
    node = Tracing()
    teller = Teller(node)
    for value in (None, None, 1, 1, None):
        teller.holds("x", value)
    teller.state("x", None)
    teller.holds("y", None)

    assert node.events == [
        (HOLDS, "x", None),
        (HOLDS, "x", 1),
        (HOLDS, "x", None),
        (STATE, "x", None),
        (HOLDS, "y", None),
    ]


@pytest.mark.parametrize(
    ("system", "workload"),
    [
        ("leader-follower", "register"),
        ("raft", "register"),
        ("paxos", "register"),
        ("viewstamped", "register"),
        ("abd", "register"),
        ("leaderless", "siblings"),
        ("multi-leader", "siblings"),
    ],
)
def test_replicas_of_a_run_come_to_hold_the_same_and_tell_so(system, workload):
    # Of Viewstamped Replication, whoever is killed too often never knows anything again.
    faults = "duplicate" if system == "viewstamped" else "kill"
    plan = draw(planned(system, workload, 3), faults)
    result = run(registry.experiment(plan))
    held = {}
    for _, kind, *details in result.trace.events:
        if kind == HOLDS:
            server, key, value = details
            held.setdefault(server, {})[key] = value
        elif kind == "kill":
            held.pop(details[0], None)

    assert set(held) == set(plan.servers)
    assert any(held["n1"].values())
    assert all(state == held["n1"] for state in held.values())


@pytest.mark.parametrize("system", ["leader-follower", "paxos", "crdts", "light-transactions"])
def test_a_run_is_the_same_whether_it_is_shown_or_not(system):
    experiment = registry.experiment(
        draw(planned(system, registry.SYSTEMS[system].workloads[0], 5), "kill,duplicate")
    )
    shown, unseen = (run(experiment, tracing=tracing).history for tracing in (True, False))

    assert list(shown) == list(unseen)


class Unseen(Tracing):
    pictured = False


def test_nothing_is_kept_of_what_nobody_looks_at():
    node = Unseen()
    teller = Teller(node)
    teller.holds("x", 1)

    assert not teller.heard
    assert node.events == []
