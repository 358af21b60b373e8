"""The state of one key over time: what was acknowledged, and what each server then said of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.harness.pictures.forms import Bar, Lane, Lanes, Point, Tone
from splitbrain.harness.pictures.picture import Picture, Seen

_WRITES = ("write", "cas", "put", "delete")
_READS = ("read", "get")
_MOST = 60


def _drawn(seen: Seen) -> Lanes | None:
    keyed = [(at, call, call.argument[0]) for at, call in enumerate(seen.calls) if _is_keyed(call)]
    key = _key(seen, keyed)
    if key is None:
        return None
    own = [
        (at, call)
        for at, call, of in keyed
        if _name(of) == key and call.start <= seen.end and (call.end or seen.end) >= seen.start
    ][-_MOST:]
    writes = [(at, call) for at, call in own if call.f in _WRITES and call.outcome != "fail"]
    reads = [(at, call) for at, call in own if call.f in _READS and call.outcome == "ok"]
    if not writes or not reads:
        return None
    by_server: dict[str, list[Point]] = {}
    for at, call in reads:
        where = _answered(seen, call)
        told = f"client {call.process % seen.plan.clients} reads {_value(call.result)}"
        tone: Tone = "bad" if at in seen.blamed else "plain"
        by_server.setdefault(where, []).append(
            Point(call.end or call.start, _value(call.result), tone, told)
        )
    lanes = [Lane(f"{key}: writes", tuple(_written(seen, writes)))]
    for name in sorted(by_server):
        lanes.append(Lane(f"read from {name}" if name else "read", points=tuple(by_server[name])))
    return Lanes(tuple(lanes))


def _is_keyed(call: Call) -> bool:
    return isinstance(call.argument, list) and len(call.argument) == 2


def _name(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=repr)


def _key(seen: Seen, keyed: Sequence[tuple[int, Call, Any]]) -> str | None:
    """The key that the verdict names, or that most of the blamed operations have."""
    named = seen.anomaly.details.get("key") if seen.anomaly else None
    if named is not None:
        return _name(named)
    counts = Counter(_name(key) for at, _, key in keyed if at in seen.blamed)
    return counts.most_common(1)[0][0] if counts else None


def _written(seen: Seen, writes: Sequence[tuple[int, Call]]) -> Iterator[Bar]:
    """A write from its invocation to its end; of unknown outcome, it may take effect ever after."""
    for at, call in writes:
        text = _value(call.argument[1])
        told = f"client {call.process % seen.plan.clients} {call.f} {text}, {call.outcome}"
        tone: Tone = "good" if call.outcome == "ok" else "doubt"
        tone = "bad" if at in seen.blamed else tone
        yield Bar(call.start, call.end, text, tone, told)


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], list):
        return f"{json.dumps(value[1][0], default=repr)} → {json.dumps(value[1][1], default=repr)}"
    found = value[1] if isinstance(value, list) and len(value) == 2 else value
    return json.dumps(found, default=repr)


def _answered(seen: Seen, call: Call) -> str:
    """The server whose answer ended a read; empty if the trace doesn't tell."""
    host = f"c{call.process % seen.plan.clients + 1}"
    at = seen.trace.last_event(host, call.end or call.start, "receive")
    if at is None or abs(seen.trace.time(at) - (call.end or 0)) > _INSTANT:
        return ""
    message = seen.trace.messages.get(seen.trace.events[at][4])
    return message.source if message and message.source in seen.plan.servers else ""


_INSTANT = 1_000
"""How far apart (ns) the same moment may be in the history and in the trace."""

KEY = Picture(
    "key",
    "The key over time",
    "Writes from invocation to completion (an open end: nobody knows whether it took effect), and "
    "what reads said, each where it was answered. What the verdict blames is red.",
    _drawn,
)
