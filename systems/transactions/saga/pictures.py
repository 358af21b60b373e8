"""A saga over time: what the orchestrator asks for, and what each service does for an order."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Link, Point, Tone, tone_of
from splitbrain.harness.pictures.hosts import crashes, paused
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import Message

_KINDS = ("do", "undo", "did", "refused", "undone")
_ORDERS = 4
_TONES: dict[str, Tone] = {"did": "good", "undone": "faint", "refused": "doubt"}


def _drawn(seen: Seen) -> Form | None:
    orders = _orders(seen)
    said = [m for m in _said(seen) if m.body[1] in orders]
    if not said:
        return None
    end = max(*(seen.trace.time(m.last) for m in said), seen.end)
    first, *services = seen.plan.servers
    bars = [bar for order in orders for bar in _asked(seen, first, order, said)]
    lanes = [Lane(first, tuple(bars), tuple(crashes(seen, first)))]
    for service in services:
        done = [p for order in orders for p in _done(seen, service, order, said)]
        points = (*done, *crashes(seen, service))
        lanes.append(Lane(service, tuple(paused(seen, service, seen.start, end)), points))
    return Lanes(tuple(lanes), tuple(_link(seen, m) for m in said))


def _said(seen: Seen) -> list[Message]:
    """What orchestrator and services told each other, by the time of the failure."""
    return [
        m
        for m in seen.trace.messages.values()
        if len(m.body) > 1 and m.body[0] in _KINDS and seen.trace.time(m.sent) <= seen.end
    ]


def _orders(seen: Seen) -> Sequence[int]:
    """The orders that the verdict names: numbers in its words, or of the operations it blames;
    without any, the latest."""
    spoken = list(dict.fromkeys(m.body[1] for m in _said(seen)))
    words = (seen.anomaly.message if seen.anomaly else "").lower().replace(",", " ").split()
    named = [int(after) for word, after in pairwise(words) if _is(word, after)]
    for at in seen.blamed:
        argument = seen.calls[at].argument
        named += [argument[0]] if isinstance(argument, list) and argument else []
    return [order for order in spoken if order in named] or spoken[-_ORDERS:]


def _is(word: str, after: str) -> bool:
    return word == "order" and after.isdecimal()


def _asked(seen: Seen, first: str, order: int, said: Iterable[Message]) -> list[Bar]:
    """From when until when the orchestrator asked for an order to be done, and to be undone."""
    bars: list[Bar] = []
    for what, tone, told in (("do", tone_of(order), "doing"), ("undo", "doubt", "undoing")):
        own = [m for m in said if m.source == first and list(m.body[:2]) == [what, order]]
        if own:
            times = [seen.trace.time(m.sent) for m in own]
            heard = [
                seen.trace.time(at)
                for m in said
                if m.destination == first and m.body[1] == order
                if (m.body[0] == "undone") == (what == "undo")
                for at in m.received
            ]
            last = max([*times, *heard])
            if bars:  # who undoes does no more
                bars[0] = replace(bars[0], end=min(bars[0].end or last, min(times)))
            note = f"order {order}: asks the services to {what} it, until they have answered"
            bars.append(Bar(min(times), max(last, min(times) + 1), f"{order} {told}", tone, note))
    return bars


def _done(seen: Seen, service: str, order: int, said: Iterable[Message]) -> list[Point]:
    """What a service first answered, in each of its lives, to each thing that it was asked."""
    boots = [point.time for point in crashes(seen, service) if point.text == "boot"]
    points, known = [], set()
    for message in said:
        what = str(message.body[0])
        answer = what, bisect(boots, seen.trace.time(message.sent))
        if message.source == service and message.body[1] == order and answer not in known:
            known.add(answer)
            note = f"{service} tells that it {what} order {order}"
            point = Point(seen.trace.time(message.sent), f"{order} {what}", _TONES[what], note)
            points.append(point)
    return points


def _link(seen: Seen, message: Message) -> Link:
    end = message.received[0] if message.received else message.dropped
    at = seen.trace.time(message.sent if end is None else end)
    text = " ".join(map(str, message.body[:2]))
    text += f" lost: {message.reason}" if message.lost else ""
    return Link(
        message.source, seen.trace.time(message.sent), message.destination, at, text, message.lost
    )


ORDERS = Picture(
    "orders",
    "Orders",
    "The orders that the verdict names: while the orchestrator has them done, and undone; what "
    "each service told (did, refused, undone) and when; the messages between them, a lost one ends "
    "in a cross.",
    _drawn,
)
