"""Scenes: items are found by their color while they change, ranges move and servers die."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.partitioning.database.gathering import EVERYTHING, cut
from splitbrain.systems.partitioning.database.keymap import KeyMap
from splitbrain.systems.registry import experiment

SYSTEMS = ("partitioned-database", "partitioned-database-global-index")


def played(system, *operations, faults=()):
    planned = tuple(PlannedOperation(*each) for each in operations)
    options = {"system": {"split_at": 2, "balance": 0.1}}
    plan = Plan(system, "scan", seed=1, clients=5, time_limit=5.0, faults=faults, options=options)
    return run(experiment(plan.with_(operations=planned)))


def found(result, color):
    """What searches for a color found, one after the other."""
    calls = [c for c in result.history.calls() if c.f == "find" and c.argument[0] == color]
    return [sorted(call.result[1]) for call in calls if call.outcome == "ok"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_item_is_found_by_its_color_and_no_longer_by_the_one_it_had(system):
    result = played(
        system,
        (0.1, 0, "put", ["x", ["red", 1]]),
        (0.1, 1, "put", ["k4", ["red", 2]]),
        (1.0, 2, "find", ["red", None]),
        (1.5, 0, "put", ["x", ["blue", 3]]),
        (2.0, 1, "delete", ["k4", None]),
        (2.5, 2, "find", ["red", None]),
        (3.0, 2, "find", ["blue", None]),
    )

    assert found(result, "red")[:2] == [[["k4", 2], ["x", 1]], []]
    assert found(result, "blue")[0] == [["x", 3]]
    assert result.validity is VALID, result.verdicts


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_search_waits_for_a_server_that_is_down_rather_than_leave_it_out(system):
    keys = ("a", "b", "c", "d", "e", "f", "x", "y")
    writes = [(0.1 + 0.05 * i, i % 3, "put", [key, ["red", i]]) for i, key in enumerate(keys)]
    away = Fault("process.kill", at=2.0, duration=0.7, target="n2", id="away")
    result = played(system, *writes, (2.1, 2, "find", ["red", None]), faults=(away,))

    (search,) = [c for c in result.history.calls() if c.f == "find" and c.start < 2.5e9]
    assert search.outcome == "ok"
    assert len(search.result[1]) == len(keys)


def test_pieces_have_each_key_once_however_they_are_cut():
    known = KeyMap.first("n1").split("c").split("m")
    pieces = cut(EVERYTHING, known)
    again = [part for piece in pieces for part in cut(piece, known.split("d").split("p"))]

    assert pieces == [("", "c"), ("c", "m"), ("m", None)]
    assert again == [("", "c"), ("c", "d"), ("d", "m"), ("m", "p"), ("p", None)]
    assert cut(("c", "m"), KeyMap.first("n1")) == [("c", "m")]
