"""Failover, as pictures: who leads which epoch, how far each log is, and what got lost by it.

An entry that was acknowledged to a client and is in nobody's log who leads later is lost, whatever
became of it meanwhile: DDIA chapter 5, "Handling Node Outages". What servers show of themselves for
this is in `showing`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.pictures.forms import (
    Bar,
    Cell,
    Form,
    Grid,
    Lane,
    Lanes,
    Point,
    Row,
    Series,
    Tone,
    tone_of,
)
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import DOWN

Name = tuple[int, int]
"""Of a command: the client's session, and its number there."""

Change = tuple[int, list[Any], int]
"""To how many entries a log was cut, which came behind these, and how many its snapshot stands
for."""

WIDEST = 28
"""How many entries of a log are shown, the last ones."""

MOMENTS = 3
"""How many leaderships, beside the end."""


@dataclass(slots=True)
class Held:
    """A server's log: how many entries a snapshot stands for, and those behind it by place, from 1:
    epoch and name."""

    snapshot: int = 0
    entries: dict[int, tuple[int, Name]] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """How many entries it has, those in the snapshot too."""
        return next(reversed(self.entries), self.snapshot)  # they are in order

    def change(self, change: Change) -> None:
        """What an event did to it."""
        keep, names, snapshot = change
        if snapshot != self.snapshot or keep < self.length:
            entries = self.entries.items()
            self.entries = {place: entry for place, entry in entries if snapshot < place <= keep}
        for place, (epoch, *name) in enumerate(names, keep + 1):
            self.entries[place] = epoch, tuple(name)
        self.snapshot = snapshot

    def names(self) -> dict[Name, int]:
        """Where each command is that is not in the snapshot."""
        return {name: place for place, (_, name) in self.entries.items()}


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command that a server told a client was done.

    Attributes:
        time: when, ns.
        server: who said so.
        told: the command, and whose it is.
    """

    time: int
    server: str
    told: str


def _changes(seen: Seen) -> Iterator[tuple[int, str, Change]]:
    """Each event that changes a log: its position, whose log it is, and how."""
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "entries", str(host), int(keep), list(names), int(snapshot)]:
                yield at, host, (keep, names, snapshot)


def _places(seen: Seen) -> dict[tuple[str, Name], int]:
    """Where each command stood last in each server's log, in a snapshot by now or not."""
    found: dict[tuple[str, Name], int] = {}
    for _, host, (keep, names, _) in _changes(seen):
        for place, (_, *name) in enumerate(names, keep + 1):
            found[host, tuple(name)] = place
    return found


def _acknowledged(seen: Seen) -> dict[Name, Acknowledged]:
    """The first acknowledgement of each command, up to the failure."""
    asked: dict[int, tuple[Name, str]] = {}
    found: dict[Name, Acknowledged] = {}
    for message in seen.trace.messages.values():
        match list(message.body):
            case ["request", int(number), str(f), int(session), int(command), *rest]:
                client = f"client {int(message.source[1:]) - 1}"
                told = f"{f} {' '.join(map(str, rest))}".strip()
                asked[number] = (session, command), f"{told} of {client}"
            case ["reply", int(number), "ok", *_] if number in asked:
                time = seen.trace.time(message.sent)
                if time <= seen.end:
                    name, told = asked[number]
                    found.setdefault(name, Acknowledged(time, message.source, told))
    return found


def _led(seen: Seen) -> list[tuple[int, str, int]]:
    """Who came to lead, up to the failure: position, server and epoch."""
    return [
        (at, event[2], event[4])
        for at, event in enumerate(seen.trace.events)
        if event[1] == "part" and event[3] == LEADER and seen.trace.time(at) <= seen.end
    ]


def _at(seen: Seen, moments: Sequence[int]) -> list[dict[str, Held]]:
    """All logs as they were at some positions, in order."""
    images: list[dict[str, Held]] = []
    logs: dict[str, Held] = {}
    changes = _changes(seen)
    now = next(changes, None)
    for moment in moments:
        while now is not None and now[0] <= moment:
            _, host, change = now
            logs.setdefault(host, Held()).change(change)
            now = next(changes, None)
        images.append({h: Held(held.snapshot, dict(held.entries)) for h, held in logs.items()})
    return images


def _lost(seen: Seen, acknowledged: Mapping[Name, Acknowledged]) -> dict[Name, str]:
    """Commands that were acknowledged, and who came to lead without them after that, or leads in
    the end without them."""
    led = _led(seen)
    views = [
        (at, server, f"{server} came to lead epoch {epoch} without it") for at, server, epoch in led
    ]
    if led:
        _, server, epoch = max(led, key=lambda each: each[2])
        views.append((_end(seen), server, f"{server}, which leads epoch {epoch}, has never had it"))
    found: dict[Name, str] = {}
    places = _places(seen)
    images = _at(seen, [at for at, _, _ in views])
    for (at, server, why), image in zip(views, images, strict=True):
        held = image.get(server, Held())
        here = held.names()
        for name, said in acknowledged.items():
            # What the snapshot stands for has no name, but whoever acknowledged it had one for it.
            kept = name in here or places.get((said.server, name), 0) <= held.snapshot
            if said.time < seen.trace.time(at) and not kept:
                found.setdefault(name, why)
    return found


