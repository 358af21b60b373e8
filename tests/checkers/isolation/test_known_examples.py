"""Small histories whose anomalies are known, by name, from Adya's papers and from Elle.

Each says which model it is judged against, and every anomaly that is found under it. Those that
show an anomaly by itself are in `test_list_append` and `test_rw_register`; here anomalies meet, or
a stronger model tells what a weaker one allows.
"""

import pytest

from splitbrain.checkers.isolation import list_append, rw_register, verify
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.checkers.verdict import INVALID, VALID

STALE = "T1: ax1 || T2@b: ax2 || T3@b: rx1 || T4: rx12"
NONADJACENT = "T1: rx rz1 || T2@b: ax1 || T3@b: rz || T4: az1"
OVERWRITTEN = "T1: ax2 || T2: ay1 rx || T3: rz ry ax5 || T4: az2 rx2"

LISTS = [
    # Adya, Liskov and O'Neil, "Generalized Isolation Level Definitions", figure 3.
    ("serializable", "T1: az1 ax1 ay1 | T2: rx1 ay2 | T3: ry12 az3 | T4: rz13", VALID, set()),
    # An intermediate read also misses what was appended next.
    ("strict-serializable", "T1: ax1 ax2 || T2: rx1", INVALID, {"G1b", "G-single"}),
    # A read that nobody completed says nothing about what it saw.
    ("serializable", "T1?: ax2 ry | T2: ax1 ay1 | T3: rx12 ry1", VALID, set()),
    # Versions that contradict each other, or repeat, still order what they agree on.
    (
        "read-committed",
        "T1: ax1 ry1 | T2: ax2 | T3: ax3 ay1 | T4: rx13 | T5: rx123",
        INVALID,
        {"G1c", "incompatible-order"},
    ),
    (
        "read-committed",
        "T1: ax1 ry1 | T2: ax2 ay1 | T3: rx121",
        INVALID,
        {"G1c", "duplicate-elements"},
    ),
    # What no read saw comes after what was seen: 1 after 2 on y, before it on x.
    (
        "serializable",
        "T1: ax1 ay1 | T2: ax2 ay2 | T3: ax3 ay3 | T4: rx12 | T5: ry2",
        INVALID,
        {"G0", "G-single"},
    ),
    # A transaction may write over its own read twice; two may not write over the same read.
    ("strict-serializable", "T1: rx ax1 ax2 || T2: rx12", VALID, set()),
    ("serializable", "T1: ax0 | T2: rx0 ax1 | T3: rx0 ax2", INVALID, {"lost-update", "G2-item"}),
    # Two rw that are not neighbors break snapshot isolation, and two that are do not.
    (
        "repeatable-read",
        "T1: ax1 at1 | T2: rx1 ry | T3: ay1 az2 | T4: rz2 rt",
        INVALID,
        {"G-nonadjacent"},
    ),
    (
        "snapshot-isolation",
        "T1: rx5 ry | T2: ay1 rz | T3: az2 at3 | T4: rt3 ru | T5: au4 ax5",
        VALID,
        {"G2-item"},
    ),
    ("snapshot-isolation", OVERWRITTEN, VALID, {"G2-item"}),
    ("repeatable-read", OVERWRITTEN, INVALID, {"G2-item"}),
    # What only sessions or real time refute.
    ("serializable", STALE, VALID, set()),
    ("strong-session-snapshot-isolation", STALE, INVALID, {"G-single-process"}),
    ("serializable", NONADJACENT, VALID, set()),
    ("strong-session-snapshot-isolation", NONADJACENT, INVALID, {"G-nonadjacent-process"}),
    (
        "strong-session-snapshot-isolation",
        "T1@a: rx1 ay1 || T2@b: ry1 || T3@b: ax1",
        INVALID,
        {"G1c-process"},
    ),
]

CROSSED = "T1@a: wx1 wy2 | T2@b: wx2 wy1 || T3@a: rx2 | T4@b: ry2"
FOLLOWED = "T1: ry1 wx1 wy2 | T2: rx1 ry1"
INITIAL = {"initial": True}
LINEARIZABLE = {"linearizable_keys": True}
FOLLOW = {"writes_follow_reads": True}

REGISTERS = [
    ("serializable", {}, "T1: rx0 wy1 | T2: ry1 wx0", INVALID, {"G1c"}),
    ("read-atomic", {}, "T1: rx1 wx2 rx1", INVALID, {"internal"}),
    # Which write came first can be told from what every session reads at last.
    ("read-uncommitted", {}, CROSSED, VALID, set()),
    ("read-uncommitted", {"sequential_keys": True}, CROSSED, INVALID, {"G0"}),
    # Nobody wrote y = 1, so that it is what y was before all writes.
    ("serializable", {}, FOLLOWED, INVALID, {"G-single"}),
    ("serializable", FOLLOW, FOLLOWED, INVALID, {"G-single"}),
    ("serializable", INITIAL, "T1: rx ry wx1 | T2: rx ry wy1", INVALID, {"G2-item"}),
    ("read-committed", INITIAL, "T1: rx ry wx1 | T2: rx ry wy1", VALID, {"G2-item"}),
    (
        "repeatable-read",
        LINEARIZABLE,
        "T1: rx1 ry1 || T2: rx1 wy2 | T3: ry1 wx2",
        INVALID,
        {"G2-item"},
    ),
    # Two assumptions that contradict each other about one key, and a read from the future.
    (
        "strict-serializable",
        FOLLOW | LINEARIZABLE,
        "T1: rx4 wx3 || T2: wx4",
        INVALID,
        {"cyclic-versions", "G1c-realtime"},
    ),
    ("serializable", INITIAL | LINEARIZABLE, "T1@a: rx | T2@b: wx4 || T3@a: rx4", VALID, set()),
]


@pytest.mark.parametrize(("model", "text", "validity", "kinds"), LISTS)
def test_lists(model, text, validity, kinds):
    check(list_append(model), transactions(text), validity, kinds)


@pytest.mark.parametrize(("model", "options", "text", "validity", "kinds"), REGISTERS)
def test_registers(model, options, text, validity, kinds):
    check(rw_register(model, **options), transactions(text, registers=True), validity, kinds)


def check(checker, history, validity, kinds):
    verdict = checker.check(history)
    assert verdict.validity is validity, verdict.reason
    assert set(verdict.certificate["anomalies"]) == kinds
    if verdict.anomalies:
        verify(history, verdict)
