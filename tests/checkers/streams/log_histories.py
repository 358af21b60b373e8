"""Histories of partitioned logs, event by event."""

from __future__ import annotations

from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation


def history(*events):
    """Events ``(process, type, f, value)``, in this order."""
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def whole(*parts):
    return history(*(event for part in parts for event in part))


def did(process, f, asked, told, kind="ok"):
    return [(process, "invoke", f, asked), (process, kind, f, told if kind == "ok" else asked)]


def send(value, offset, process=0, kind="ok", key="x"):
    asked = [["send", key, value]]
    told = [["send", key, value if offset is None else [offset, value]]]
    return did(process, "send", asked, told, kind)


def poll(*records, process=1, key="x"):
    return did(process, "poll", [["poll"]], [["poll", {key: [list(r) for r in records]}]])


def assign(process=1, key="x"):
    return did(process, "assign", [key], [key])


def subscribe(process=1, key="x"):
    return did(process, "subscribe", [key], [key])


def drain(*records, key="x"):
    return did(9, "drain", [key], {key: [list(record) for record in records]})


def txn(process, *micros):
    """A transaction that succeeded, by what it became."""
    asked = [["poll"] if m[0] == "poll" else [*m[:2], m[2][1]] for m in micros]
    return did(process, "txn", asked, list(micros))


def circle(one, other, first=0):
    """Two transactions that overlap."""
    (a, b), (c, d) = txn(first, *one), txn(first + 1, *other)
    return [a, c, b, d]
