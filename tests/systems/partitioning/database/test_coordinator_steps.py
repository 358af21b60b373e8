"""The coordinator dies at each step of a move between two other servers, and goes on from there."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan
from splitbrain.harness.plan import ITSELF, Fault, PlannedOperation, When
from splitbrain.harness.runs.running import run
from splitbrain.systems.registry import experiment

COORDINATOR = "n1"
MOVES_AT = 1.5

OPERATIONS = (
    (0.1, 0, "put", ["x", "1"]),
    (0.4, 3, "move-range", ["x", 1]),
    (MOVES_AT, 3, "move-range", ["x", 2]),
    *((1.3 + 0.15 * at, at % 3, "append", ["x", f",{at}"]) for at in range(12)),
    (4.5, 0, "get", ["x", None]),
)

PHASES = ["start", "stop"]
TOLD_ALL = ("send", 3, "map")

STEPS = {
    "writes that it moves": ("fsync-begin", 1, None),
    "has decided that it moves": ("fsync-end", 1, None),
    "has told all": TOLD_ALL,
    "writes as one of the servers what it was told": ("fsync-begin", 2, None),
    "writes that the move is over": ("fsync-begin", 3, None),
    "has decided that the move is over": ("fsync-end", 3, None),
    "has told all of that": ("send", 8, "map"),
}
"""What the coordinator does last: events since the move was asked for, counted in a run without
faults."""


def played(event, count, message, bug=None):
    """A run in which the coordinator loses power at this event."""
    when = When(event, node=COORDINATOR, count=count, message=message)
    dies = Fault("process.power_loss", MOVES_AT - 0.01, 0.5, ITSELF, id="dies", when=when)
    plan = Plan(
        "partitioned-database",
        "rebalance",
        bug=bug,
        seed=1,
        nodes=3,
        clients=4,
        time_limit=5.0,
        faults=(dies,),
        operations=tuple(PlannedOperation(*each) for each in OPERATIONS),
        options={"system": {"balance": 2.0, "split_at": 50}},
    )
    return run(experiment(plan), tracing=False)


def owners(result):
    """Who came to have x, one after the other."""
    told = []
    for event in result.history.events(f="owns"):
        ranges = event.value["ranges"]
        has = any(low <= "x" and (high is None or high > "x") for low, high in ranges)
        if has and told[-1:] != [event.process]:
            told.append(event.process)
    return told


@pytest.mark.parametrize("step", STEPS)
def test_wherever_the_coordinator_dies_the_move_is_done_once_and_nothing_is_lost(step):
    result = played(*STEPS[step])

    asked = [e.type for e in result.history if e.f == "move-range" and e.time >= MOVES_AT * 1e9]
    assert [e.value["phase"] for e in result.history.events("process.power_loss")] == PHASES
    assert (owners(result), asked) == (["n1", "n2", "n3"], ["invoke", "ok"])
    assert result.validity is VALID, result.verdicts


@pytest.mark.slow
def test_one_that_writes_down_some_of_its_decisions_forgets_the_move():
    assert played(*TOLD_ALL, bug="PART-12").validity is INVALID
