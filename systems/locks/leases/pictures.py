"""Figures 8-4 and 8-5 of DDIA from a run: leases, tokens, pauses and clocks on one axis of time."""

from __future__ import annotations

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point, Tone, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import Message

_LEASES = 14


def _drawn(seen: Seen) -> Form | None:
    granted = _granted(seen)[-_LEASES:]
    if not granted:
        return None
    service, storage = seen.plan.servers[:2]
    first = min(reply.sent for _, reply in granted)
    holders = sorted({reply.destination for _, reply in granted}, key=lambda c: int(c[1:]))
    lanes = [Lane(f"lock service {service}", tuple(_given(seen, r) for _, r in granted))]
    for client in holders:
        bars = [_held(seen, a, r) for a, r in granted if r.destination == client and r.received]
        lanes.append(
            Lane(
                f"client {int(client[1:]) - 1}",
                (*bars, *_paused(seen, client, first)),
                tuple(_clocks(seen, client, first)),
            )
        )
    lanes.append(
        Lane(
            f"storage {storage}",
            _paused(seen, storage, first),
            (*_shown(seen, storage, first), *_clocks(seen, storage, first)),
        )
    )
    return Lanes(tuple(lanes))


def _granted(seen: Seen) -> list[tuple[Message, Message]]:
    """What was asked for and granted, by the end of what is worth looking at."""
    asked = {m.body[1]: m for m in _of(seen, "request") if m.body[2] == "acquire"}
    return [
        (asked[m.body[1]], m)
        for m in _of(seen, "reply")
        if m.body[2] == "granted" and m.body[1] in asked and seen.between(seen.trace.time(m.sent))
    ]


def _of(seen: Seen, kind: str) -> list[Message]:
    return [m for m in seen.trace.messages.values() if len(m.body) > 2 and m.body[0] == kind]


def _given(seen: Seen, reply: Message) -> Bar:
    """A lease as the service counts: until it ends or is given back."""
    start, token = seen.trace.time(reply.sent), reply.body[3]
    back = _released(seen, reply, arrived=True)
    end = start + round(reply.body[4] * 1e9)
    return Bar(start, min(end, back or end), f"token {token}", tone_of(token), f"lease of {token}")


def _held(seen: Seen, asked: Message, reply: Message) -> Bar:
    """A lease as its holder counts: from when it asked, until its own clock says that it is over or
    it gives it back."""
    start, token = seen.trace.time(reply.received[0]), reply.body[3]
    back = _released(seen, reply, arrived=False)
    end = back or max(start, seen.trace.time(asked.sent) + round(reply.body[4] * 1e9))
    return Bar(start, end, f"holds {token}", tone_of(token), f"acts under token {token}")


def _released(seen: Seen, reply: Message, *, arrived: bool) -> int | None:
    """When a lease was given back: when that was sent, or when it arrived; None if never."""
    for message in _of(seen, "request"):
        if message.source == reply.destination and message.body[2:] == ["release", reply.body[3]]:
            if arrived:
                return seen.trace.time(message.received[0]) if message.received else None
            return seen.trace.time(message.sent)
    return None


def _paused(seen: Seen, host: str, first: int) -> tuple[Bar, ...]:
    """Times in which a host stood still."""
    bars, since = [], None
    for at, event in enumerate(seen.trace.events):
        if event[1:3] == ["pause", host]:
            since = seen.trace.time(at)
        elif event[1:3] == ["resume", host] and since is not None and at >= first:
            bars.append(Bar(since, seen.trace.time(at), "paused", "doubt", f"{host} stands still"))
            since = None
    return tuple(bars)


def _clocks(seen: Seen, host: str, first: int) -> list[Point]:
    """Where a host's clock was tampered with."""
    found = []
    for at, event in enumerate(seen.trace.events[first:], start=first):
        if event[1] in ("clock-jump", "clock-rate") and event[2] == host:
            text = f"clock {event[3]:+g} s" if event[1] == "clock-jump" else f"clock ×{event[3]:g}"
            found.append(Point(seen.trace.time(at), text, "d"))
    return found


def _shown(seen: Seen, storage: str, first: int) -> list[Point]:
    """What was done at the storage under which token; red where a greater one was there before."""
    answers = {m.body[1]: m for m in _of(seen, "reply") if m.source == storage}
    found, greatest = [], 0
    for message in sorted(_of(seen, "request"), key=lambda m: m.received[0] if m.received else 0):
        if message.destination != storage or message.body[2] not in ("read", "write"):
            continue
        what, token = message.body[2], message.body[3]
        answer = answers.get(message.body[1])
        if not message.received or message.received[0] < first or answer is None:
            continue
        refused = answer.body[2] == "fenced"
        stale = token < greatest and not refused
        tone: Tone = "bad" if stale else "faint" if refused else "good"
        text = f"{what} {token}{' refused' if refused else ''}"
        note = f"{what} under token {token}"
        note += ": fenced" if refused else f", though {greatest} was here" if stale else ""
        found.append(Point(seen.trace.time(message.received[0]), text, tone, note))
        greatest = max(greatest, token)
    return found


LEASES = Picture(
    "leases",
    "Leases and fencing tokens",
    "Who holds the lock: as the service counts, and as each client believes by its own clock; "
    "what was done at the storage under which token. Red: an older token, let through.",
    _drawn,
)