def _end(seen: Seen) -> int:
    """The position of the last event up to the failure."""
    events = seen.trace.events
    last = bisect_right(events, seen.end, key=lambda event: round(event[0] * 1e9)) - 1
    return max(last, 0)


def _failover(seen: Seen) -> Form | None:
    acknowledged = _acknowledged(seen)
    lost = _lost(seen, acknowledged)
    lanes = []
    for server in seen.plan.servers:
        said = [(name, a) for name, a in acknowledged.items() if a.server == server]
        points = tuple(_point(a, lost.get(name, "")) for name, a in said if seen.between(a.time))
        lanes.append(Lane(server, tuple(_parts(seen, server)), points))
    if not any(lane.bars for lane in lanes):
        return None
    return Lanes(tuple(lanes), (), tuple(_lengths(seen)), "entries in the log")


def _point(said: Acknowledged, lost: str) -> Point:
    note = f"{said.server} acknowledges {said.told}"
    if lost:
        return Point(said.time, said.told.partition(" of ")[0], "bad", f"{note}: {lost}")
    return Point(said.time, "", "good", note)


def _parts(seen: Seen, server: str) -> Iterator[Bar]:
    """What a server did in which epoch, from each change on; nothing while it was down."""
    changes: list[tuple[int, tuple[Any, ...]]] = []
    for at in seen.trace.events_of(server):
        match seen.trace.events[at]:
            case [_, "part", _, *part]:
                changes.append((seen.trace.time(at), tuple(part)))
            case [_, kind, *_] if kind in DOWN:
                changes.append((seen.trace.time(at), ()))
    ends = [time for time, _ in changes[1:]] + [seen.end]
    for (time, now), until in zip(changes, ends, strict=True):
        start, end = max(time, seen.start), min(until, seen.end)
        if now and start < end:
            what, tone = _told(*now)
            yield Bar(start, end, what, tone, f"{server} {what}")


def _told(role: str, epoch: int, leader: str | None) -> tuple[str, Tone]:
    """A server's part in words, and how that looks."""
    if role == LEADER:
        return f"leads {epoch}", "lead"
    if leader is not None:
        return f"follows {leader} in {epoch}", "faint"
    return ("no leader" if role == "follower" else role), "doubt"


def _lengths(seen: Seen) -> Iterator[Series]:
    """How long each server's log was."""
    points: dict[str, list[tuple[int, float]]] = {}
    logs: dict[str, Held] = {}
    for at, server, change in _changes(seen):
        held = logs.setdefault(server, Held())
        held.change(change)
        known = points.setdefault(server, [])
        if not known or known[-1][1] != held.length:
            known.append((seen.trace.time(at), held.length))
    for number, server in enumerate(seen.plan.servers):
        if server in points:
            yield Series(server, tuple(points[server]), "steps", tone_of(number))


def _grid(seen: Seen) -> Form | None:
    acknowledged = _acknowledged(seen)
    lost = _lost(seen, acknowledged)
    moments = [
        (at, f"{server} leads epoch {epoch}")
        for at, server, epoch in _led(seen)
        if seen.between(seen.trace.time(at))
    ][-MOMENTS:]
    moments.append((_end(seen), "the failure" if seen.blamed else "the end"))
    images = _at(seen, [at for at, _ in moments])
    longest = max((held.length for image in images for held in image.values()), default=0)
    if longest == 0:
        return None
    places = range(max(1, longest - WIDEST + 1), longest + 1)
    rows: list[Row] = []
    for image, (moment, why) in zip(images, moments, strict=True):
        time = seen.trace.time(moment)
        rows.append(Row(f"at {time / 1e9:.3f} s: {why}"))
        for server in seen.plan.servers:
            held = image.get(server, Held())
            cells = (_cell(held, place, time, acknowledged, lost) for place in places)
            rows.append(Row(server, tuple(cells)))
    return Grid(tuple(map(str, places)), tuple(rows))


def _cell(
    held: Held,
    place: int,
    time: int,
    acknowledged: Mapping[Name, Acknowledged],
    lost: Mapping[Name, str],
) -> Cell:
    """An entry by its epoch, ticked once it was acknowledged; red if that was lost later."""
    if place not in held.entries:
        if place <= held.snapshot:
            return Cell("snap", "faint", f"entry {place} is in the snapshot")
        return Cell()
    epoch, name = held.entries[place]
    said = acknowledged.get(name)
    note = f"entry {place} of epoch {epoch}"
    if said is None or said.time > time:
        return Cell(str(epoch), tone_of(epoch), note)
    note = f"{note}: {said.told}, acknowledged by {said.server}"
    if name in lost:
        return Cell(f"{epoch} ✓", "bad", f"{note}; {lost[name]}")
    return Cell(f"{epoch} ✓", tone_of(epoch), note)


FAILOVER = (
    Picture(
        "failover",
        "Who led, and what was acknowledged",
        "Each server's part in which epoch (gold: it leads), and below it what it acknowledged to "
        "clients: red what a later leader came without. The curves are the lengths of the logs.",
        _failover,
    ),
    Picture(
        "logs",
        "Logs of leader and followers",
        "Each server's log when a leader came and in the end, one column a place: the epoch of "
        "each entry, its colour by epoch; ✓ where it was acknowledged, red where a later leader "
        "came without it.",
        _grid,
    ),
)
