"""Which part of a trace a picture shows: what led to the operations that a verdict blames.

A run has thousands of messages, and a handful of them tell why it failed. Shown are the messages of
the blamed operations, then those nearest in time to them and to changes of roles. What happened
before the blamed operations, and what was lost, goes before what did not matter to them. A message
that repeats the one before it on its link but for a number and for times (a heartbeat) is counted
instead, unless its fate is another than that one's.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.harness.runs.recorded_trace import DOWN, Message, RunTrace
from splitbrain.reports.model import RunView

MESSAGE_LIMIT = 56
ROLE_LIMIT = 24
CALL_LIMIT = 24
LANE_LIMIT = 14

_MARGIN = 1_000_000_000
"""How long before the first blamed operation a cause is looked for, ns."""

_LOST_NEARER = 8
"""How many times nearer a lost message seems: it explains what others did not know."""

_ROLE_DISTANCE = 50_000_000
_UNRELATED_DISTANCE = 500_000_000
"""By how much (ns) a message seems farther away: near to a change of roles only; not in the past of
the blamed operations."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the window is about: a host from a time to another, ns."""

    host: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """What a picture shows.

    Attributes:
        trace: where it is from.
        hosts: the lanes: clients, then servers, then others.
        messages: the messages, by sending.
        events: positions of changes of roles, of boots and crashes.
        calls: positions (in the view's calls) of the clients' operations to show.
        repeated: messages between the first and the last shown that only repeat others.
        hidden: others between them that are not shown.
        start: time of the first event shown, ns.
        end: time of the last, ns.
    """

    trace: RunTrace
    hosts: tuple[str, ...]
    messages: tuple[Message, ...]
    events: tuple[int, ...]
    calls: tuple[int, ...]
    repeated: int
    hidden: int
    start: int
    end: int


def client_host(view: RunView, process: int) -> str:
    """The host on which a client's operations are performed."""
    return f"c{process % view.plan.clients + 1}"


def host_name(view: RunView, host: str) -> str:
    """A host as it is told: ``client 0`` for the host of a client."""
    clients = view.plan.client_hosts
    return f"client {clients.index(host)}" if host in clients else host


def window_of(view: RunView, limit: int = MESSAGE_LIMIT) -> Window | None:
    """The window of a run with at most `limit` messages; None if its trace has no message there."""
    trace = view.trace
    if not trace.messages:
        return None
    anchors = _anchors(view, trace)
    end = max(anchor.end for anchor in anchors)
    # All that a small run did was needed, however long before.
    start = 0 if view.small else min(anchor.start for anchor in anchors) - _MARGIN
    near = [m for m in trace.messages.values() if start <= trace.time(m.sent) <= end]
    if not near:
        return None
    own = _own(trace, near, anchors)
    repeats = _repeats(trace, frozenset(m.number for m in near), own)
    singular = [m for m in near if m.number not in repeats]
    kept = _nearest(trace, singular, own, anchors, start, limit)
    if not kept:
        return None
    first = trace.time(kept[0].sent)
    last = max(trace.time(message.last) for message in kept)
    between = [m for m in near if trace.time(m.sent) >= first]
    repeated = sum(m.number in repeats for m in between)
    events = _events(trace, first, last)
    return Window(
        trace,
        _hosts(view, trace, kept, events),
        tuple(kept),
        tuple(events),
        _calls(view, first, last),
        repeated,
        len(between) - repeated - len(kept),
        first,
        last,
    )


def _anchors(view: RunView, trace: RunTrace) -> list[Anchor]:
    """The blamed operations and announcements; else the last moment of the run."""
    over = trace.time(len(trace.events) - 1)
    anchors = []
    for position in sorted(view.marked):
        call = view.calls[position]
        completion = view.completion(call)
        ended = over if completion is None else completion.time
        anchors.append(Anchor(client_host(view, call.process), call.start, ended))
    named = set(view.anomaly.operations) if view.anomaly else set()
    anchors += [Anchor(m.who, m.time, m.time) for m in view.marks if m.index in named]
    died = [m for m in view.marks if m.f in DOWN]
    if not anchors and died:
        anchors = [Anchor(died[-1].who, died[-1].time, died[-1].time)]
    return anchors or [Anchor("", over, over)]


def _own(
    trace: RunTrace, messages: Sequence[Message], anchors: Sequence[Anchor]
) -> list[list[Message]]:
    """For each blamed operation the messages that it sent or received; all are given by sending."""
    found = []
    for anchor in anchors:
        first = bisect_left(messages, anchor.start, key=lambda m: trace.time(m.sent))
        last = bisect_right(messages, anchor.end, key=lambda m: trace.time(m.sent))
        inside = messages[first:last]
        found.append(
            [
                m
                for m in inside
                if anchor.host in (m.source, m.destination) and trace.time(m.last) <= anchor.end
            ]
        )
    return found


def _repeats(
    trace: RunTrace, asked: frozenset[int], own: Sequence[Sequence[Message]]
) -> frozenset[int]:
    """Of these messages the numbers of those that say what the one before them on their link said,
    and fared as that did; never the first and the last of a blamed operation."""
    needed = {m.number for messages in own for m in (*messages[:1], *messages[-2:])}
    before: dict[tuple[str, str, object], Message] = {}
    repeats = set()
    for message in trace.messages.values():
        tag = message.body[0] if message.body and isinstance(message.body[0], str) else None
        link = (message.source, message.destination, tag)
        previous, before[link] = before.get(link), message
        if (
            previous is not None
            and message.number in asked
            and message.number not in needed
            and previous.reason == message.reason
            and len(previous.received) == len(message.received)
            and _same_but_a_number(previous.body, message.body)
        ):
            repeats.add(message.number)
    return frozenset(repeats)


