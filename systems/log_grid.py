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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.pictures.forms import Cell, Form, Grid, Plot, Row, Series, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.harness.runs.recorded_trace import DOWN

WIDEST = 28
"""How many entries of a log are shown, the last ones."""

MOMENTS = 4

ANSWERS = 2
"""How many answers that the verdict names are looked at."""

_INSTANT = 1_000
"""How far apart (ns) one moment may be in the history, in ns, and in the trace, in seconds."""


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
    chosen = [*sorted(found)[-MOMENTS + 1 :], *_crash(seen, last), *_answers(seen)]
    return [*sorted(chosen), (max(last, 0), why)]


def _answers(seen: Seen) -> list[tuple[int, str]]:
    """When a server answered an operation that the verdict names, before the last of them."""
    named = [seen.calls[at] for at in seen.blamed if seen.calls[at].end is not None]
    found = []
    for call in sorted(named, key=lambda call: call.end or 0)[:-1][-ANSWERS:]:
        client = f"c{call.process % seen.plan.clients + 1}"
        replies = [
            message
            for message in seen.trace.messages.values()
            if message.destination == client
            and any(
                abs(seen.trace.time(at) - (call.end or 0)) < _INSTANT for at in message.received
            )
        ]
        found += [(m.sent, f"{m.source} answers what the verdict names") for m in replies[-1:]]
    return found


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
    settled = _settled(images[-1].values())
    rows: list[Row] = []
    for image, (moment, why) in zip(images, moments, strict=True):
        rows.append(Row(f"at {seen.trace.time(moment) / 1e9:.3f} s: {why}"))
        differ, split = _differing(image.values()), _split(image.values())
        look = _Look(order, differ, split, settled)
        rows += [Row(host, _cells(image[host], indices, look)) for host in sorted(image)]
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


def _settled(logs: Collection[Held]) -> dict[int, object]:
    """What servers know to be committed, by index, where they agree."""
    split = _split(logs)
    return {
        index: held.content(index)
        for held in logs
        for index in held.terms
        if held.has(index) and index <= held.commit and index not in split
    }


@dataclass(frozen=True, slots=True)
class _Look:
    """What decides how an entry looks.

    Attributes:
        order: terms, which have a colour each.
        differ: indices at which servers' entries say different things then.
        split: indices at which they know different entries to be committed then.
        settled: what is committed in the end, by index.
    """

    order: Sequence[object]
    differ: set[int]
    split: set[int]
    settled: Mapping[int, object]

    def goes(self, held: Held, index: int) -> bool:
        """Whether another entry is committed in the place of this one in the end."""
        content = held.content(index)
        return self.settled.get(index, content) != content


def _cells(held: Held, indices: Sequence[int], look: _Look) -> tuple[Cell, ...]:
    cells = []
    for index in indices:
        known = index <= held.commit
        if held.has(index):
            term = held.terms[index]
            goes = look.goes(held, index)
            note = f"entry {index} of term {term}{', known to be committed' if known else ''}"
            note += ", in whose place another is committed in the end" if goes else ""
            note += f": {held.told[index]}" if index in held.told else ""
            differs = index in look.differ
            mark = f"{term}{' ≠' if differs else ''}{' ×' if goes else ''}{' ✓' if known else ''}"
            tone = tone_of(look.order.index(term))
            if known and index in look.split:
                tone = "bad"
            elif goes:
                tone = "doubt"
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
        "Each server's log when a leader came, when an answer was given that the verdict names, "
        "and in the end, one column an index: the term of each entry (ballot, view), its colour by "
        "term; ≠ where servers' entries say different things, × where another is committed in its "
        "place in the end, ✓ where the server knows its to be committed; red where servers know "
        "different ones to be.",
        _grid,
    ),
    Picture(
        "progress",
        "How far each server is",
        "Servers that lag behind, and how far; a server that restarts learns it anew.",
        _progress,
    ),
)
