"""Searches agree with the items: examples, a twin that tries all orders of writes, mutants."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.collections.indexes import ENTRY, index_agreement
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.verdict import Anomaly


def history(*parts):
    events = (event for part in parts for event in part)
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def put(number, color="red", key="x", kind="ok"):
    value, process = [key, [color, number]], number + 10
    return [(process, "invoke", "put", value), (process, kind, "put", value)]


def delete(key="x", kind="ok"):
    return [(2, "invoke", "delete", [key, None]), (2, kind, "delete", [key, None])]


def find(*found, color="red"):
    return [
        (3, "invoke", "find", [color, None]),
        (3, "ok", "find", [color, list(map(list, found))]),
    ]


def scan(*found):
    return [(3, "invoke", "scan", None), (3, "ok", "scan", list(map(list, found)))]


X1, X2 = ("x", 1), ("x", 2)
SCANNED = ("x", "red", 1)
FOUND_Y = [put(9, key="y"), find(("y", 9))]
"""So that something is found."""


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([put(1), find(X1)], VALID, []),
        ([put(1), scan(SCANNED)], VALID, []),
        ([put(1), find()], INVALID, ["missing"]),
        ([put(1), scan()], INVALID, ["missing"]),
        ([put(1), find(X1, X1)], INVALID, ["duplicated"]),
        ([put(1), find(color="blue"), find(X1)], VALID, []),
        ([find(X1), put(1)], INVALID, ["unexpected"]),
        ([put(1), find(("x", 7))], INVALID, ["unexpected"]),
        ([put(1), find(X1, color="blue")], INVALID, ["unexpected"]),
        ([put(1, kind="fail"), find(X1)], INVALID, ["unexpected"]),
        # What was replaced is gone, and what replaced it is there.
        ([put(1), put(2), find(X2)], VALID, []),
        ([put(1), put(2), find(X1)], INVALID, ["stale"]),
        ([put(1), put(2, "blue"), find(X1)], INVALID, ["stale"]),
        ([put(1), put(2, "blue"), find(), *FOUND_Y], VALID, []),
        ([put(1), delete(), find(), *FOUND_Y], VALID, []),
        ([put(1), delete(), find(X1)], INVALID, ["stale"]),
        # In doubt it may be there from then on, or never.
        ([put(1, kind="info"), find(X1)], VALID, []),
        ([put(1, kind="info"), find(), *FOUND_Y], VALID, []),
        ([put(1), delete(kind="info"), find(X1), find(), *FOUND_Y], VALID, []),
        ([put(1), put(2, kind="info"), find()], INVALID, ["missing"]),
        ([put(1), put(2, "blue", kind="info"), find(), *FOUND_Y], VALID, []),
        # A write within the search may be seen or not, and so may what it replaced.
        ([find(X1)[:1], put(1), find(X1)[1:]], VALID, []),
        ([put(1), find()[:1], put(2, "blue"), find(X1)[1:]], VALID, []),
        ([put(1), find()[:1], put(2, "blue"), find()[1:], *FOUND_Y], VALID, []),
        ([put(1), find()[:1], put(2), find()[1:]], INVALID, ["missing"]),
        # What exercises nothing.
        ([put(1)], UNKNOWN, []),
        ([find()], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_index_agreement(parts, validity, kinds):
    verdict = index_agreement().check(history(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


@pytest.mark.parametrize(
    "event",
    [
        (1, "invoke", "put", ["x", 3]),
        (1, "invoke", "read", None),
        (1, "invoke", "find", "red"),
        (1, "invoke", "delete", "x"),
    ],
)
def test_what_is_of_another_form_is_refused(event):
    with pytest.raises(ModelError, match="is no put, delete, find or scan"):
        index_agreement().check(history([event]))


def test_what_is_no_item_is_refused():
    with pytest.raises(ModelError, match="which is no item"):
        index_agreement().check(history(find(("x",))))


def test_operations_on_ranges_are_passed_over():
    moved = [(4, "invoke", "move-range", ["x", 3]), (4, "ok", "move-range", ["x", "n1"])]

    assert index_agreement().check(history(put(1), moved, find(X1))).validity is VALID


# A twin


def drawn(draw: Random) -> list[Operation]:
    """One key, a few writes that overlap, searches that see something, right or wrong."""
    events, pending, written = [], [], []
    for process in range(draw.randrange(2, 8)):
        what = draw.choice(("put", "put", "delete", "find", "scan"))
        color = draw.choice(("red", "blue"))
        seen = draw.choice([*written, None]) if written else None
        match what:
            case "put":
                argument = result = ["x", [color, process]]
                written.append((color, process))
            case "delete":
                argument = result = ["x", None]
            case "find":
                argument = [color, None]
                result = [color, [["x", seen[1]]] if seen and seen[0] == color else []]
            case _:
                argument, result = None, [["x", *seen]] if seen else []
        kind = draw.choice(("ok", "ok", "ok", "info")) if what in ("put", "delete") else "ok"
        events.append((process, "invoke", what, argument))
        pending.append((process, kind, what, result if kind == "ok" else argument))
        while pending and draw.random() < 0.8:
            events.append(pending.pop(draw.randrange(len(pending))))
    events += pending
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def possible(call, writes):
    """The twin: whether some order of the writes that real time allows shows this in the search.

    A moment within the search is after all writes that ended before it, and before all that began
    after it.
    """
    for count in range(len(writes) + 1):
        for order in permutations(writes, count):
            done = set(map(id, order))
            ended = [w for w in writes if w.completed is not None and w.completed < call.invoked]
            if not all(id(w) in done for w in ended):
                continue
            if any(w.invoked > call.completed for w in order):
                continue
            early = any(
                b.completed is not None and b.completed < a.invoked
                for i, a in enumerate(order)
                for b in order[i + 1 :]
            )
            skipped = any(
                w.completed is not None and w.completed < a.invoked
                for a in order
                for w in writes
                if id(w) not in done
            )
            if early or skipped:
                continue
            last = order[-1] if order else None
            item = last.argument[1] if last is not None and last.f == "put" else None
            if call.f == "scan":
                shown = [["x", *item]] if item else []
            else:
                color = call.argument[0]
                shown = [color, [["x", item[1]]] if item and item[0] == color else []]
            if shown == call.result:
                return True
    return False


def check_again(given, verdict):
    """Other code confirms the verdict, and refutes another one."""
    if verdict.validity is UNKNOWN:
        return
    ENTRY.verified(given, verdict)
    if verdict.validity is INVALID:
        wrong = [replace(verdict, validity=VALID, anomalies=())]
        kinds = {anomaly.kind for anomaly in verdict.anomalies}
        absent = {"missing", "stale", "unexpected", "duplicated"} - kinds
        other = replace(verdict.anomalies[0], kind=min(absent))
        wrong.append(replace(verdict, anomalies=(other,)))
    else:
        wrong = [replace(verdict, validity=INVALID, anomalies=(Anomaly("stale", "so", (0,)),))]
    for each in wrong:
        with pytest.raises(CertificateError):
            ENTRY.verified(given, each)


@pytest.mark.parametrize("chunk", range(8))
def test_the_checker_says_what_its_twin_says(chunk):
    seen = Counter()
    for seed in range(250):
        events = drawn(Random(f"{chunk}/{seed}"))
        given = History.from_operations(events)
        calls = given.calls()
        writes = [c for c in calls if c.f in ("put", "delete")]
        wrong = {
            c.invoke_index for c in calls if c.f in ("find", "scan") and not possible(c, writes)
        }
        verdict = index_agreement().check(given)
        told = {index for a in verdict.anomalies for index in a.operations} & {
            c.invoke_index for c in calls if c.f in ("find", "scan")
        }
        assert told == wrong, events
        check_again(given, verdict)
        seen["wrong" if wrong else "right"] += 1

    assert min(seen["wrong"], seen["right"]) >= 30
