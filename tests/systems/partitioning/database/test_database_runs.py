"""Scenes: a range moves while it is written, and its source, its target or the coordinator dies."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.registry import experiment

KEEPS_STILL = {"system": {"balance": 2.0, "split_at": 50}}

WRITES = tuple((0.1 * at, at % 3, "append", ["x", f",{at}"]) for at in range(2, 40))
MOVE = (1.0, 3, "move-range", ["x", 1])


def played(*operations, faults=(), seed=1, **options):
    planned = tuple(PlannedOperation(*each) for each in operations)
    plan = Plan(
        "partitioned-database",
        "rebalance",
        seed=seed,
        nodes=3,
        clients=4,
        time_limit=5.0,
        faults=faults,
        options=options or KEEPS_STILL,
    )
    return run(experiment(plan.with_(operations=planned)))


def owners(result):
    """Who answers for x, one after the other."""
    told = []
    for event in result.history.events(f="owns"):
        covers = any(
            low <= "x" and (high is None or high > "x") for low, high in event.value["ranges"]
        )
        if covers and (not told or told[-1] != event.process):
            told.append(event.process)
    return told


def test_a_range_that_moves_under_writes_has_all_of_them():
    result = played(*WRITES, MOVE)

    assert owners(result) == ["n1", "n2"]
    assert result.validity is VALID, result.verdicts


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("server", ["n1", "n2"])
@pytest.mark.parametrize("kind", ["process.kill", "process.power_loss"])
def test_whoever_dies_while_a_range_moves_it_has_one_owner_and_loses_nothing(server, kind, seed):
    """n1 is the source and decides, n2 is the target."""
    at = 1.0 + 0.004 * seed
    fault = Fault(kind, at=at, duration=0.6, target=server, id="dies")
    result = played(*WRITES, MOVE, faults=(fault,), seed=seed)

    assert owners(result)[-1:] in (["n1"], ["n2"])
    assert result.validity is VALID, result.verdicts


def test_ranges_split_when_they_grow_and_spread_over_the_servers():
    writes = [(0.05 * at, at % 3, "put", [f"k{at + 10}", str(at)]) for at in range(30)]
    change = [(0.2, 3, "split-range", ["k20", None]), (2.5, 3, "merge-range", ["k20", None])]
    result = played(*writes, *change, system={"split_at": 4})

    latest = {e.process: e.value["ranges"] for e in result.history.events(f="owns")}
    assert min(len(ranges) for ranges in latest.values()) >= 2
    assert all(v.validity is VALID for v in result.verdicts if v.checker == "no-needless-move")
    assert "no-needless-move" in {v.checker for v in result.verdicts}


def test_what_cannot_be_done_is_refused_with_the_reason():
    result = played(
        (0.1, 0, "put", ["x", "1"]),
        (0.2, 1, "move-range", ["x", 1]),
        (0.2, 2, "move-range", ["x", 2]),
    )

    assert [e.error for e in result.history if e.f == "move-range" and e.error] == [
        "refused: the range is there, or on its way"
    ]


def ranges(result):
    """The first keys of all ranges that anybody answered for in the end."""
    latest = {event.process: event.value["ranges"] for event in result.history.events(f="owns")}
    return sorted(low for served in latest.values() for low, _ in served)


def test_a_key_that_is_asked_for_more_than_others_gets_a_range_of_its_own():
    busy = [(0.5 + 0.02 * at, at % 3, "get", ["y", None]) for at in range(100)]
    written = [(0.1, 0, "put", ["x", "1"]), (0.2, 1, "put", ["y", "2"])]
    for hot_at, expected in ((0, [""]), (2, ["", "y", "y\0"])):
        settings = {"split_at": 50, "hot_at": hot_at, "balance": 0.2}
        result = played(*written, *busy, system=settings)

        assert result.validity is not INVALID, result.verdicts
        assert ranges(result) == expected


def test_neighbours_of_one_server_that_are_small_are_made_one():
    split = [(0.1, 0, "put", ["x", "1"]), (0.5, 1, "split-range", ["x", None])]
    for merge_at, expected in ((0, ["", "x"]), (2, [""])):
        settings = {"split_at": 50, "merge_at": merge_at, "balance": 0.2}
        result = played(*split, (3.0, 2, "get", ["x", None]), system=settings)

        assert result.validity is not INVALID, result.verdicts
        assert ranges(result) == expected


def test_neighbours_are_not_made_a_range_that_would_be_split_again():
    """PART-09-ENDLESS."""
    writes = [(0.1 + 0.05 * at, at % 3, "put", [f"k{at}", "1"]) for at in range(7)]
    settings = {"split_at": 2, "merge_at": 10, "balance": 0.2}
    result = played(*writes, (3.0, 2, "get", ["k1", None]), system=settings)
    announced = [event for event in result.history.events(f="owns") if event.time > 4e9]

    assert result.validity is VALID, result.verdicts
    assert announced == []
