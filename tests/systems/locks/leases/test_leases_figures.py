"""Figures 8-4 and 8-5 of the book as runs: a holder is paused, and its lease ends meanwhile."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.registry import experiment

OPERATIONS = (
    PlannedOperation(1.0, 0, "add", 1),
    PlannedOperation(1.5, 1, "add", 2),
    PlannedOperation(3.0, 0, "read"),
    PlannedOperation(3.1, 1, "read"),
)
"""The first client adds under the lock, the second while the first is paused."""

PAUSES = [1.0 + n / 2000 for n in range(20)]
"""When the first client is paused: one of these is after it has read and before it writes."""


def paused(bug, at):
    pause = Fault("client.pause", at=at, duration=1.0, target="c1", id="gc")
    plan = Plan("leases", "counter", bug=bug, nodes=2, clients=2, time_limit=4.0, faults=(pause,))
    return run(experiment(plan.with_(operations=OPERATIONS)))


def test_without_a_fence_the_late_write_destroys_what_the_next_holder_wrote():
    assert INVALID in {paused("CLK-01", at).validity for at in PAUSES}


@pytest.mark.parametrize("at", PAUSES)
def test_with_a_fence_it_is_refused(at):
    result = paused(None, at)

    assert result.validity is VALID, result.verdicts
