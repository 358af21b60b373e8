"""Pictures of a replicated log: what each server's holds, by term, and how far it is committed.

A server that keeps one traces what becomes of it:

    log        first index, terms of the entries from there on (whatever was there is gone)
    entry      index, what is there now, and its term, if that is not the one that the server is in
    length     how many entries there are
    compacted  up to which index a snapshot stands for entries
    commit     up to which index it knows entries to be committed

Figures 7 and 8 of Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"
(2014), are such grids.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.pictures.forms import Cell, Form, Grid, Plot, Row, Series, Tone, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import DOWN

WIDEST = 28
"""How many entries of a log are shown, the last ones."""

MOMENTS = 4


@dataclass(slots=True)
class Held:
    """What a server's log holds: entries by index, how many a snapshot has, how many count."""

    terms: dict[int, object] = field(default_factory=dict)
    told: dict[int, str] = field(default_factory=dict)
    compacted: int = 0
    commit: int = 0
    length: int | None = None
    term: object = 0

    @property
    def last(self) -> int:
        """The last index; 0 of an empty log."""
        return max(filter(self.has, self.terms), default=self.compacted)

    def has(self, index: int) -> bool:
        """Whether there is an entry."""
        short = self.length is not None and index > self.length
        return index in self.terms and index > self.compacted and not short

    def content(self, index: int) -> object:
        """What tells an entry from another at its index: what it says, or its term."""
        return self.told.get(index, self.terms[index])

    def copied(self) -> Held:
        """A copy, which stays as it is."""
        return replace(self, terms=dict(self.terms), told=dict(self.told))


def _replayed(seen: Seen) -> Iterator[tuple[int, str, dict[str, Held]]]:
    """After each event that changes a log: its position, whose it is, and all logs then."""
    logs: dict[str, Held] = {}
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "log", str(host), int(first), list(terms)]:
                held = logs.setdefault(host, Held())
                held.terms = {i: term for i, term in held.terms.items() if i < first}
                held.terms |= dict(enumerate(terms, start=first))
            case [_, "entry", str(host), int(index), what, *terms]:
                held = logs.setdefault(host, Held())
                held.terms[index] = terms[0] if terms else held.term
                held.told[index] = json.dumps(what, ensure_ascii=False, default=repr)
            case [_, "length", str(host), int(length), *_]:
                logs.setdefault(host, Held()).length = length
            case [_, "role", str(host), _, term]:
                logs.setdefault(host, Held()).term = term
            case [_, "compacted", str(host), int(index)]:
                logs.setdefault(host, Held()).compacted = index
            case [_, "commit", str(host), int(index)]:
                logs.setdefault(host, Held()).commit = index
            case [_, "boot", str(host), *_] if host in logs:
                logs[host] = Held()
            case _:
                continue
        yield at, event[2], logs


def _moments(seen: Seen) -> list[tuple[int, str]]:
    """Positions at which it is worth looking, and why: a crash, each leader of late, the end."""
    found = [
        (role.at, f"{host} leads term {role.term}")
        for host, roles in seen.trace.roles.items()
        for role in roles
        if role.name == LEADER and seen.between(seen.trace.time(role.at))
    ]
    last = bisect_right(seen.trace.events, seen.end, key=lambda event: round(event[0] * 1e9)) - 1
    why = "the failure" if seen.blamed else "the end"
    chosen = [*sorted(found)[-MOMENTS + 1 :], *_crash(seen, last)]
    return [*sorted(chosen), (max(last, 0), why)]


def _crash(seen: Seen, last: int) -> list[tuple[int, str]]:
    """Before the last time that a server went down, or the first of several that were down at once;
    what was there then may be what is missing."""
    crash: int | None = None
    over = True
    for at, event in enumerate(seen.trace.events[: last + 1]):
        if event[1] in DOWN and over:
            crash, over = at, False
        elif event[1] == "boot":
            over = True
    if crash is None:
        return []
    return [(max(crash - 1, 0), f"before {seen.trace.events[crash][2]} goes down")]


