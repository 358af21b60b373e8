"""The disk's time line: what was written and synced, and where a crash came between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point, Tone
from splitbrain.harness.pictures.picture import Picture, Seen

BEFORE = 700_000_000
"""How long before a crash the line begins, ns."""

CRASHES = ("kill", "power-loss", "died")
_BARS = 40
_WRITES = ("put", "delete", "batch")


def last_crash(seen: Seen) -> int | None:
    """Position in the trace of the last crash up to the failure; None if there was none."""
    servers = seen.plan.servers
    for at in range(len(seen.trace.events) - 1, -1, -1):
        event = seen.trace.events[at]
        if event[1] in CRASHES and event[2] in servers and seen.trace.time(at) <= seen.end:
            return at
    return None


def crash_told(event: list[object]) -> str:
    """A crash in a few words."""
    if event[1] == "power-loss" and len(event) > 5:
        names = f", {event[5]} names lost" if event[5] else ""
        return f"power loss: {event[3]} lost, {event[4]} torn{names}"
    return str(event[1])


def _crash_that_matters(seen: Seen) -> int | None:
    """The first crash after a write that the verdict names; else the last after which a server
    could not open what it found; else the last of all."""
    named = (seen.calls[at] for at in seen.blamed)
    written = [call.end for call in named if call.f in _WRITES and call.end is not None]
    refused = {event[2] for event in seen.trace.events if event[1] == "not-opened"}
    crash: int | None = None
    for at, event in enumerate(seen.trace.events):
        if event[1] in CRASHES and event[2] in seen.plan.servers:
            if written and seen.trace.time(at) > max(written):
                return at
            crash = at if event[2] in refused else crash
        elif event[1] == "not-opened" and crash is not None and not written:
            return crash
    return last_crash(seen)


def _line(seen: Seen) -> Form | None:
    crash = _crash_that_matters(seen)
    if crash is None:
        return None
    server, moment = str(seen.trace.events[crash][2]), seen.trace.time(crash)
    later = range(crash, len(seen.trace.events))
    back = (at for at in later if seen.trace.events[at][1:3] == ["boot", server])
    first, last = moment - BEFORE, seen.trace.time(next(back, crash)) + BEFORE // 4
    syncs, happened = _done(seen, server, first, last)
    return Lanes(
        (
            Lane("operations", tuple(_operations(seen, first, last))),
            Lane("synced", points=tuple(syncs)),
            Lane(server, points=tuple(happened)),
        )
    )


def _done(seen: Seen, server: str, first: int, last: int) -> tuple[list[Point], list[Point]]:
    """What was made durable; crashes and starts, and of starts that failed alike the first."""
    syncs: list[Point] = []
    happened: list[Point] = []
    said: set[str] = set()
    for at, event in enumerate(seen.trace.events):
        time = seen.trace.time(at)
        if not first <= time <= last or len(event) < 3 or event[2] != server:
            continue
        words = " ".join(map(str, event[3:]))
        if event[1] == "fsync":
            syncs.append(Point(time, str(event[3]), "good", f"{event[3]} is durable"))
        elif event[1] in CRASHES:
            happened.append(Point(time, crash_told(event), "bad", crash_told(event)))
        elif event[1] in ("not-opened", "failed"):
            if words not in said:
                text = words.partition(": ")[2].partition(",")[0]
                happened.append(Point(time, text, "doubt", f"{event[1]}: {words}"))
            said.add(words)
        elif event[1] in ("boot", "disk-rule"):
            happened.append(Point(time, event[1], "plain", words or event[1]))
    return syncs, happened


def _operations(seen: Seen, first: int, last: int) -> Iterator[Bar]:
    """Operations of a stretch of time; those that began long before and were never answered say
    nothing of it, unless the verdict names them."""
    near = [
        (at, call)
        for at, call in enumerate(seen.calls)
        if call.start <= last and (call.end or seen.end) >= first and call.f != "scan"
        if call.start >= first or call.outcome == "ok" or at in seen.blamed
    ]
    tones: dict[str, Tone] = {"ok": "good", "fail": "faint", "info": "doubt"}
    for at, call in near[-_BARS:]:
        yield Bar(
            max(first, call.start),
            None if call.end is None else min(call.end, last),
            f"{call.f} {_brief(call.argument)}",
            "bad" if at in seen.blamed else tones[call.outcome],
            f"{call.f} {json.dumps(call.argument, default=repr)}",
        )


def _brief(argument: Any) -> str:
    """An operation's argument without the filler that makes values long."""
    match argument:
        case [[*_], *_]:
            return ", ".join(_brief(each) for each in argument)
        case [key, None]:
            return str(key)
        case [key, value]:
            return f"{key} = {_number(value)}"
    return _number(argument)


def _number(value: Any) -> str:
    if isinstance(value, str):
        return value.partition(".")[0]
    return json.dumps(value, default=repr)


DISK = Picture(
    "disk",
    "Round the crash",
    "Operations, what was made durable, and the crash: what was acknowledged before it (green, or "
    "red where the verdict blames it) must be there after it. Of long values the number is shown.",
    _line,
)
