"""A store's log over time, and how far each view has read it.

The database shows ``("wrote", host, position)`` for each write, and ``("log", host, number)`` when
it writes its log anew; a view ``("begins", host)`` when it has nothing, ``("copied", host, of,
next)`` when it has a snapshot of a position and where it reads on, and ``("applied", host, from,
upto, changes)``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point, Series, Tone, tone_of
from splitbrain.harness.pictures.hosts import crashes, paused
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.systems.storage.log_tail import LOG


@dataclass(frozen=True, slots=True)
class Step:
    """How a view came from one position to another.

    Attributes:
        time: when, ns.
        start: from where; of a snapshot, what it is of.
        upto: where it is now.
        changes: how many records it applied meanwhile.
        copied: whether it has all before `start` from a snapshot, and not from before.
    """

    time: int
    start: int
    upto: int
    changes: int
    copied: bool


@dataclass(slots=True)
class _Read:
    """What the trace tells, in its order: times in ns."""

    written: list[tuple[int, int]] = field(default_factory=list)
    logs: list[tuple[int, int, str]] = field(default_factory=list)
    steps: dict[str, list[Step]] = field(default_factory=dict)
    begun: dict[str, list[int]] = field(default_factory=dict)


def _read(seen: Seen) -> _Read:
    found = _Read()
    for at, event in enumerate(seen.trace.events):
        time = seen.trace.time(at)
        if time > seen.end:
            break
        match event:
            case [_, "wrote", _, int(position)]:
                found.written.append((time, position))
            case [_, "log", str(host), int(number)]:
                found.logs.append((time, number, host))
            case [_, "begins", str(view)]:
                found.begun.setdefault(view, []).append(time)
            case [_, "copied", str(view), int(position), int(upto)]:
                found.steps.setdefault(view, []).append(Step(time, position, upto, 0, True))
            case [_, "applied", str(view), int(start), int(upto), int(changes)]:
                step = Step(time, start, upto, changes, False)
                found.steps.setdefault(view, []).append(step)
    return found


def _drawn(seen: Seen) -> Form | None:
    found = _read(seen)
    if not found.logs or not found.begun:
        return None
    places = sorted(position for _, position in found.written)
    lanes = [_database(seen, found)]
    curves = [Series("written", tuple((t, _writes(places, p)) for t, p in found.written), "steps")]
    for number, view in enumerate(sorted(found.begun), 1):
        steps = found.steps.get(view, [])
        lanes.append(_view(seen, view, found.begun[view], steps, places))
        points = [(time, 0.0) for time in found.begun[view]]
        points += [(step.time, _writes(places, step.upto)) for step in steps]
        points.sort(key=lambda point: point[0])
        curves.append(Series(f"read by {view}", tuple(points), "steps", tone_of(number)))
    return Lanes(tuple(lanes), (), tuple(curves), "writes, in the order of the log")


def _writes(places: Sequence[int], position: int) -> float:
    """How many writes there are up to a position: the same over all logs."""
    return float(bisect_right(places, position))


def _database(seen: Seen, found: _Read) -> Lane:
    """The logs that there were, one after the other."""
    host = found.logs[0][2]
    ends = [time for time, _, _ in found.logs[1:]] + [seen.end]
    bars = [
        Bar(max(time, seen.start), end, f"log {number}", tone_of(number), f"{host}: log {number}")
        for (time, number, _), end in zip(found.logs, ends, strict=True)
        if max(time, seen.start) < end
    ]
    bars += paused(seen, host, seen.start, seen.end)
    return Lane(f"{host}, the store", tuple(bars), tuple(crashes(seen, host)))


def _view(
    seen: Seen, view: str, begun: Sequence[int], steps: Sequence[Step], places: Sequence[int]
) -> Lane:
    """A view: when it copied, when it followed, and what it passed over."""
    bars = paused(seen, view, seen.start, seen.end)
    for time, end in zip(begun, [*begun[1:], seen.end], strict=True):
        copied = next((s.time for s in steps if s.copied and time <= s.time < end), end)
        parts: tuple[tuple[int, int, str, Tone], ...] = (
            (time, copied, "copies", "doubt"),
            (copied, end, "follows", "faint"),
        )
        bars += [
            Bar(max(start, seen.start), until, text, tone, f"{view} {text}")
            for start, until, text, tone in parts
            if max(start, seen.start) < until
        ]
    shown = (step for step in steps if seen.between(step.time))
    missed = [point for step in shown for point in _missed(view, step, places)]
    return Lane(view, tuple(bars), (*crashes(seen, view), *missed))


def _missed(view: str, step: Step, places: Sequence[int]) -> list[Point]:
    """Writes between two positions of a view that it did not apply."""
    between = int(_writes(places, step.upto) - _writes(places, step.start))
    missing = between - step.changes
    if missing <= 0:
        return []
    text = f"passes over {missing}"
    note = (
        f"{view} goes on from {_place(step.start)} to {_place(step.upto)}, and has applied "
        f"{step.changes} of the {between} writes between"
    )
    return [Point(step.time, text, "bad", note)]


def _place(position: int) -> str:
    return f"log {position // LOG}, {position % LOG}"


FOLLOWED = Picture(
    "followed",
    "The store's log, and how far each view is",
    "A bar of the store is a log, until it is written anew; a view copies, then follows. Red is "
    "where a view goes on behind writes that it has not applied. The curves count the writes up to "
    "where each is: a view that begins anew falls to nothing.",
    _drawn,
)
