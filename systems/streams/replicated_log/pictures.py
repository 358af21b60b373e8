"""A replicated, partitioned log over time: who leads each partition, what was acknowledged, how far
each copy is; and who of the group reads what.

The controller shows ``("led", host, partition, epoch, leader, in sync)`` when it decides that, and
each broker ``("held", host, partition, end, high watermark)`` when its copy is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.pictures.forms import (
    Bar,
    Form,
    Lane,
    Lanes,
    Point,
    Series,
    tone_of,
)
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import Message
from splitbrain.systems.streams.ownership import TOLD, owners_drawn
from splitbrain.systems.streams.replicated_log.broker import partition_of


@dataclass(frozen=True, slots=True)
class Led:
    """From when on who leads a partition.

    Attributes:
        time: since when, ns.
        epoch: the number of the leadership.
        leader: who.
        in_sync: who has all that is committed.
    """

    time: int
    epoch: int
    leader: str
    in_sync: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A record that a leader told to be there.

    Attributes:
        time: when, ns.
        server: who said so.
        offset: where.
        told: key and value.
        acknowledged: whether its producer was told that, or a reader.
    """

    time: int
    server: str
    offset: int
    told: str
    acknowledged: bool


Ends = Mapping[tuple[int, str], Sequence[tuple[int, int]]]
"""By partition and broker: from when on, how many entries its copy has."""


def _read(seen: Seen) -> tuple[dict[int, list[Led]], Ends]:
    led: dict[int, list[Led]] = {}
    ends: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for at, event in enumerate(seen.trace.events):
        time = seen.trace.time(at)
        match event:
            case [_, "led", _, int(partition), int(epoch), str(leader), list(in_sync)]:
                made = Led(time, epoch, leader, tuple(map(str, in_sync)))
                led.setdefault(partition, []).append(made)
            case [_, "held", str(host), int(partition), int(end), _]:
                known = ends.setdefault((partition, host), [])
                if not known or known[-1][1] != end:
                    known.append((time, end))
    return led, ends


def _facts(seen: Seen, partitions: int) -> dict[int, list[Fact]]:
    """What producers and readers were told, by partition, up to the failure."""
    asked: dict[int, Sequence[Any]] = {}
    found: dict[int, list[Fact]] = {}

    def told(message: Message, part: int, offset: int, key: Any, value: Any, kind: str) -> None:
        time = seen.trace.time(message.sent)
        if time <= seen.end:
            made = Fact(time, message.source, offset, f"{key} = {value}", kind == "send")
            found.setdefault(part, []).append(made)

    for message in seen.trace.messages.values():
        match list(message.body):
            case ["request", int(number), "send" | "read", *_]:
                asked[number] = message.body[2:]
            case ["reply", int(number), "ok", int(offset)] if number in asked:
                match list(asked[number]):
                    case ["send", str(key), value, *_]:
                        told(message, partition_of(key, partitions), offset, key, value, "send")
            case ["reply", int(number), "ok", int(), list(records)] if number in asked:
                match list(asked[number]):
                    case ["read", int(part), _]:
                        for offset, key, value in records:
                            told(message, part, offset, key, value, "read")
    return found


def _problem(fact: Fact, others: Sequence[Fact], led: Sequence[Led], ends: Ends, part: int) -> str:
    """What became of a record that was told to be there; empty if it is."""
    for other in others:
        if other.offset == fact.offset and other.told != fact.told:
            return f"{other.server} says {other.told} to be there"
    until = [each.time for each in led[1:]]
    for each, over in zip(led, [*until, None], strict=True):
        if over is None or over > fact.time:
            time = max(each.time, fact.time)
            known = [end for since, end in ends.get((part, each.leader), ()) if since <= time]
            if known and known[-1] <= fact.offset:
                return f"{each.leader}, which leads epoch {each.epoch}, has {known[-1]} entries"
    return ""


def _leaders(seen: Seen) -> Form | None:
    led, ends = _read(seen)
    if not led:
        return None
    facts = _facts(seen, len(led))
    lanes = []
    worst, most = min(led), -1
    for part, changes in sorted(led.items()):
        points = tuple(_points(seen, facts.get(part, []), changes, ends, part))
        red = sum(point.tone == "bad" for point in points)
        worst, most = (part, red) if red > most else (worst, most)
        lanes.append(Lane(f"partition {part}", tuple(_bars(seen, changes)), points))
    if not any(lane.bars for lane in lanes):
        return None
    unit = f"entries of partition {worst} at each broker"
    return Lanes(tuple(lanes), (), tuple(_copies(seen, ends, worst)), unit)


def _points(
    seen: Seen, facts: Sequence[Fact], led: Sequence[Led], ends: Ends, part: int
) -> Iterator[Point]:
    """What was acknowledged, and of what was read the first that is wrong at each place."""
    wrong: set[tuple[int, str]] = set()
    for fact in facts:
        problem = _problem(fact, facts, led, ends, part)
        name = fact.offset, fact.told
        if seen.between(fact.time) and (fact.acknowledged or (problem and name not in wrong)):
            yield _point(fact, problem)
            wrong |= {name} if problem else set()


def _bars(seen: Seen, changes: Sequence[Led]) -> Iterator[Bar]:
    """Who leads, a bar for each epoch; who is in sync stands in its words."""
    stretches: list[list[Led]] = []
    for each in changes:
        if stretches and stretches[-1][0].epoch == each.epoch:
            stretches[-1].append(each)
        else:
            stretches.append([each])
    ends = [stretch[0].time for stretch in stretches[1:]] + [seen.end]
    for stretch, end in zip(stretches, ends, strict=True):
        first, start = stretch[0], max(stretch[0].time, seen.start)
        if start < min(end, seen.end):
            was = "; then ".join(" ".join(each.in_sync) for each in stretch)
            text = f"{first.leader} leads {first.epoch}"
            tone = tone_of([*seen.plan.servers, first.leader].index(first.leader))
            yield Bar(start, min(end, seen.end), text, tone, f"{text}, in sync: {was}")


def _point(fact: Fact, problem: str) -> Point:
    what = "acknowledges" if fact.acknowledged else "gives a reader"
    note = f"{fact.server} {what} {fact.told} at offset {fact.offset}"
    if problem:
        return Point(fact.time, f"{fact.told} at {fact.offset}", "bad", f"{note}: {problem}")
    return Point(fact.time, "", "good", note)


def _copies(seen: Seen, ends: Ends, part: int) -> Iterator[Series]:
    for number, server in enumerate(seen.plan.servers):
        points = tuple((time, float(end)) for time, end in ends.get((part, server), ()))
        if points:
            yield Series(server, points, "steps", tone_of(number))


def _owners(seen: Seen) -> Form | None:
    return owners_drawn(seen, "key", _called)


def _called(member: str) -> str:
    """A member of the group by its client, of which each has many in turn."""
    host = member.partition("/")[0]
    return f"client {int(host[1:]) - 1}" if host[1:].isdecimal() else host


LEADERS = Picture(
    "leaders",
    "Partitions, their leaders and copies",
    "A bar is a leader in an epoch, a point a record that it acknowledged: red if another record "
    "is said to be at that offset, or a leader has no such entry; red, too, what readers get of "
    "these. The curves are the copies of the partition with most of them.",
    _leaders,
)

OWNERS = Picture("owners", "Keys, their owners and generations", TOLD, _owners)
