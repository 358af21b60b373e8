"""A picture of circuit breakers: their states over time."""

from __future__ import annotations

from collections.abc import Mapping

from splitbrain.checkers.calls.announced import STARTED
from splitbrain.checkers.calls.breakers import BREAKER, CLOSED, HALF_OPEN, OPEN, PROBE, REJECTED
from splitbrain.checkers.history import Operation
from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point, Tone
from splitbrain.harness.pictures.picture import Picture, Seen

_TONES: Mapping[str, Tone] = {CLOSED: "good", OPEN: "bad", HALF_OPEN: "doubt"}


def _breakers(seen: Seen) -> Form | None:
    """The state of each breaker over time, and the calls that it kept from being made."""
    told = [e for e in seen.history if e.f in (STARTED, BREAKER, PROBE, REJECTED)]
    mine = sorted({(str(e.process), str(e.value["endpoint"])) for e in told if e.f != STARTED})
    if not any(event.f == BREAKER for event in told):
        return None
    lanes = [
        _lane(f"{node} for {endpoint}", _of(told, node, endpoint), seen.end)
        for node, endpoint in mine
    ]
    return Lanes(tuple(lanes))


def _of(told: list[Operation], node: str, endpoint: str) -> list[tuple[int, str, str]]:
    """When, what, and the state that it leads to: a life begins with a closed breaker."""
    return [
        (event.time, event.f, str(event.value.get("state", CLOSED)))
        for event in told
        if event.process == node and (event.f == STARTED or event.value["endpoint"] == endpoint)
    ]


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
    "The state of each gateway's breaker of each endpoint; a point is a probe, or a call that was "
    "not let through.",
    _breakers,
)
