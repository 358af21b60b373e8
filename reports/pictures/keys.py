"""The state of one key over time: what was acknowledged, and what each server then said of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.harness.pictures.forms import Bar, Lane, Lanes, Point, Tone
from splitbrain.harness.pictures.picture import Picture, Seen

_WRITES = ("write", "cas", "put", "delete", "batch")
_READS = ("read", "get")
_MOST = 60


def _drawn(seen: Seen) -> Lanes | None:
    key = blamed_key(seen)
    if key is None:
        return None
    writes: list[tuple[int, Call, str]] = []
    reads: list[tuple[int, Call, str]] = []
    for at in seen.history.client_calls.open_between(seen.start, seen.end).tolist():
        call = seen.calls[at]
        if call.f in _WRITES and call.outcome != "fail" and (said := _wrote(call, key)) is not None:
            writes.append((at, call, said))
        elif call.outcome == "ok" and (said := read_of(call, key)) is not None:
            reads.append((at, call, said))
    if not writes or not reads:
        return None
    by_server: dict[str, list[Point]] = {}
    for at, call, said in reads[-_MOST:]:
        told = f"client {call.process % seen.plan.clients} reads {said}"
        tone: Tone = "bad" if at in seen.blamed else "plain"
        point = Point(call.end or call.start, said, tone, told)
        by_server.setdefault(server_of(seen, call), []).append(point)
    lanes = [Lane(f"{key}: writes", tuple(_written(seen, writes[-_MOST:])))]
    for name in sorted(by_server):
        lanes.append(Lane(f"read from {name}" if name else "read", points=tuple(by_server[name])))
    return Lanes(tuple(lanes))


def _name(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=repr)


def blamed_key(seen: Seen) -> str | None:
    """The key that the verdict names, or that most of the blamed operations have."""
    named = seen.anomaly.details.get("key") if seen.anomaly else None
    if named is not None:
        return _name(named)
    blamed = (seen.calls[at].argument for at in seen.blamed)
    pairs = (value for value in blamed if isinstance(value, list) and len(value) == 2)
    counts = Counter(_name(value[0]) for value in pairs)
    return counts.most_common(1)[0][0] if counts else None


def _pairs(value: Any, key: str) -> Iterator[Any]:
    """What a list of pairs has for a key."""
    for pair in value if isinstance(value, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and _name(pair[0]) == key:
            yield pair[1]


def _wrote(call: Call, key: str) -> str | None:
    """What a write made of the key, in words; None if it is about others."""
    if call.f == "delete":
        return "deleted" if _name(call.argument) == key else None
    pairs = call.argument if call.f == "batch" else [call.argument]
    written = list(_pairs(pairs, key))
    return _value(written[-1]) if written else None


def read_of(call: Call, key: str) -> str | None:
    """What a read, or a scan of all keys, says of the key; None if it doesn't."""
    if call.f == "scan":
        held = list(_pairs(call.result, key))
        return _value(held[-1] if held else None)
    if call.f not in _READS:
        return None
    if call.argument is not None and not isinstance(call.argument, list):
        return _value(call.result) if _name(call.argument) == key else None
    held = list(_pairs([call.result], key))
    return _value(held[-1]) if held else None


def _written(seen: Seen, writes: Sequence[tuple[int, Call, str]]) -> Iterator[Bar]:
    """A write from its invocation to its end; of unknown outcome, it may take effect ever after."""
    for at, call, said in writes:
        told = f"client {call.process % seen.plan.clients} {call.f} {said}, {call.outcome}"
        tone: Tone = "good" if call.outcome == "ok" else "doubt"
        tone = "bad" if at in seen.blamed else tone
        yield Bar(call.start, call.end, said, tone, told)


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:
        return " → ".join(json.dumps(each, default=repr) for each in value)
    return json.dumps(value, default=repr)


def server_of(seen: Seen, call: Call) -> str:
    """The server whose answer ended a read; empty if the trace doesn't tell."""
    host = f"c{call.process % seen.plan.clients + 1}"
    at = seen.trace.last_event(host, call.end or call.start, "receive")
    if at is None or abs(seen.trace.time(at) - (call.end or 0)) > _INSTANT:
        return ""
    message = seen.trace.received(at)
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
