"""Verdicts on results of streams checked again: each window by looking at all clicks, one by one.

The definitions are those of `splitbrain.checkers.streams.results`, restated: no window, session or
version is made as the detector makes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import Certified, compare
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.verdict import Verdict

STEPS = 20_000_000
"""Pairs of a window and a click that are looked at, at most."""

_PARTS = {
    "window-complete": {"wrong-window", "repeated-window", "early-window", "overdue-window"},
    "watermark-monotonic": {"watermark-regressed"},
    "late-policy": {"unjustified-late"},
    "checkpoint-consistent": {"wrong-window", "repeated-window", "lost-join"},
}
"""What checkers ask for that ask for a part."""

_FIXED = {"tumbling": (1000, 1000), "sliding": (2000, 1000)}
_QUIET_MS = 500

Row = list[Any]


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each read. Quadratic in the events of a read.

    Raises:
        CertificateError: a finding is not there, or one is there that the verdict doesn't have.
    """
    calls = history.calls()
    sent = [call for call in calls if call.f in ("click", "tier")]
    reads = [call for call in calls if call.f == "results" and call.outcome == OK]
    if sum(len(read.result["events"]) ** 2 for read in reads) > STEPS:
        return Certified("nothing", complete=False, unchecked="so large a history")
    asked = _PARTS.get(verdict.checker)
    found: dict[int, set[str]] = {}
    for read in reads:
        kinds = {*of_input(read, read.result["events"], sent), *_of_results(read.result)}
        found[read.complete_index or 0] = kinds & asked if asked is not None else kinds
    return compare(verdict, found, f"all of {len(reads)} reads was counted again")


def of_input(read: Call, events: list[Row], sent: list[Call]) -> Iterator[str]:
    """What is wrong with the input that a read tells of, given all calls that put events there."""
    for _, kind, identity, user, _, value in events:
        mine = [call for call in sent if call.argument[0] == identity]
        is_so = [c.f == kind and c.argument == [identity, user, value] for c in mine]
        begun = [c.invoked <= (read.completed or 0) and c.outcome != FAIL for c in mine]
        if not mine or not all(is_so) or not all(begun):
            yield "unsent-event"
    ids = [event[2] for event in events]
    if len(set(ids)) < len(ids):
        yield "unsent-event"
    for call in sent:
        is_due = call.outcome == OK and (call.completed or 0) < read.invoked
        if is_due and call.argument[0] not in ids:
            yield "lost-event"


def _of_results(given: Mapping[str, Any]) -> Iterator[str]:
    accepted = [event for event in given["events"] if event[2] not in given["late"]]
    clicks = [event for event in accepted if event[1] == "click"]
    yield from _of_windows(given, clicks)
    yield from _of_order(given)
    yield from _of_joins(given, accepted, clicks)
    if given.get("partitions"):
        yield from _of_time(given)


def _of_time(given: Mapping[str, Any]) -> Iterator[str]:
    """What is still to be done, though each partition has an event that is late enough."""
    for what, times in (
        ("overdue-window", [row[3] for row in given["open"]]),
        ("overdue-join", [e[4] + 1 for e in given["events"] if e[2] in given["waiting"]]),
    ):
        for time in times:
            far = {event[0] for event in given["events"] if event[4] - given["bound"] >= time}
            if len(far) >= given["partitions"]:
                yield what


def _of_windows(given: Mapping[str, Any], clicks: list[Row]) -> Iterator[str]:
    rows = [row[1:7] for row in given["closed"]] + [list(row) for row in given["open"]]
    names = [tuple(row[:4]) for row in rows]
    if len(set(names)) < len(names):
        yield "repeated-window"
    told = {name: row[4:] for name, row in zip(names, rows, strict=True)}
    due: set[tuple[Any, ...]] = set()
    for click in clicks:
        due |= set(_around(click, clicks))
    for name in due | set(told):
        inside = [click[5] for click in clicks if name in due and _is_in(click, name)]
        if list(told.get(name, [0, 0])) != [len(inside), sum(inside)]:
            yield "wrong-window"


def _is_in(click: Row, window: tuple[Any, ...]) -> bool:
    _, user, start, end = window
    return bool(click[3] == user and start <= click[4] < end)


def _around(click: Row, clicks: list[Row]) -> Iterator[tuple[Any, ...]]:
    """The windows that a click is in."""
    _, _, _, user, time, _ = click
    for kind, (length, apart) in _FIXED.items():
        last = time // apart
        for number in range(last, last - length // apart, -1):
            yield kind, user, number * apart, number * apart + length
    times = [other[4] for other in clicks if other[3] == user]
    first = last = time
    while earlier := [t for t in times if first - _QUIET_MS < t < first]:
        first = min(earlier)
    while later := [t for t in times if last < t < last + _QUIET_MS]:
        last = max(later)
    yield "session", user, first, last + _QUIET_MS


def _of_order(given: Mapping[str, Any]) -> Iterator[str]:
    for at, row in enumerate(given["closed"]):
        if row[7] < row[4]:
            yield "early-window"
        before = [other[7] for other in given["closed"][:at] if other[0] == row[0]]
        if before and before[-1] > row[7]:
            yield "watermark-regressed"
    for at, (place, _, identity, _, time, _) in enumerate(given["events"]):
        if identity in given["late"]:
            passed = [other[4] for other in given["events"][:at] if other[0] == place]
            if not any(other - given["bound"] > time for other in passed):
                yield "unjustified-late"


def _of_joins(given: Mapping[str, Any], accepted: list[Row], clicks: list[Row]) -> Iterator[str]:
    joined = [identity for identity, _ in given["joined"]]
    there = [click[2] for click in clicks]
    for identity in {*joined, *given["waiting"], *there}:
        count = joined.count(identity) + given["waiting"].count(identity)
        if count != (identity in there):
            yield "lost-join"
    for identity, tier in given["joined"]:
        for click in clicks:
            if click[2] == identity and tier != told_by("tier", click, accepted):
                yield "wrong-join"


def told_by(table: str, of: Row, accepted: list[Row]) -> Any:
    """What a table said of an event's user when that came."""
    versions = [
        (time, identity, value)
        for _, kind, identity, user, time, value in accepted
        if (kind, user) == (table, of[3]) and (time, identity) <= (of[4], of[2])
    ]
    return max(versions, key=lambda version: version[:2])[2] if versions else None
