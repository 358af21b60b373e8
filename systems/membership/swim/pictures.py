"""Membership over time: what each member has of another, beside what was done to that one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from splitbrain.checkers.history import Operation
from splitbrain.checkers.invariants.memberships import MEMBER, STATUSES
from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Tone
from splitbrain.harness.pictures.hosts import (
    CLOCK_UNIT,
    clock_curves,
    clock_points,
    crashes,
    paused,
)
from splitbrain.harness.pictures.picture import Picture, Seen

_PAIRS = 16
_TONES: Mapping[str, Tone] = {"alive": "faint", "suspect": "doubt", "dead": "plain"}

Pair = tuple[str, str]
"""A member, and whose table it stands in."""


def _drawn(seen: Seen) -> Form | None:
    said = _said(seen)
    chosen = sorted(said, key=lambda pair: _interest(seen, said[pair]))[-_PAIRS:]
    chosen = [pair for pair in chosen if _interest(seen, said[pair]) > (False, 0)]
    lanes: list[Lane] = []
    start, end = seen.start, seen.end
    for member in sorted({member for member, _ in chosen}):
        done = [*crashes(seen, member), *clock_points(seen, member, start, end)]
        lanes.append(Lane(member, tuple(paused(seen, member, start, end)), tuple(done)))
        for _, other in sorted(pair for pair in chosen if pair[0] == member):
            bars = _bars(seen, said[member, other])
            lanes.append(Lane(f"{member} to {'itself' if other == member else other}", bars))
    curves = clock_curves(seen, {server: server for server in seen.plan.servers})
    return Lanes(tuple(lanes), curves=tuple(curves), unit=CLOCK_UNIT) if lanes else None


def _said(seen: Seen) -> Mapping[Pair, Sequence[Operation]]:
    """What members announced of each, in order."""
    found: dict[Pair, list[Operation]] = {}
    for event in seen.history.events(f=MEMBER):
        match event.value:
            case {"of": str(of), "status": str(status)} if status in STATUSES:
                found.setdefault((of, str(event.process)), []).append(event)
    return found


def _blamed(seen: Seen) -> frozenset[int]:
    return frozenset(seen.anomaly.operations if seen.anomaly else ())


def _interest(seen: Seen, events: Sequence[Operation]) -> tuple[bool, int]:
    """How much there is to see: whether the verdict names it, and when it was last thought to be
    anything but alive."""
    inside = [event for event in events if seen.between(event.time)]
    doubted = [event.time for event in inside if event.value["status"] != "alive"]
    return any(event.index in _blamed(seen) for event in events), max(doubted, default=0)


def _bars(seen: Seen, events: Sequence[Operation]) -> tuple[Bar, ...]:
    """A bar for each thing that was said, until the next; what the verdict names is told."""
    bars = []
    for event, after in pairwise([*events, None]):
        assert event is not None
        until = seen.end if after is None else min(after.time, seen.end)
        since = max(event.time, seen.start)
        if since > until:
            continue
        status, number = event.value["status"], event.value.get("incarnation")
        blamed = event.index in _blamed(seen)
        note = f"{event.process} takes {event.value['of']} for {status} ({number})"
        note += ": what the verdict names" if blamed else ""
        tone = "bad" if blamed else _TONES[status]
        bars.append(Bar(since, max(until, since + 1), f"{status} {number}", tone, note))
    return tuple(bars)


MEMBERS = Picture(
    "members",
    "Who is there, to whom",
    "Of members that were suspected or declared dead: what was done to them (pauses, crashes, "
    "clocks), and below, for each other member, what its table says of them, with the incarnation "
    "it has heard of; red is what the verdict names. Curves: how far clocks were off.",
    _drawn,
)
