"""Quorums as a picture: which replicas an operation heard of, and which it did not.

Coordinators number their rounds: ``(what, round, ...)`` goes out, ``("answer", round, ...)`` comes
back. A round is over once enough have answered; who answers later was not heard. A read that heard
of none of the replicas that a write before it heard of may miss that write (Gifford, "Weighted
Voting for Replicated Data", SOSP 1979; DDIA chapter 5, "Quorums for reading and writing").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.harness.pictures.forms import Cell, Form, Grid, Row
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import Message

_INSTANT = 1_000
"""How far apart (ns) the same moment may be in the history, in ns, and in the trace, in seconds."""

ASKING = ("query", "store", "hint")
OPERATIONS = 6


@dataclass(slots=True)
class Round:
    """One question of a coordinator to replicas.

    Attributes:
        what: ``query``, ``store`` or ``hint``.
        sent: position of its first message in the trace.
        asked: the messages that asked, by replica.
        heard: by replica, where in the trace its answer came in, and what that said.
    """

    what: str
    sent: int
    asked: dict[str, list[Message]] = field(default_factory=dict)
    heard: dict[str, tuple[int, str]] = field(default_factory=dict)


def _rounds(seen: Seen, coordinator: str, first: int, last: int) -> list[Round]:
    """The rounds that a coordinator began between two events, in order."""
    found: dict[str, Round] = {}
    for message in seen.trace.messages.values():
        body = message.body
        if len(body) < 2 or message.sent > last:
            continue
        number = json.dumps(body[1])
        if message.source == coordinator and body[0] in ASKING and message.sent >= first:
            asked = found.setdefault(number, Round(str(body[0]), message.sent))
            asked.asked.setdefault(message.destination, []).append(message)
        elif message.destination == coordinator and body[0] == "answer" and number in found:
            for at in message.received[:1]:
                said = json.dumps(list(body[2:]), default=repr)
                found[number].heard.setdefault(message.source, (at, said))
    return list(found.values())


def _request(seen: Seen, call: Call) -> tuple[Message, int] | None:
    """The last request of an operation that a server received, and where its answer was sent."""
    client = f"c{call.process % seen.plan.clients + 1}"
    until = seen.end if call.end is None else call.end
    found = None
    for message in seen.trace.messages.values():
        if message.source != client or message.body[:1] != ["request"] or not message.received:
            continue
        # A client's next operation may begin at the moment at which this one ends.
        if call.start <= seen.trace.time(message.sent) < max(until, call.start + 1) - _INSTANT:
            found = message
    if found is None:
        return None
    replies = (
        m.sent
        for m in seen.trace.messages.values()
        if m.source == found.destination and m.destination == client
        if m.body[:2] == ["reply", found.body[1]]
    )
    return found, next(replies, len(seen.trace.events) - 1)


def _grid(seen: Seen) -> Form | None:
    servers = seen.plan.servers
    rows: list[Row] = []
    stored: frozenset[str] | None = None
    asked_last: frozenset[str] | None = None
    for position in list(seen.blamed)[-OPERATIONS:]:
        call = seen.calls[position]
        asked = _request(seen, call)
        if asked is None:
            continue
        request, answered = asked
        own = [r for r in _own(seen, request, answered) if r.heard or r.asked]
        told = f"client {call.process % seen.plan.clients} {call.f} {_value(call)}"
        rows.append(Row(f"{told}, by {request.destination} at {call.start / 1e9:.3f} s"))
        for each, following in zip(own, [*own[1:], None], strict=True):
            over = answered if following is None else following.sent
            cells = tuple(_cell(seen, each, s, over) for s in servers)
            rows.append(Row(each.what, cells))
            heard = frozenset(
                s for s, cell in zip(servers, cells, strict=True) if cell.tone == "good"
            )
            if call.f.startswith("read"):
                asked_last = heard if each.what == "query" else asked_last
            elif each.what == "store":
                stored = heard
    if stored and asked_last and not stored & asked_last:
        found = f"the read heard {' '.join(sorted(asked_last))}"
        rows.append(Row(f"{found}, the last write {' '.join(sorted(stored))}: none in common"))
    return Grid(servers, tuple(rows)) if any(row.cells for row in rows) else None


def _own(seen: Seen, request: Message, answered: int) -> Iterator[Round]:
    """The rounds of a request: those of its coordinator that speak of its key."""
    key = json.dumps(request.body[3]) if len(request.body) > 3 else ""
    for each in _rounds(seen, request.destination, request.received[0], answered):
        bodies = (m.body for messages in each.asked.values() for m in messages)
        if any(key in json.dumps(body) for body in bodies):
            yield each


def _cell(seen: Seen, each: Round, server: str, over: int) -> Cell:
    """What became of a question to one replica."""
    if server in each.heard:
        at, said = each.heard[server]
        note = f"{server} answered {said}, which came in at {seen.trace.time(at) / 1e9:.4f} s"
        if at <= over:
            return Cell("heard", "good", note)
        return Cell("late", "faint", f"{note}: too late")
    messages: Sequence[Message] = each.asked.get(server, ())
    if not messages:
        return Cell()
    lost = [m for m in messages if m.lost]
    if lost:
        return Cell("lost", "bad", f"lost: {lost[-1].reason}")
    return Cell("no answer", "faint", "it was asked, and its answer was not there by then")


def _value(call: Call) -> str:
    value: Any = call.result if call.f.startswith("read") else call.argument
    return json.dumps(value, default=repr)


QUORUMS = Picture(
    "quorums",
    "Quorums of the blamed operations",
    "One row a round of questions, one column a replica: who was heard before the coordinator went "
    "on. Two operations whose rows have no replica in common need not know of each other.",
    _grid,
)
