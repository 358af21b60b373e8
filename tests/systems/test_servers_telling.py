"""Servers tell what changes of their inner state, once, and say it anew after a crash."""

import pytest

from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.systems import registry
from splitbrain.systems.telling import HOLDS, STATE, Teller


class Tracing:
    def __init__(self):
        self.events = []

    def trace(self, *event):
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
        ("abd", "register"),
        ("leaderless", "siblings"),
        ("multi-leader", "siblings"),
    ],
)
def test_replicas_of_a_run_come_to_hold_the_same_and_tell_so(system, workload):
    plan = draw(Plan(system, workload, seed=3, time_limit=3.0, rate=30.0), "kill")
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
