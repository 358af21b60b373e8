"""What each replica's document says over time, of the parts that replicas come to differ in.

A server shows ``("part", host, name, value)`` when a part of its document is another: elements,
counter, register (with its stamp), text or notes. Equal values have equal colours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import DOWN

_PARTS = {
    "add": "elements",
    "remove": "elements",
    "increment": "counter",
    "assign": "register",
    "insert": "text",
    "erase": "text",
    "write": "notes",
}
"""Of which part each operation is."""

_ELEMENTS = 3
"""Elements that are followed."""

States = Sequence[tuple[int, Any]]
"""From when on a part says what; None while the server is down."""


def _told(seen: Seen) -> dict[str, dict[str, States]]:
    """By part and server, what the part says from when on."""
    found: dict[str, dict[str, list[tuple[int, Any]]]] = {}
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "part", str(host), str(name), value]:
                known = found.setdefault(name, {}).setdefault(host, [])
                known.append((seen.trace.time(at), value))
            case [_, kind, str(host), *_] if kind in DOWN:
                for servers in found.values():
                    servers.setdefault(host, []).append((seen.trace.time(at), None))
    return {name: dict(servers) for name, servers in found.items()}


def _last(seen: Seen, states: States) -> Any:
    """What a part says in the end."""
    return next((value for time, value in reversed(states) if time <= seen.end), None)


def _differs(seen: Seen, servers: Mapping[str, States]) -> bool:
    said = [_last(seen, states) for states in servers.values()]
    up = {json.dumps(value) for value in said if value is not None}
    return len(up) > 1


def _drawn(seen: Seen) -> Form | None:
    told = _told(seen)
    blamed = [seen.calls[at] for at in seen.blamed]
    wanted = {_part(call) for call in blamed if call.f in _PARTS}
    wanted |= {name for name, servers in told.items() if _differs(seen, servers)}
    lanes = [_operations(seen)] if blamed else []
    for name in sorted(wanted & told.keys()):
        servers = told[name]
        if name == "elements":
            lanes += _elements(seen, servers)
            continue
        said = [v for states in servers.values() for v in _between(seen, states)]
        # The last first, so that what differs in the end does so in colour, too.
        said.sort(key=lambda each: each[1], reverse=True)
        order = list(dict.fromkeys(json.dumps(value) for _, _, value in said))
        for server in seen.plan.servers:
            bars = _stretches(seen, servers.get(server, ()), order)
            lanes.append(Lane(f"{server} {name}", tuple(bars)))
    return Lanes(tuple(lanes)) if any(lane.bars for lane in lanes[1:]) else None


def _part(call: Call) -> str:
    """Of which part an operation is: removals of keys are of the map."""
    return "notes" if isinstance(call.argument, list) and call.f == "remove" else _PARTS[call.f]


def _operations(seen: Seen) -> Lane:
    """What clients did that is blamed."""
    bars = []
    for at in seen.blamed:
        call = seen.calls[at]
        asked = json.dumps(call.argument, ensure_ascii=False, default=repr)
        text = f"{call.f} {asked}" if call.f in _PARTS else call.f
        client = f"client {call.process % seen.plan.clients}"
        bars.append(Bar(call.start, call.end or seen.end, text, "doubt", f"{client}: {text}"))
    return Lane("clients", tuple(bars))


def _elements(seen: Seen, servers: Mapping[str, States]) -> Iterator[Lane]:
    """Of elements that some have and others don't in the end, or that are blamed: who had them."""
    held = {server: _last(seen, states) or [] for server, states in servers.items()}
    everywhere = [value for value in held.values() if value]
    some = {json.dumps(each): each for value in everywhere for each in value}
    apart = [each for each in some.values() if not all(each in value for value in everywhere)]
    blamed = (seen.calls[at] for at in seen.blamed)
    named = [c.argument for c in blamed if c.f in _PARTS and _part(c) == "elements"]
    chosen = [*named, *(each for each in apart if each not in named)][:_ELEMENTS]
    for number, element in enumerate(chosen):
        for server in seen.plan.servers:
            text = f"has {json.dumps(element)}"
            stretches: list[tuple[int, int]] = []
            for start, end, value in _between(seen, servers.get(server, ())):
                if element in value and stretches and stretches[-1][1] == start:
                    stretches[-1] = stretches[-1][0], end
                elif element in value:
                    stretches.append((start, end))
            bars = tuple(Bar(start, end, text, tone_of(number)) for start, end in stretches)
            yield Lane(f"{json.dumps(element)} at {server}", bars)


def _between(seen: Seen, states: States) -> Iterator[tuple[int, int, Any]]:
    """What a part says, in the time that is worth looking at, or from a blamed operation on."""
    begun = min((seen.calls[at].start for at in seen.blamed), default=seen.start)
    for (since, value), (until, _) in pairwise([*states, (seen.end, None)]):
        start, end = max(min(seen.start, begun), since), min(seen.end, until)
        if value is not None and start < end:
            yield start, end, value


def _stretches(seen: Seen, states: States, order: Sequence[str]) -> Iterator[Bar]:
    for start, end, value in _between(seen, states):
        said = json.dumps(value)
        text = json.dumps(value, ensure_ascii=False, default=repr)
        yield Bar(start, end, text, tone_of(order.index(said)), text)


REPLICAS = Picture(
    "replicas",
    "What each replica says",
    "The parts of the document in which replicas differ in the end, or that the blamed operations "
    "are of: equal values have equal colours, a register is told with the stamp of its write, and "
    "of a set some elements are followed that not all have.",
    _drawn,
)
