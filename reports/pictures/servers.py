"""The state of each server over time: up or down, its role, what it holds of the blamed key.

What it holds it tells itself (`splitbrain.harness.pictures.telling`), or else its answers to reads
do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.pictures.forms import Bar, Lane, Lanes, Point, Tone, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import DOWN, Role
from splitbrain.reports.pictures.keys import blamed_key, read_of, server_of

_TONES: dict[str, Tone] = {LEADER: "lead", "candidate": "doubt", "up": "faint"}
_MOST = 12
"""Servers that are drawn."""

_STATES = 4
"""Things that each tells about itself, besides what it holds."""

Told = Mapping[tuple[str, str], Sequence[tuple[int, Any]]]
"""By kind and name, from when on a server was in which state; None: it was down."""


def _drawn(seen: Seen) -> Lanes | None:
    held, key = _held(seen), blamed_key(seen) or _blamed_element(seen)
    lanes: list[Lane] = []
    by_server = {server: _told(seen, server) for server in seen.plan.servers[:_MOST]}
    own = ("holds", key or "")
    tones = _tones(seen, [told[own] for told in by_server.values() if own in told])
    for server, told in by_server.items():
        was = tuple(_was(seen, seen.trace.roles.get(server, ())))
        if was:
            lanes.append(Lane(server, was, tuple(_syncs(seen, server))))
        if own in told:
            values = _stretches(seen, told[own])
            held_bars = tuple(replace(bar, tone=tones[bar.text]) for bar in values)
            lanes.append(Lane(f"{server} holds {key}", held_bars))
        elif server in held:
            name, answers = held[server]
            lanes.append(Lane(f"{server}: {name}", tuple(_values(seen, answers))))
        states = [name for kind, name in told if kind == "state"]
        for name in states[:_STATES]:
            bars = tuple(_stretches(seen, told["state", name]))
            lanes.append(Lane(f"{server} {name}", bars))
    return Lanes(tuple(lanes)) if any(len(lane.bars) > 1 for lane in lanes) else None


def _blamed_element(seen: Seen) -> str | None:
    """The first element of a set that the verdict misses."""
    missed = seen.anomaly.details.get("elements") if seen.anomaly else None
    return _named(missed[0]) if isinstance(missed, list | tuple) and missed else None


def _told(seen: Seen, server: str) -> Told:
    """What a server said of its inner state."""
    found: dict[tuple[str, str], list[tuple[int, Any]]] = {}
    for at in seen.trace.events_of(server):
        match seen.trace.events[at]:
            case [_, ("holds" | "state") as kind, _, name, value]:
                words = kind == "state" and isinstance(value, str)
                said = (
                    value or "none"
                    if words
                    else json.dumps(value, ensure_ascii=False, default=repr)
                )
                known = found.setdefault((kind, _named(name)), [])
                known.append((seen.trace.time(at), said))
            case [_, kind, *_] if kind in DOWN:
                for known in found.values():
                    known.append((seen.trace.time(at), None))
    return found


def _tones(seen: Seen, held: Sequence[Sequence[tuple[int, Any]]]) -> Mapping[str, Tone]:
    """Of each value a colour; the last have different ones."""
    bars = [bar for states in held for bar in _stretches(seen, states)]
    bars.sort(key=lambda bar: bar.start, reverse=True)
    return {text: tone_of(at) for at, text in enumerate(dict.fromkeys(bar.text for bar in bars))}


def _named(name: Any) -> str:
    return name if isinstance(name, str) else json.dumps(name, default=repr)


def _stretches(seen: Seen, states: Sequence[tuple[int, Any]]) -> Iterator[Bar]:
    """A bar for each state, until the next or until the server went down."""
    for (since, said), (until, _) in pairwise([*states, (seen.end, None)]):
        start, end = max(seen.start, since), min(seen.end, until)
        if said is not None and start < end:
            yield Bar(start, end, said, "plain", f"{said} from {since / 1e9:.6f} s on")


def _was(seen: Seen, roles: Sequence[Role]) -> Iterator[Bar]:
    """What a server was from each change on; nothing while it was down."""
    changes: list[Role | None] = [*roles, None]
    for role, after in pairwise(changes):
        assert role is not None
        start = max(seen.start, seen.trace.time(role.at))
        end = seen.end if after is None else min(seen.end, seen.trace.time(after.at))
        if role.name and start < end:
            text = f"{role.name} {role.term}".strip()
            yield Bar(start, end, text, _TONES.get(role.name, "plain"))


def _syncs(seen: Seen, server: str) -> Iterator[Point]:
    """The last moments at which it made something durable."""
    own = [at for at in seen.trace.events_of(server) if seen.trace.events[at][1] == "fsync"]
    inside = [at for at in own if seen.between(seen.trace.time(at))]
    for at in inside[-24:]:
        yield Point(seen.trace.time(at), "", "good", f"{server} syncs its disk")


def _held(seen: Seen) -> dict[str, tuple[str, list[tuple[int, str, bool]]]]:
    """Of each server what it answered of the blamed key, in order: when, what, and whether the
    verdict blames it."""
    key = blamed_key(seen)
    found: dict[str, tuple[str, list[tuple[int, str, bool]]]] = {}
    if key is None:
        return found
    for at, call in enumerate(seen.calls):
        if call.end is None or call.outcome != "ok" or not seen.between(call.end):
            continue
        said = read_of(call, key)
        server = "" if said is None else server_of(seen, call)
        if said is not None and server:
            answer = call.end, said, at in seen.blamed
            found.setdefault(server, (key, []))[1].append(answer)
    return found


def _values(seen: Seen, answers: Sequence[tuple[int, str, bool]]) -> Iterator[Bar]:
    """A bar for each value, from the answer that first told it to the next that told another."""
    stretches: list[list[tuple[int, str, bool]]] = []
    for answer in answers:
        if stretches and stretches[-1][0][1] == answer[1]:
            stretches[-1].append(answer)
        else:
            stretches.append([answer])
    ends = [each[0][0] for each in stretches[1:]] + [max(seen.end, answers[-1][0] + 1)]
    for stretch, end in zip(stretches, ends, strict=True):
        start, value, _ = stretch[0]
        blamed = any(bad for _, _, bad in stretch)
        yield Bar(start, end, value, "bad" if blamed else "plain", f"it answers {value}")


SERVERS = Picture(
    "servers",
    "Each server over time",
    "Up or down, and in which role; diamonds are syncs of its disk. Below what it held of the "
    "blamed key: as it told itself (holds; equal values have equal colours), or as far as its "
    "answers tell, from the first that said so to the next that said otherwise; of these what the "
    "verdict blames is red.",
    _drawn,
)
