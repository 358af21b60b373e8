"""Three-phase commit: a dead coordinator blocks nobody, and a partition splits a decision."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.registry import experiment
from splitbrain.systems.transactions.three_phase_commit.core import (
    ABORTED,
    AGAIN,
    COMMITTED,
    READY,
    TOLD,
    UNKNOWN,
    Asking,
    Phases,
)
from splitbrain.systems.transactions.two_phase_commit.messages import partition_of

SERVERS = ("n1", "n2", "n3")

OF_N2, OF_N3 = (
    next(key for key in "abcdefghijk" if partition_of(key, SERVERS) == server)
    for server in ("n2", "n3")
)

OPERATIONS = (
    PlannedOperation(1.0, 0, "txn", [["append", OF_N2, 1], ["append", OF_N3, 1]]),
    *(PlannedOperation(2.5 + n / 2, 1, "txn", [["r", OF_N2, None]]) for n in range(3)),
)
"""A transaction that n1 coordinates, and reads of what it wrote to n2 when that was long ago."""


def ran(fault):
    plan = Plan("three-phase-commit", "list-append", nodes=3, clients=2, time_limit=5.0)
    plan = plan.with_(faults=(fault,), operations=OPERATIONS)
    return run(experiment(plan), tracing=False)


def _cut_off(at):
    return Fault("net.partition", at=at, duration=1.5, target="n3", id="cut")


MOMENTS = [1.083 + n / 1000 for n in range(10)]
"""Around the votes, what all are told after them, and the decision."""


@pytest.mark.parametrize("at", MOMENTS[::2])
def test_whenever_the_coordinator_dies_the_others_decide_without_it(at):
    result = ran(Fault("process.kill", at=at, duration=3.5, target="n1", id="death"))
    reads = [c for c in result.history.calls() if c.f == "txn" and c.process == 1]

    assert result.validity is not INVALID
    assert "ok" in {call.outcome for call in reads[: len(OPERATIONS) - 1]}


def test_a_partition_at_the_wrong_moment_splits_a_decision():
    signatures = {ran(_cut_off(at)).signature for at in MOMENTS[:5]}

    assert "atomic-commit/split-decision" in signatures


@pytest.mark.parametrize(
    ("states", "has_voted", "outcome"),
    [
        ((UNKNOWN, READY, TOLD), True, True),  # all that are alive will hear of it
        ((UNKNOWN, READY), True, False),  # whoever is dead was not told, or told nobody
        ((UNKNOWN, READY, COMMITTED), True, True),
        ((UNKNOWN, READY, ABORTED), False, False),
        ((UNKNOWN, READY, TOLD), False, None),  # who started again is told by others
        ((UNKNOWN, AGAIN, AGAIN), False, False),
        ((UNKNOWN, AGAIN), False, None),
    ],
)
def test_what_the_living_know_of_a_decision(states, has_voted, outcome):
    phases = Phases("n1", SERVERS, lambda server, message: None, lambda txn, commit: None)
    phases.may_decide = lambda txn: has_voted
    asking = Asking(0.0, dict(zip(SERVERS, states, strict=False)))

    assert phases.outcome("n1.0.1", asking) is outcome
