"""Leases of leaders: how long each may read unasked, what it read, how far clocks were off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point
from splitbrain.harness.pictures.hosts import (
    CLOCK_UNIT,
    clock_curves,
    clock_points,
    crashes,
    paused,
)
from splitbrain.harness.pictures.offsets import ends_by_its_clock
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.systems.consensus.asking import OK, REPLY, REQUEST

_READS = 60


def _drawn(seen: Seen) -> Form | None:
    lanes: list[Lane] = []
    for server in seen.plan.servers:
        held = tuple(_leases(seen, server))
        roles = tuple(_leads(seen, server))
        if not held and not roles:
            continue
        done = (*crashes(seen, server), *clock_points(seen, server, seen.start, seen.end))
        still = paused(seen, server, seen.start, seen.end)
        lanes.append(Lane(server, (*roles, *still), done))
        lanes.append(Lane(f"{server}: its lease", held))
        reads = tuple(_points(seen, server, held))[-_READS:]
        lanes += [Lane(f"{server}: reads at once", points=reads)] if reads else []
    curves = clock_curves(seen, {server: server for server in seen.plan.servers})
    return Lanes(tuple(lanes), curves=tuple(curves), unit=CLOCK_UNIT) if lanes else None


def _leads(seen: Seen, server: str) -> Iterator[Bar]:
    """While it takes itself for the leader."""
    for role, after in pairwise([*seen.trace.roles.get(server, ()), None]):
        assert role is not None
        start = max(seen.start, seen.trace.time(role.at))
        end = seen.end if after is None else min(seen.end, seen.trace.time(after.at))
        if role.name == LEADER and start < end:
            yield Bar(start, end, f"leader {role.term}", "lead")


def _leases(seen: Seen, server: str) -> Iterator[Bar]:
    """While its lease lasts, by its monotonic clock: each word of a majority makes it longer."""
    start = end = term = None
    for at in seen.trace.events_of(server):
        match seen.trace.events[at]:
            case [_, "lease", _, number, float() | int() as left]:
                time = seen.trace.time(at)
                until = ends_by_its_clock(seen, server, time, left)
                if start is None or end is None or time > end or number != term:
                    yield from _lease(seen, start, end, term)
                    start, term = time, number
                end = until
    yield from _lease(seen, start, end, term)


def _lease(seen: Seen, start: int | None, end: int | None, term: object) -> Iterator[Bar]:
    if start is not None and end is not None and end >= seen.start and start <= seen.end:
        note = f"until then a majority votes for nobody else than the leader of term {term}"
        yield Bar(max(start, seen.start), min(end, seen.end), f"term {term}", "good", note)


def _points(seen: Seen, server: str, held: tuple[Bar, ...]) -> Iterator[Point]:
    """Its reads; red where its lease was over."""
    for time, said in _reads(seen, server):
        inside = any(bar.start <= time <= (bar.end or time) for bar in held)
        note = f"{server} answers {said}, and asks nobody whether it still leads"
        note += "" if inside else ", though its lease is over"
        yield Point(time, said if not inside else "", "plain" if inside else "bad", note)


def _reads(seen: Seen, server: str) -> Iterator[tuple[int, str]]:
    """Queries that it answered in the moment in which they came: nobody can have been asked."""
    came = {
        message.body[1]: message
        for message in seen.trace.messages.values()
        if message.destination == server and message.body[:1] == [REQUEST]
        if len(message.body) > 2 and message.body[2][:1] == ["query"]
    }
    for message in seen.trace.messages.values():
        if message.source != server or message.body[:1] != [REPLY] or message.body[2:3] != [OK]:
            continue
        asked, time = came.get(message.body[1]), seen.trace.time(message.sent)
        if asked is None or not asked.received or not seen.between(time):
            continue
        if any(seen.trace.time(at) == time for at in asked.received):
            key = asked.body[2][1][1] if len(asked.body[2][1]) > 1 else ""
            yield time, f"{key} = {message.body[3] if len(message.body) > 3 else ''}"


LEASES = Picture(
    "lease",
    "Leases of leaders, and clocks",
    "Who takes itself for the leader (gold); how long its lease lasts by its monotonic clock since "
    "a majority last vouched for it (green); its reads that ask nobody, red where the lease is "
    "over and another may lead. Below, how far wall clocks were off.",
    _drawn,
)
