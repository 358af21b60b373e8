"""The disk's time line: what was written and synced, and where a crash came between."""

from __future__ import annotations

import json

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point, Tone
from splitbrain.harness.pictures.picture import Picture, Seen

BEFORE = 700_000_000
"""How long before a crash the line begins, ns."""

CRASHES = ("kill", "power-loss", "died")
_BARS = 40


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
        return f"power loss: {event[3]} writes lost, {event[4]} torn, {event[5]} names lost"
    return str(event[1])


def _line(seen: Seen) -> Form | None:
    crash = last_crash(seen)
    if crash is None:
        return None
    server, moment = seen.trace.events[crash][2], seen.trace.time(crash)
    later = range(crash, len(seen.trace.events))
    back = (at for at in later if seen.trace.events[at][1:3] == ["boot", server])
    first, last = moment - BEFORE, seen.trace.time(next(back, crash)) + BEFORE // 4
    syncs: list[Point] = []
    crashes: list[Point] = []
    for at, event in enumerate(seen.trace.events):
        time = seen.trace.time(at)
        if not first <= time <= last or len(event) < 3 or event[2] != server:
            continue
        if event[1] == "fsync":
            syncs.append(Point(time, str(event[3]), "good", f"{event[3]} is durable"))
        elif event[1] in (*CRASHES, "boot", "disk-rule", "not-opened", "failed"):
            told = crash_told(event) if event[1] in CRASHES else " ".join(map(str, event[3:]))
            tone: Tone = "bad" if event[1] in CRASHES else "plain"
            crashes.append(Point(time, f"{event[1]}", tone, told or event[1]))
    operations = [
        (at, call)
        for at, call in enumerate(seen.calls)
        if call.start <= last and (call.end or seen.end) >= first and call.f != "scan"
    ][-_BARS:]
    tones: dict[str, Tone] = {"ok": "good", "fail": "faint", "info": "doubt"}
    bars = [
        Bar(
            max(first, call.start),
            None if call.end is None else min(call.end, last),
            f"{call.f} {json.dumps(call.argument, default=repr)}",
            "bad" if at in seen.blamed else tones[call.outcome],
        )
        for at, call in operations
    ]
    return Lanes(
        (
            Lane("operations", tuple(bars)),
            Lane("synced", points=tuple(syncs)),
            Lane(str(server), points=tuple(crashes)),
        )
    )


DISK = Picture(
    "disk",
    "Round the last crash",
    "Operations, what was made durable, and the crash: what was acknowledged before it (green, or "
    "red where the verdict blames it) must be there after it.",
    _line,
)
