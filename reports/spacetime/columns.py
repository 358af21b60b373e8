"""All messages of a run as columns, for a script that draws them on a canvas.

The picture of the few messages that led to a failure is in the page itself; a run may have tens of
thousands. Times are microseconds; positions are those in the trace, from which the script finds
what happened before what.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.runs.recorded_trace import Message, Role
from splitbrain.reports.model import RunView
from splitbrain.reports.packing import compressed, deltas
from splitbrain.reports.spacetime.window import Window, brief, host_name
from splitbrain.reports.wording import safe_text, shortened

MESSAGE_LIMIT = 20_000
WORDS = 40
_HOSTS = 60
_BANDS = 400
_ROLES = 4_000
_KINDS = {"": 0, "candidate": 2, LEADER: 3}


@dataclass(frozen=True, slots=True)
class PackedMessages:
    """The packed messages, how many they are, and of how many."""

    data: str
    shown: int
    total: int


def pack_messages(view: RunView, window: Window | None) -> PackedMessages | None:
    """The messages of a run, at most `MESSAGE_LIMIT`, those around the failure; None if a window
    shows them all, or there are none."""
    messages = list(view.trace.messages.values())
    if window is None or len(messages) <= len(window.messages):
        return None
    focus = next((n for n, m in enumerate(messages) if m.sent > window.messages[-1].sent), 0)
    first = max(0, min(focus - MESSAGE_LIMIT * 3 // 4, len(messages) - MESSAGE_LIMIT))
    chosen = messages[first : first + MESSAGE_LIMIT]
    return PackedMessages(compressed(_columns(view, window, chosen)), len(chosen), len(messages))


def _columns(view: RunView, window: Window, messages: list[Message]) -> dict[str, Any]:
    trace = view.trace
    hosts = _hosts(view, messages)
    lane = {host: number for number, host in enumerate(hosts)}
    shown = [m for m in messages if m.source in lane and m.destination in lane]
    texts: dict[str, int] = {}
    reasons: dict[str, int] = {}
    sent = [trace.time(m.sent) // 1000 for m in shown]
    clients = view.plan.client_hosts
    return {
        "hosts": [safe_text(shortened(host_name(view, host), 24)) for host in hosts],
        "client": [clients.index(host) if host in clients else -1 for host in hosts],
        "source": [lane[m.source] for m in shown],
        "target": [lane[m.destination] for m in shown],
        "sent": deltas(sent),
        "at": deltas(m.sent for m in shown),
        # Positions and delays; 0 and -1 of what was not received, or not lost.
        "receipt": [m.received[0] - m.sent if m.received else 0 for m in shown],
        "took": [
            trace.time(m.received[0]) // 1000 - time if m.received else -1
            for m, time in zip(shown, sent, strict=True)
        ],
        "again": {
            str(number): [trace.time(at) // 1000 - sent[number] for at in m.received[1:]]
            for number, m in enumerate(shown)
            if len(m.received) > 1
        },
        "lost": [
            reasons.setdefault(safe_text(shortened(m.reason, 24)), len(reasons)) if m.lost else -1
            for m in shown
        ],
        "text": [texts.setdefault(safe_text(brief(m.body, WORDS)), len(texts)) for m in shown],
        "texts": list(texts),
        "reasons": list(reasons),
        "roles": [stretch for host in hosts for stretch in _stretches(view, lane[host], host)],
        "bands": [
            [
                (fault.start or 0) // 1000,
                -1 if fault.end is None else fault.end // 1000,
                safe_text(f"{shortened(fault.id, 24)} {shortened(fault.kind, 32)}"),
            ]
            for fault in view.faults[:_BANDS]
            if fault.start is not None
        ],
        "focus": window.end // 1000,
        "from": max(0, window.start // 1000),
        "end": max(1, trace.time(len(trace.events) - 1) // 1000),
    }


def _hosts(view: RunView, messages: list[Message]) -> list[str]:
    """The lanes: clients, servers, then others; who takes part."""
    part = {host for m in messages for host in (m.source, m.destination)}
    known = [host for host in (*view.plan.client_hosts, *view.servers) if host in part]
    return [*known, *sorted(part - set(known))][:_HOSTS]


def _stretches(view: RunView, lane: int, host: str) -> list[list[Any]]:
    """[lane, from, to or -1, kind, label] for each thing that a server was: 1 up, 2 a candidate, 3
    a leader."""
    trace = view.trace
    if host in view.plan.client_hosts:
        return []
    roles: list[Role | None] = [*trace.roles.get(host, ())[:_ROLES], None]
    return [
        [
            lane,
            trace.time(role.at) // 1000,
            -1 if after is None else trace.time(after.at) // 1000,
            _KINDS.get(role.name, 1),
            safe_text(shortened(f"{role.name} {role.term}".strip(), 24)),
        ]
        for role, after in pairwise(roles)
        if role is not None and role.name
    ]
