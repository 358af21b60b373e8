"""Questions to a recorded trace: which events there are, and who knew of them when.

*Knowing* is Lamport's happened-before: a node knows of an event if a chain of its own events and of
messages leads from that event to it.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.plan import InvalidPlan, parse_seconds
from splitbrain.harness.runs.recorded_trace import RunTrace
from splitbrain.harness.simulation.trace import brief


@dataclass(frozen=True, slots=True)
class Moment:
    """A node at an event of the trace (its number, from 0): ``n3@2210``, or ``n3@6.5s``."""

    node: str
    event: int


def moment_of(trace: RunTrace, text: str) -> Moment:
    """A node and an event, or a time; the node's last event up to then is meant.

    Raises:
        InvalidPlan: it is of another form, or the node did nothing up to then.
    """
    node, sign, when = text.partition("@")
    if not sign or not node:
        raise InvalidPlan(f"--knew {text!r}: give a node and an event or a time: n3@2210, n3@6.5s")
    at = 0
    if when.isdecimal():
        at = trace.position(int(when))
        time = trace.time(min(at, len(trace.events) - 1)) if trace.events else 0
    else:
        time = round(parse_seconds(when, "--knew") * 1e9)
    last = trace.last_event(node, time)
    if last is not None and when.isdecimal():
        own = trace.events_of(node)
        place = bisect_right(own, at) - 1
        last = own[place] if place >= 0 else None
    if last is None:
        hosts = ", ".join(trace.hosts[:20])
        raise InvalidPlan(f"--knew {text!r}: {node} did nothing up to then: there are {hosts}")
    return Moment(node, last)


def matching(trace: RunTrace, words: Sequence[str], known: Mapping[str, int] | None) -> list[int]:
    """Positions of the events that have all words, as words of theirs or within them.

    Args:
        trace: the trace.
        words: what is looked for; a number must be a whole one.
        known: of each host the last event that is known of; others are left out. None for all.
    """
    found = []
    for at, event in enumerate(trace.events):
        if known is not None and at > known.get(trace.host_of(at), -1):
            continue
        parts = [part for detail in event[1:] for part in _parts(detail)]
        if all(_has(parts, word) for word in words):
            found.append(at)
    return found


def _parts(detail: object) -> Iterable[str]:
    """The words of an event."""
    if isinstance(detail, Mapping):
        for name, value in detail.items():
            yield str(name)
            yield from _parts(value)
    elif isinstance(detail, list):
        for value in detail:
            yield from _parts(value)
    else:
        yield detail if isinstance(detail, str) else json.dumps(detail)


def _has(parts: Sequence[str], word: str) -> bool:
    if word.lstrip("-").replace(".", "", 1).isdecimal():
        return word in parts
    return any(word in part for part in parts)


def hears_of(trace: RunTrace, at: int, node: str) -> int | None:
    """Position of the first event of a node at which it knows of another event; None if never."""
    host, own = trace.host_of(at), trace.events_of(node)
    if host == node:
        return at
    later = own[bisect_left(own, at) :]
    place = bisect_left(later, True, key=lambda event: trace.past([event]).get(host, -1) >= at)
    return later[place] if place < len(later) else None


def told(trace: RunTrace, at: int) -> str:
    """An event as a line: its number, and what it is."""
    return f"{trace.number(at):>7}  {brief(tuple(trace.events[at]))}"
