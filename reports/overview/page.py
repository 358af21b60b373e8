"""All runs of a folder as one page: failures by what they are, where they are found, every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from splitbrain.reports.overview.entries import NOT_JUDGED, Entry, entries_of
from splitbrain.reports.overview.parting import pack_parting
from splitbrain.reports.overview.remembered import Remembered, remembered_in
from splitbrain.reports.overview.trends import days_of, draw_days, draw_finds, finds_of
from splitbrain.reports.overview.zoo_board import FILE, zoo_of
from splitbrain.reports.run_files import RunError
from splitbrain.reports.templating import render_page
from splitbrain.reports.wording import clipped, counted, safe_text

NO_FAULT = "no fault"
PAGE = "index.html"

_NOTHING_HUNTED = Remembered()
_ROWS = 5_000
_DEPTHS = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Failures of one system with one signature.

    Attributes:
        first: the oldest.
        last: the latest.
        smallest: the one with the smallest plan.
        found: how many there are.
        trend: its share of each day's runs, drawn; empty of fewer than two days.
        runs: of how many runs of that system, with that planted bug.
        state: what hunts call it: new, known, fixed or flaky; empty if none has found it.
        seen: when for the first and for the last time.
    """

    first: Entry
    last: Entry
    smallest: Entry
    found: int
    runs: int
    trend: Markup
    state: str
    seen: tuple[str, str]

    @property
    def rate(self) -> str:
        """How many runs find it, in words."""
        return f"{self.found:,} of {counted(self.runs, 'run')} ({self.found / self.runs:.0%})"

    @property
    def plan(self) -> str:
        """The smallest plan in words."""
        if self.smallest.shrunk is None:
            return "not shrunk"
        operations, faults = self.smallest.shrunk
        return f"{counted(operations, 'operation')}, {counted(faults, 'fault')}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the heat map: failures among the runs of a system and workload with a fault."""

    failed: int
    runs: int

    @property
    def depth(self) -> int:
        """How dark it is, from 0 (none failed) to 5 (all did)."""
        return -(-self.failed * _DEPTHS // self.runs) if self.runs else 0


@dataclass(frozen=True, slots=True)
class Changed:
    """A run that today's checkers judge otherwise than those of its time: what they said each."""

    name: str
    before: str
    now: str


def write_index(runs: Path, again: Sequence[Changed] | None = None) -> Path:
    """Write ``index.html`` into a folder of runs; where it is. `again`: the verdicts that changed
    when all were judged once more, if they were.

    Raises:
        RunError: the folder can't be read or written.
    """
    page = runs / PAGE
    try:
        page.write_text(
            render_index(runs, again=again), encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise RunError(f"{page}: can't be written: {error.strerror}") from None
    return page


def render_index(
    runs: Path, *, served: bool = False, again: Sequence[Changed] | None = None
) -> str:
    """The page of a folder of runs; one that is `served` compares two runs by itself.

    Raises:
        RunError: there is no such folder.
    """
    entries, problems = entries_of(runs)
    if served:  # which makes those that are not written
        entries = [replace(entry, page=True) for entry in entries]
    hunted = remembered_in(runs)
    problems += [hunted.problem] if hunted.problem else []
    kinds, rows = heat_map(entries, hunted)
    unknown = [entry for entry in entries if entry.judgement == "unknown"]
    counts = Counter(entry.judgement for entry in entries)
    days = days_of(entries, hunted)
    try:
        zoo_score, zoo = zoo_of(runs / FILE)
    except RunError as error:
        zoo_score, zoo = "", []
        problems.append(safe_text(clipped(str(error), 200)))
    return render_page(
        "index.html.j2",
        ("report.css", "index.css"),
        ("data.js", "comparing.js", "index.js"),
        parting="" if served else pack_parting(runs, [entry.name for entry in entries]),
        runs=entries[:_ROWS],
        hidden=max(0, len(entries) - _ROWS),
        counts=[(word, counts[word]) for word in ("invalid", "unknown", NOT_JUDGED, "valid")],
        groups=groups_of(entries, hunted),
        hunted=hunted,
        undecided=[
            (title, found[:200])
            for title, found in (
                ("Unknown: checked, and not decided", [e for e in unknown if not e.vacuous]),
                ("Vacuous: nothing was exercised", [e for e in unknown if e.vacuous]),
                ("Not judged", [e for e in entries if e.judgement == NOT_JUDGED]),
            )
            if found
        ],
        kinds=kinds,
        heat=rows,
        problems=problems[:50],
        link=link,
        served=served,
        days=days,
        by_day=draw_days(days),
        zoo_score=zoo_score,
        zoo=zoo,
        again=again,
    )


def link(entry: Entry) -> str:
    """Where a run's report is, beside the page."""
    return f"{quote(entry.name)}/report.html"


def groups_of(entries: Sequence[Entry], hunted: Remembered) -> list[Group]:
    """The failures by what they are, the most frequent first; `entries` are the latest first. How
    often they come is what hunts remember, where they do."""
    runs = Counter((entry.system, entry.bug) for entry in entries)
    days = days_of(entries, hunted)
    found: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        if entry.judgement == "invalid":
            found.setdefault(entry.group, []).append(entry)
    groups = []
    for members in found.values():
        last, first = members[0], members[-1]
        failure = last.target, last.signature
        seen = hunted.failures.get(failure)
        groups.append(
            Group(
                first=first,
                last=last,
                smallest=min(members, key=_size),
                found=seen.times if seen else len(members),
                runs=seen.runs if seen else runs[last.system, last.bug],
                trend=draw_finds(finds_of(members, hunted, failure), days),
                state=seen.state if seen else "",
                seen=(seen.first, seen.last) if seen else (first.started, last.started),
            )
        )
    return sorted(groups, key=lambda group: (-group.found, group.last.group))


def _size(entry: Entry) -> tuple[bool, int]:
    return entry.shrunk is None, sum(entry.shrunk or ())


def heat_map(
    entries: Sequence[Entry], hunted: Remembered = _NOTHING_HUNTED
) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
    """Kinds of faults, and for each system and workload a cell a kind.

    A run counts under each kind that it had; one that nobody judged counts nowhere. What hunts have
    tried counts, whether it was kept or not, and what they kept only once.
    """
    failed: Counter[tuple[str, str]] = Counter()
    runs: Counter[tuple[str, str]] = Counter()
    tried = {target for target, _, _ in hunted.drawn}
    for (target, workload, kind), (bad, count) in hunted.drawn.items():
        place = f"{target} / {workload}", kind or NO_FAULT
        failed[place] += bad
        runs[place] += count
    for entry in entries:
        if entry.judgement == NOT_JUDGED:
            continue
        if entry.target in tried and (entry.target, entry.seed) in hunted.kept:
            continue
        for kind in entry.kinds or (NO_FAULT,):
            place = f"{entry.target} / {entry.workload}", kind
            runs[place] += 1
            failed[place] += entry.judgement == "invalid"
    kinds = sorted({kind for _, kind in runs})
    names = sorted({row for row, _ in runs})
    return kinds, [(n, [Cell(failed[n, k], runs[n, k]) for k in kinds]) for n in names]
