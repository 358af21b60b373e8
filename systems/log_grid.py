"""Pictures of a replicated log: what each server's holds, by term, and how far it is committed.

A server that keeps one traces what becomes of it:

    log        first index, terms of the entries from there on (whatever was there is gone)
    compacted  up to which index a snapshot stands for entries
    commit     up to which index it knows entries to be committed

Figures 7 and 8 of Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"
(2014), are such grids.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.pictures.forms import Cell, Form, Grid, Plot, Row, Series, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen

WIDEST = 28
"""How many entries of a log are shown, the last ones."""

MOMENTS = 4


@dataclass(slots=True)
class Held:
    """What a server's log holds: entries by index, how many a snapshot has, how many count."""

    terms: dict[int, object] = field(default_factory=dict)
    compacted: int = 0
    commit: int = 0

    @property
    def last(self) -> int:
        """The last index; 0 of an empty log."""
        return max(self.terms, default=self.compacted)


def _replayed(seen: Seen) -> Iterator[tuple[int, str, dict[str, Held]]]:
    """After each event that changes a log: its position, whose it is, and all logs then."""
    logs: dict[str, Held] = {}
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "log", str(host), int(first), list(terms)]:
                held = logs.setdefault(host, Held())
                held.terms = {i: term for i, term in held.terms.items() if i < first}
                held.terms |= dict(enumerate(terms, start=first))
            case [_, "compacted", str(host), int(index)]:
                held = logs.setdefault(host, Held())
                held.compacted = index
                held.terms = {i: term for i, term in held.terms.items() if i > index}
            case [_, "commit", str(host), int(index)]:
                logs.setdefault(host, Held()).commit = index
            case [_, "boot", str(host), *_] if host in logs:
                logs[host] = Held()
            case _:
                continue
        yield at, event[2], logs


def _moments(seen: Seen) -> list[tuple[int, str]]:
    """Positions at which it is worth looking, and why: each leader of late, and the end."""
    found = [
        (role.at, f"{host} leads term {role.term}")
        for host, roles in seen.trace.roles.items()
        for role in roles
        if role.name == LEADER and seen.between(seen.trace.time(role.at))
    ]
    last = bisect_right(seen.trace.events, seen.end, key=lambda event: round(event[0] * 1e9)) - 1
    why = "the failure" if seen.blamed else "the end"
    return [*sorted(found)[-MOMENTS + 1 :], (max(last, 0), why)]


def _grid(seen: Seen) -> Form | None:
    moments = _moments(seen)
    images: list[dict[str, Held]] = [{} for _ in moments]
    for at, host, logs in _replayed(seen):
        for image, (moment, _) in zip(images, moments, strict=True):
            if at <= moment:
                held = logs[host]
                image[host] = Held(dict(held.terms), held.compacted, held.commit)
    last = max((held.last for image in images for held in image.values()), default=0)
    if last == 0:
        return None
    indices = range(max(1, last - WIDEST + 1), last + 1)
    terms = {term for image in images for held in image.values() for term in held.terms.values()}
    order = sorted(terms, key=str)
    rows: list[Row] = []
    for image, (moment, why) in zip(images, moments, strict=True):
        rows.append(Row(f"at {seen.trace.time(moment) / 1e9:.3f} s: {why}"))
        rows += [Row(host, _cells(image[host], indices, order)) for host in sorted(image)]
    return Grid(tuple(map(str, indices)), tuple(rows))


def _cells(held: Held, indices: Sequence[int], order: Sequence[object]) -> tuple[Cell, ...]:
    cells = []
    for index in indices:
        known = index <= held.commit
        if index in held.terms:
            term = held.terms[index]
            note = f"entry {index} of term {term}{', known to be committed' if known else ''}"
            mark = f"{term} ✓" if known else str(term)
            cells.append(Cell(mark, tone_of(order.index(term)), note))
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
        "each entry, its colour by term; ✓ where the server knows it to be committed.",
        _grid,
    ),
    Picture(
        "progress",
        "How far each server is",
        "Servers that lag behind, and how far; a server that restarts learns it anew.",
        _progress,
    ),
)
