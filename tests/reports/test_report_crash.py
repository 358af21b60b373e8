"""A report shows where a node's code raised, and what the node did before."""

from __future__ import annotations

from splitbrain.checkers.verdict import INVALID, Anomaly, Verdict
from splitbrain.reports.evidence.crash import crash_lines, crash_of

CRASH = Anomaly(
    "node-died",
    "n1 died",
    (),
    {"node": "n1", "traceback": ["kv.py:1 in run: 1 / 0"], "last": ["0.1 receive"]},
)


def test_traceback_and_last_events_have_a_heading_each():
    assert crash_lines(CRASH) == [
        "where n1's code raised, innermost last:",
        "  kv.py:1 in run: 1 / 0",
        "what n1 did before:",
        "  0.1 receive",
    ]


def test_the_crash_is_found_behind_other_verdicts():
    other = Verdict("register", INVALID, "", (Anomaly("stale-read", "", (0,), {}),))
    guard = Verdict("unhandled-exceptions", INVALID, "", (CRASH,))

    assert crash_of((other, guard)) is CRASH
    assert crash_of((other,)) is None
    assert crash_lines(None) == []


def test_details_of_another_type_are_no_crash():
    assert crash_of((Verdict("x", INVALID, "", (Anomaly("k", "", (), {"traceback": 7}),)),)) is None