def _same_but_a_number(one: Sequence[object], other: Sequence[object]) -> bool:
    """Whether messages differ in one whole number of their own at most, and else in fractions only,
    which in a message are moments of somebody's clock."""
    if len(one) != len(other):
        return False
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if not _same_but_times(a, b)]
    return len(pairs) <= 1 and all(type(a) is type(b) is int for a, b in pairs)


def _same_but_times(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(map(_same_but_times, one, other))
    return type(one) is type(other) is float or one == other


def _nearest(
    trace: RunTrace,
    messages: Sequence[Message],
    own: Sequence[Sequence[Message]],
    anchors: Sequence[Anchor],
    start: int,
    limit: int,
) -> list[Message]:
    """At most `limit` of the messages, the most telling ones, by sending."""
    blamed = {m.number for messages in own for m in messages}
    ends = [at for a in anchors if (at := trace.last_event(a.host, a.end)) is not None]
    past = trace.past(ends)
    changes = [
        trace.time(role.at)
        for roles in trace.roles.values()
        for role in roles
        if role.term and start <= trace.time(role.at)
    ]
    moments = [(time, 0) for a in anchors for time in (a.start, a.end)]
    moments += [(time, _ROLE_DISTANCE) for time in changes]

    def rank(message: Message) -> tuple[bool, int]:
        mattered = message.lost or message.sent <= past.get(message.source, -1)
        time = trace.time(message.sent)
        distance = min(abs(time - moment) + more for moment, more in moments)
        distance = distance // _LOST_NEARER if message.lost else distance
        return message.number not in blamed, distance + (0 if mattered else _UNRELATED_DISTANCE)

    chosen = sorted(messages, key=rank)[:limit]
    return sorted(chosen, key=lambda message: message.sent)


def _events(trace: RunTrace, first: int, last: int) -> list[int]:
    """Changes of roles, boots and crashes between two times, the latest first to stay."""
    found = sorted(
        role.at
        for roles in trace.roles.values()
        for role in roles
        if first <= trace.time(role.at) <= last
    )
    return found[-ROLE_LIMIT:]


def _hosts(
    view: RunView, trace: RunTrace, messages: Sequence[Message], events: Sequence[int]
) -> tuple[str, ...]:
    """The lanes: whoever takes part, and all servers if they are few."""
    part = {host for m in messages for host in (m.source, m.destination)}
    part |= {trace.events[at][2] for at in events}
    servers, clients = view.servers, view.plan.client_hosts
    if len(servers) <= LANE_LIMIT // 2:
        part |= set(servers) & set(trace.hosts)
    known = [*clients, *servers]
    return tuple([h for h in known if h in part] + sorted(part - set(known)))


def _calls(view: RunView, first: int, last: int) -> tuple[int, ...]:
    """The operations open between two times: the blamed, then the latest."""
    found = view.history.client_calls.open_between(first, last).tolist()
    found.sort(key=lambda position: (position not in view.marked, -view.calls[position].start))
    return tuple(sorted(found[:CALL_LIMIT]))


def brief(body: Sequence[object], limit: int = 22) -> str:
    """A message in a few words: its strings and small numbers; the envelope of requests is left
    out, and a message that is a text of JSON is read."""
    parts = list(body)
    if len(parts) > 2 and parts[0] in ("request", "reply"):  # `splitbrain.harness.client`
        parts = parts[2:]
    if len(parts) == 1 and isinstance(parts[0], str) and parts[0].startswith("{"):
        parts = _json_parts(parts[0])
    taken: list[str] = []
    _take(parts, taken, limit + 1)
    words = " ".join(taken)
    return words if len(words) <= limit else words[: limit - 3].rstrip() + "..."


def _take(value: object, taken: list[str], room: int) -> int:
    """Add a value's words up to the one for which there is no room, since a message may have
    thousands; how much room is left, negative if there is none."""
    if isinstance(value, str):
        word = value
    elif value is None:
        word = "-"
    elif isinstance(value, bool):
        word = "yes" if value else "no"
    elif isinstance(value, int | float):
        if abs(value) >= 10**9:
            return room
        word = str(value)
    else:
        return _take_all(value, taken, room)
    taken.append(word)
    return room - len(word) - 1


def _take_all(value: object, taken: list[str], room: int) -> int:
    """The same of what holds others."""
    parts: Iterable[object] = ()
    if isinstance(value, list | tuple):
        parts = value
    elif isinstance(value, Mapping):
        parts = (part for name, item in value.items() for part in (str(name), item))
    for part in parts:
        room = _take(part, taken, room)
        if room < 0:
            break
    return room


def _json_parts(text: str) -> list[object]:
    """The type of a message of JSON, and what it carries besides the numbers that pair a request
    with its answer."""
    try:
        body = json.loads(text)
    except ValueError:
        return [text]
    if not isinstance(body, dict):
        return [text]
    numbers = ("type", "msg_id", "in_reply_to")
    return [body.get("type"), {name: body[name] for name in body if name not in numbers}]
