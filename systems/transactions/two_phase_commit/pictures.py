"""Atomic commit over time: who prepares, who is in doubt, who was told that all have voted yes (in
three phases), and what was decided."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Link, Point, Tone
from splitbrain.harness.pictures.hosts import crashes
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import Message

KINDS = ("prepare", "vote", "pre-commit", "state?", "state", "decide", "ack", "inquire")
TRANSACTIONS = 10


def _drawn(seen: Seen) -> Form | None:
    last = _chosen(seen)
    if not last:
        return None
    lanes = []
    for server in seen.plan.servers:
        bars = [bar for txn, said in last.items() for bar in _bars(seen, server, txn, said)]
        points = [*_decided(seen, server, last), *crashes(seen, server)]
        lanes.append(Lane(server, tuple(bars), tuple(points)))
    links = [_link(seen, m) for said in last.values() for m in said if _matters(m)]
    return Lanes(tuple(lanes), tuple(links))


def _chosen(seen: Seen) -> dict[str, list[Message]]:
    """What was said of some transactions: of those that ended in two ways; if there are none, of
    those that the verdict names, and the latest."""
    spoken: dict[str, list[Message]] = {}
    for message in seen.trace.messages.values():
        spoke = len(message.body) > 1 and message.body[0] in KINDS
        if spoke and seen.trace.time(message.sent) <= seen.end:
            spoken.setdefault(str(message.body[1]), []).append(message)
    named = json.dumps(seen.anomaly.details, default=repr) if seen.anomaly else ""
    ends = _outcomes(seen)
    split = [txn for txn in spoken if len(ends.get(txn, ())) > 1]
    order = split or sorted(spoken, key=lambda txn: f'"{txn}"' in named)
    chosen = set(order[-TRANSACTIONS:])
    return {txn: said for txn, said in spoken.items() if txn in chosen}


def _outcomes(seen: Seen) -> dict[str, set[object]]:
    """The outcomes that servers announced of each transaction."""
    found: dict[str, set[object]] = {}
    for event in seen.trace.events:
        match event:
            case [_, "announce", _, "decided", {"txn": str(txn), "outcome": str(outcome)}]:
                found.setdefault(txn, set()).add(outcome)
    return found


def _bars(seen: Seen, server: str, txn: str, said: Iterable[Message]) -> list[Bar]:
    """What a server did for a transaction: as its coordinator, as a participant."""
    time, bars = seen.trace.time, []
    asked = [m for m in said if m.source == server and m.body[0] == "prepare"]
    told = [m for m in said if m.source == server and m.body[0] == "decide"]
    if asked:
        end = time(told[0].sent) if told else None
        bars.append(
            Bar(time(asked[0].sent), end, f"{txn} preparing", "a", f"{txn}: asks for votes")
        )
    yes = [m for m in said if m.source == server and m.body[0] == "vote" and m.body[2] is True]
    if yes:
        heard = [
            at
            for m in said
            if m.destination == server and m.body[0] == "decide"
            for at in m.received
            if at > yes[0].sent
        ]
        end = time(min(heard)) if heard else None
        told_of = [
            at
            for m in said
            if m.destination == server and m.body[0] == "pre-commit"
            for at in m.received[:1]
        ]
        if told_of:
            note = f"{txn}: {server} knows that all have voted yes"
            bars.append(Bar(time(min(told_of)), end, f"{txn} pre-committed", "b", note))
            end = time(min(told_of))
        note = f"{txn}: {server} voted yes, and may not go back until it hears the decision"
        bars.append(Bar(time(yes[0].sent), end, f"{txn} in doubt", "doubt", note))
    return bars


def _decided(seen: Seen, server: str, shown: Iterable[str]) -> list[Point]:
    """What a server says became of transactions."""
    known, points = set(shown), []
    split = _split(seen)
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "announce", host, "decided", {"txn": txn, "outcome": outcome}]:
                if host == server and txn in known:
                    tone: Tone = "good" if outcome == "commit" else "faint"
                    note = f"{txn}: {outcome} at {host}"
                    if txn in split:
                        tone, note = "bad", f"{note}, and the other way elsewhere"
                    points.append(Point(seen.trace.time(at), f"{txn} {outcome}", tone, note))
    return points


def _split(seen: Seen) -> set[Any]:
    """Transactions that committed at one server and aborted at another."""
    outcomes: dict[Any, set[Any]] = {}
    for event in seen.trace.events:
        match event:
            case [_, "announce", _, "decided", {"txn": txn, "outcome": outcome}]:
                outcomes.setdefault(txn, set()).add(outcome)
    return {txn for txn, known in outcomes.items() if len(known) > 1}


def _matters(message: Message) -> bool:
    """One to oneself is no message to draw."""
    return message.source != message.destination


def _link(seen: Seen, message: Message) -> Link:
    end = message.received[0] if message.received else message.dropped
    at = seen.trace.time(message.sent if end is None else end)
    text = " ".join(map(str, message.body[:3]))
    text += f" lost: {message.reason}" if message.lost else ""
    return Link(
        message.source, seen.trace.time(message.sent), message.destination, at, text, message.lost
    )


COMMITS = Picture(
    "commits",
    "Atomic commit",
    "For each server: transactions that it has asked others to prepare, and those in doubt, "
    "from its yes to the decision (an open end: it never heard), or, in three phases, until it "
    "heard that all have voted yes. Diamonds are outcomes.",
    _drawn,
)
