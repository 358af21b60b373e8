"""A picture of circuit breakers: their states over time."""

from __future__ import annotations

from collections.abc import Mapping

from splitbrain.checkers.calls.announced import STARTED
from splitbrain.checkers.calls.breakers import BREAKER, CLOSED, HALF_OPEN, OPEN, PROBE, REJECTED
from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point, Tone
from splitbrain.harness.pictures.picture import Picture, Seen

_TONES: Mapping[str, Tone] = {CLOSED: "good", OPEN: "bad", HALF_OPEN: "doubt"}


def _breakers(seen: Seen) -> Form | None:
    """The state of each breaker over time, and the calls that it kept from being made."""
    found: dict[str, list[tuple[int, str, str]]] = {}
    for event in seen.history:
        if isinstance(event.process, str) and event.f in (STARTED, BREAKER, PROBE, REJECTED):
            state = event.value.get("state", CLOSED) if isinstance(event.value, Mapping) else CLOSED
            found.setdefault(event.process, []).append((event.time, event.f, str(state)))
    if not any(f == BREAKER for events in found.values() for _, f, _ in events):
        return None
    return Lanes(tuple(_lane(node, found[node], seen.end) for node in sorted(found)))


def _lane(node: str, events: list[tuple[int, str, str]], end: int) -> Lane:
    changes = [(t, state) for t, f, state in events if f in (STARTED, BREAKER) and t <= end]
    ends = [*(time for time, _ in changes[1:]), end]
    bars = tuple(
        Bar(time, until, state, _TONES.get(state, "plain"))
        for (time, state), until in zip(changes, ends, strict=True)
    )
    points = tuple(
        Point(time, f, "doubt" if f == PROBE else "faint")
        for time, f, _ in events
        if f in (PROBE, REJECTED) and time <= end
    )
    return Lane(node, bars, points)


BREAKERS = Picture(
    "breakers",
    "Circuit breakers",
    "The state of each gateway's breaker; a point is a probe, or a call that was not let through.",
    _breakers,
)
