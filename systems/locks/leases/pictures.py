"""Figures 8-4 and 8-5 of DDIA from a run: leases, tokens, pauses and clocks on one axis of time."""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.harness.pictures.forms import (
    Bar,
    Form,
    Lane,
    Lanes,
    Link,
    Point,
    Tone,
    tone_of,
)
from splitbrain.harness.pictures.hosts import CLOCK_UNIT, clock_curves, clock_points, paused
from splitbrain.harness.pictures.offsets import ends_by_its_clock
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import Message

_LEASES = 14

_ROOM = 100_000_000
"""How much is shown before and after an older token's deed, ns, and at least half of its time."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done at the storage, or not.

    Attributes:
        request: the message that asked for it.
        time: when it came.
        what: ``read`` or ``write``.
        token: the token that it came with.
        greatest: the greatest that had come before.
        refused: whether it was refused.
    """

    request: Message
    time: int
    what: str
    token: int
    greatest: int
    refused: bool

    @property
    def stale(self) -> bool:
        """Whether an older token was let through."""
        return self.token < self.greatest and not self.refused


def _drawn(seen: Seen) -> Form | None:
    service, storage = seen.plan.servers[:2]
    deeds = _deeds(seen, storage)
    granted = _granted(seen)
    start, end = _window(seen, granted, [deed for deed in deeds if deed.stale])
    granted = [(a, r) for a, r in granted if start <= seen.trace.time(r.sent) <= end][-_LEASES:]
    if not granted:
        return None
    start = min(seen.trace.time(reply.sent) for _, reply in granted)
    deeds = [deed for deed in deeds if start <= deed.time <= end]
    holders = sorted({reply.destination for _, reply in granted}, key=lambda c: int(c[1:]))
    given = tuple(_given(seen, reply) for _, reply in granted)
    lanes = [Lane(f"lock service {service}", given, clock_points(seen, service, start, end))]
    for client in holders:
        own = [(a, r) for a, r in granted if r.destination == client and r.received]
        bars = [bar for a, r in own for bar in _held(seen, a, r)]
        bars += paused(seen, client, start, end)
        lanes.append(Lane(_name(client), tuple(bars), clock_points(seen, client, start, end)))
    shown = (*map(_point, deeds), *clock_points(seen, storage, start, end))
    lanes.append(Lane(f"storage {storage}", tuple(paused(seen, storage, start, end)), shown))
    links = [
        Link(_name(d.request.source), seen.trace.time(d.request.sent), lanes[-1].name, d.time)
        for d in deeds
        if d.stale
    ]
    named = {service: service, storage: storage, **{host: _name(host) for host in holders}}
    curves = tuple(clock_curves(seen, named))
    return Lanes(tuple(lanes), tuple(links), curves, CLOCK_UNIT)


def _name(client: str) -> str:
    return f"client {int(client[1:]) - 1}"


def _window(
    seen: Seen, granted: list[tuple[Message, Message]], stale: list[Deed]
) -> tuple[int, int]:
    """From when until when it is worth looking: from the lease of an older token until its deed."""
    if not stale:
        return seen.start, seen.end
    deed = stale[-1]
    own = [seen.trace.time(r.sent) for _, r in granted if r.body[3] == deed.token]
    since = min(own, default=deed.time)
    room = max(_ROOM, (deed.time - since) // 2)
    return since - room, deed.time + room


def _granted(seen: Seen) -> list[tuple[Message, Message]]:
    """What was asked for and granted, by the end of what is worth looking at."""
    asked = {m.body[1]: m for m in _of(seen, "request") if m.body[2] == "acquire"}
    return [
        (asked[m.body[1]], m)
        for m in _of(seen, "reply")
        if m.body[2] == "granted" and m.body[1] in asked and seen.trace.time(m.sent) <= seen.end
    ]


def _of(seen: Seen, kind: str) -> list[Message]:
    return [m for m in seen.trace.messages.values() if len(m.body) > 2 and m.body[0] == kind]


def _given(seen: Seen, reply: Message) -> Bar:
    """A lease as the service counts: until it ends or is given back."""
    start, token = seen.trace.time(reply.sent), reply.body[3]
    back = _released(seen, reply, arrived=True)
    end = ends_by_its_clock(seen, reply.source, start, reply.body[4])
    return Bar(start, min(end, back or end), f"token {token}", tone_of(token), f"lease of {token}")


def _held(seen: Seen, asked: Message, reply: Message) -> list[Bar]:
    """A lease as its holder counts: from when it asked, until its own clock says that it is over or
    it gives it back; and what it still does under it after that."""
    start, token = seen.trace.time(reply.received[0]), reply.body[3]
    back = _released(seen, reply, arrived=False)
    ends = ends_by_its_clock(seen, asked.source, seen.trace.time(asked.sent), reply.body[4])
    tone, note = tone_of(token), f"acts under token {token}"
    bars = [Bar(start, max(start, min(ends, back or ends)), f"holds {token}", tone, note)]
    if back is not None and back > max(start, ends):
        late = f"{note}, though the lease has ended by its own clock, too"
        bars.append(Bar(max(start, ends), back, f"late: {token}", "doubt", late))
    return bars


def _released(seen: Seen, reply: Message, *, arrived: bool) -> int | None:
    """When a lease was given back: when that was sent, or when it arrived; None if never."""
    for message in _of(seen, "request"):
        if message.source == reply.destination and message.body[2:] == ["release", reply.body[3]]:
            if arrived:
                return seen.trace.time(message.received[0]) if message.received else None
            return seen.trace.time(message.sent)
    return None


def _deeds(seen: Seen, storage: str) -> list[Deed]:
    """What was asked of the storage and answered, in the order in which it came."""
    answers = {m.body[1]: m for m in _of(seen, "reply") if m.source == storage}
    found: list[Deed] = []
    greatest = 0
    for message in sorted(_of(seen, "request"), key=lambda m: m.received[0] if m.received else 0):
        answer = answers.get(message.body[1])
        asked = message.destination == storage and message.body[2] in ("read", "write")
        if asked and message.received and answer is not None:
            what, token = message.body[2:4]
            time, refused = seen.trace.time(message.received[0]), answer.body[2] == "fenced"
            if time > seen.end:
                break
            found.append(Deed(message, time, what, token, greatest, refused))
            greatest = max(greatest, token)
    return found


def _point(deed: Deed) -> Point:
    """A deed; red where a greater token was there before."""
    tone: Tone = "bad" if deed.stale else "faint" if deed.refused else "good"
    note = f"{deed.what} under token {deed.token}"
    if deed.refused:
        note += ": fenced"
    elif deed.stale:
        note += f", though {deed.greatest} was here"
    text = f"{deed.what} {deed.token}{' refused' if deed.refused else ''}"
    return Point(deed.time, text, tone, note)


LEASES = Picture(
    "leases",
    "Leases, fencing tokens and clocks",
    "Who holds the lock: as the service counts, and as each client believes by its own clock; "
    "what was done at the storage under which token. Red: an older token, let through; the line "
    "is its way there. Below, how far clocks were off.",
    _drawn,
)