def _images(seen: Seen, moments: Sequence[int]) -> list[dict[str, Held]]:
    """All logs as they were at some positions, in order."""
    images: list[dict[str, Held]] = []
    logs: dict[str, Held] = {}
    for at, host, now in _replayed(seen):
        while len(images) < len(moments) and moments[len(images)] < at:
            images.append(dict(logs))
        if len(images) == len(moments):
            return images
        logs[host] = now[host].copied()
    return images + [logs] * (len(moments) - len(images))


def _grid(seen: Seen) -> Form | None:
    moments = _moments(seen)
    images = _images(seen, [moment for moment, _ in moments])
    last = max((held.last for image in images for held in image.values()), default=0)
    if last == 0:
        return None
    indices = range(max(1, last - WIDEST + 1), last + 1)
    terms = {term for image in images for held in image.values() for term in held.terms.values()}
    order = sorted(terms, key=str)
    rows: list[Row] = []
    for image, (moment, why) in zip(images, moments, strict=True):
        rows.append(Row(f"at {seen.trace.time(moment) / 1e9:.3f} s: {why}"))
        differ, split = _differing(image.values()), _split(image.values())
        rows += [
            Row(host, _cells(image[host], indices, order, differ, split)) for host in sorted(image)
        ]
    return Grid(tuple(map(str, indices)), tuple(rows))


def _differing(logs: Iterable[Held]) -> set[int]:
    """Indices at which servers' entries say different things, whatever their terms."""
    said: dict[int, set[str]] = {}
    for held in logs:
        for index, told in held.told.items():
            if held.has(index):
                said.setdefault(index, set()).add(told)
    return {index for index, told in said.items() if len(told) > 1}


def _split(logs: Iterable[Held]) -> set[int]:
    """Indices at which servers know different entries to be committed: that must never be."""
    committed: dict[int, set[object]] = {}
    for held in logs:
        for index in held.terms:
            if held.has(index) and index <= held.commit:
                committed.setdefault(index, set()).add(held.content(index))
    return {index for index, contents in committed.items() if len(contents) > 1}


def _cells(
    held: Held,
    indices: Sequence[int],
    order: Sequence[object],
    differ: set[int],
    split: set[int],
) -> tuple[Cell, ...]:
    cells = []
    for index in indices:
        known = index <= held.commit
        if held.has(index):
            term = held.terms[index]
            note = f"entry {index} of term {term}{', known to be committed' if known else ''}"
            note += f": {held.told[index]}" if index in held.told else ""
            mark = f"{term}{' ≠' if index in differ else ''}{' ✓' if known else ''}"
            tone: Tone = "bad" if known and index in split else tone_of(order.index(term))
            cells.append(Cell(mark, tone, note))
        elif index <= held.compacted:
            cells.append(Cell("snap", "faint", f"entry {index} is in the snapshot"))
        else:
            cells.append(Cell())
    return tuple(cells)


def _progress(seen: Seen) -> Form | None:
    commits: dict[str, list[tuple[int, float]]] = {}
    for at, host, logs in _replayed(seen):
        known, value = commits.setdefault(host, []), float(logs[host].commit)
        if not known or known[-1][1] != value:
            known.append((seen.trace.time(at), value))
    hosts = sorted(commits)
    if not hosts:
        return None
    series = [
        Series(f"{host} committed", tuple(commits[host]), "steps", tone_of(number))
        for number, host in enumerate(hosts)
    ]
    return Plot(tuple(series), "index of the last entry known to be committed")


LOGS = (
    Picture(
        "logs",
        "Replicated logs",
        "Each server's log when a leader came and in the end, one column an index: the term of "
        "each entry (ballot, view), its colour by term; ≠ where servers' entries say different "
        "things, ✓ where the server knows its to be committed; red where servers know different "
        "ones to be.",
        _grid,
    ),
    Picture(
        "progress",
        "How far each server is",
        "Servers that lag behind, and how far; a server that restarts learns it anew.",
        _progress,
    ),
)
