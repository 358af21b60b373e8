"""What was done to a host, for the lane of its own in a picture: pauses, crashes, wrong clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from splitbrain.harness.pictures.forms import Bar, Point, Series, tone_of
from splitbrain.harness.pictures.offsets import clock_offsets
from splitbrain.harness.pictures.picture import Seen

_CRASHES = ("kill", "power-loss", "died")

CLOCK_UNIT = "clock minus true time, s"


def paused(seen: Seen, host: str, start: int, end: int) -> list[Bar]:
    """Times in which it stood still, of those between two."""
    bars, since = [], None
    for at, event in enumerate(seen.trace.events):
        if event[1:3] == ["pause", host]:
            since = seen.trace.time(at)
        elif event[1:3] == ["resume", host] and since is not None:
            until = seen.trace.time(at)
            if until >= start and since <= end:
                bars.append(Bar(since, until, "paused", "doubt", f"{host} stands still"))
            since = None
    return bars


def crashes(seen: Seen, host: str) -> list[Point]:
    """Where it crashed and started again, of what is worth looking at."""
    return [
        Point(seen.trace.time(at), event[1], "plain" if event[1] == "boot" else "bad")
        for at, event in enumerate(seen.trace.events)
        if event[1] in (*_CRASHES, "boot")
        and event[2] == host
        and seen.trace.time(at) > 0
        and seen.between(seen.trace.time(at))
    ]


def clock_points(seen: Seen, host: str, start: int, end: int) -> tuple[Point, ...]:
    """Where its clock was tampered with, of what is between two times."""
    found = []
    for at, event in enumerate(seen.trace.events):
        if event[1] in ("clock-jump", "clock-rate") and event[2] == host:
            text = f"clock {event[3]:+g} s" if event[1] == "clock-jump" else f"clock ×{event[3]:g}"
            found.append(Point(seen.trace.time(at), text, "d"))
    return tuple(point for point in found if start <= point.time <= end)


def clock_curves(seen: Seen, names: Mapping[str, str]) -> Sequence[Series]:
    """How far the clocks of some hosts were off, by the names that they are shown under; of those
    that ever were."""
    offsets = clock_offsets(seen)
    return [
        Series(name, offsets[host], "line", tone_of(number))
        for number, (host, name) in enumerate(names.items())
        if any(by for _, by in offsets.get(host, ()))
    ]
