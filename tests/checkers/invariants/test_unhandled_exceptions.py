"""A node that died of its own code, or did what no node may, makes a run invalid."""

from __future__ import annotations

from splitbrain.checkers.history import History, Operation
from splitbrain.checkers.invariants.crashes import unhandled_exceptions

TOLD = {"error": "ValueError: bad", "traceback": ["kv.py:7 in put: raise ValueError"], "last": []}


def judged(*events):
    operations = [
        Operation(index, index * 10**9, node, "info", f, value)
        for index, (node, f, value) in enumerate(events)
    ]
    return unhandled_exceptions().check(History.from_operations(operations, source="test"))


def test_a_run_without_such_events_is_valid():
    assert judged(("n1", "leader", {"term": 1})).validity == "valid"


def test_a_death_is_told_with_its_line():
    verdict = judged(("n1", "died", TOLD))

    assert verdict.signature == "unhandled-exceptions/node-died"
    assert verdict.reason == (
        "n1 died at 0.000 s: ValueError: bad (kv.py:7 in put: raise ValueError)"
    )


def test_the_line_is_that_of_the_error_not_of_its_cause():
    lines = ["kv.py:7 in put: raise", "caused by KeyError: 1", "kv.py:3 in get: x[1]"]

    assert "(kv.py:7 in put: raise)" in judged(("n1", "died", {**TOLD, "traceback": lines})).reason


def test_a_tripwire_counts_though_the_node_lives_and_comes_before_a_death():
    verdict = judged(("n1", "died", TOLD), ("n2", "tripwire", {"error": "Nondeterminism: x"}))

    assert verdict.signature == "unhandled-exceptions/tripwire"
    assert [anomaly.kind for anomaly in verdict.anomalies] == ["tripwire", "node-died"]
