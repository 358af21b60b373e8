"""What hunts remember of a folder: most runs of a hunt are not kept, and count all the same.

A hunt writes each seed that it tried into its memory, and folders of failures alone, one for each.
How often something fails, and what could not be decided, is thus told by the memory. It is only
read, also while a hunt writes to it: nothing is made beside it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from splitbrain.harness.hunting.memory import FORMAT
from splitbrain.reports.wording import clipped, counted, safe_text, shortened

FILE = "hunt.db"
_REASONS = 40
_PATIENCE = 2  # seconds until a hunt has written what it is writing


@dataclass(frozen=True, slots=True)
class Seen:
    """One failure, as hunts have seen it.

    Attributes:
        times: how many runs failed so.
        runs: of how many of that system, with that planted bug.
        first: when for the first time.
        last: when for the last.
        state: ``new``, ``known``, ``fixed`` or ``flaky``.
    """

    times: int
    runs: int
    first: str
    last: str
    state: str


Drawn = tuple[str, str, str]
"""Target (``raft with CON-04``), workload and kind of fault."""

Failure = tuple[str, str]
"""Target and signature."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was hunted in a folder.

    Attributes:
        told: how many runs, and what came of them, in a sentence; empty if nothing was hunted.
        failures: by target (``raft with CON-04``) and signature.
        unknown: why runs were not decided, of what, how often; the most frequent first.
        drawn: of all that was tried how many runs failed, and how many there were, by target,
            workload and kind of fault ("" for a run without any).
        kept: target and seed of the runs that failed, which are in folders, too.
        days: how many runs were tried on a day, by day and what came of them.
        found: on which days a failure was found, how often.
        dated: target and seed of the runs that failed on a day that is known.
        problem: why the memory can't be read, in a sentence.
    """

    told: str = ""
    failures: Mapping[Failure, Seen] = field(default_factory=dict)
    unknown: tuple[tuple[str, str, int], ...] = ()
    drawn: Mapping[Drawn, tuple[int, int]] = field(default_factory=dict)
    kept: frozenset[tuple[str, int]] = frozenset()
    days: Mapping[tuple[str, str], int] = field(default_factory=dict)
    found: Mapping[Failure, Mapping[str, int]] = field(default_factory=dict)
    dated: frozenset[tuple[str, int]] = frozenset()
    problem: str = ""


def remembered_in(runs: Path) -> Remembered:
    """What the memory in a folder of runs says; nothing if there is none."""
    path = runs / FILE
    if not path.is_file():
        return Remembered()
    # A journal is there only while a hunt writes; without one, SQLite would make it to read.
    still = "" if path.with_name(f"{FILE}-wal").exists() else "&immutable=1"
    try:
        address = f"{path.resolve().as_uri()}?mode=ro{still}"
        with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE)) as memory:
            return _read(memory)
    except (sqlite3.Error, ValueError, TypeError) as error:
        return Remembered(problem=safe_text(clipped(f"{path} can't be read: {error}", 200)))


def _read(memory: sqlite3.Connection) -> Remembered:
    found = memory.execute("select format from about").fetchone()
    if found is None or found[0] != FORMAT:
        raise ValueError("it is of another version")
    tried: dict[str, dict[str, int]] = {}
    by_cell = "select cell, validity, count(*) from runs group by cell, validity"
    for cell, validity, times in memory.execute(by_cell):
        words = tried.setdefault(str(cell).partition(" (")[0], {})
        words[str(validity)] = words.get(str(validity), 0) + int(times)
    known = Remembered(
        _told(tried), _failures(memory, tried), _unknown(memory), _drawn(memory), _kept(memory)
    )
    return _with_days(known, memory) if _has(memory, "days") else known


def _has(memory: sqlite3.Connection, table: str) -> bool:
    """Whether there is such a table; memories of before it are read all the same."""
    there = "select count(*) from sqlite_master where type = 'table' and name = ?"
    return bool(memory.execute(there, (table,)).fetchone()[0])


def _with_days(known: Remembered, memory: sqlite3.Connection) -> Remembered:
    days = memory.execute(
        "select day, validity, count(*) from runs join days using (cell, seed) "
        "group by day, validity"
    )
    rows = memory.execute(
        "select target, signature, day, failures.seed from failures join days using (cell, seed)"
    ).fetchall()
    found: dict[Failure, Counter[str]] = {}
    for target, signature, day, _ in rows:
        found.setdefault(_failure(target, signature), Counter())[_day(day)] += 1
    return replace(
        known,
        days={(_day(day), str(validity)): int(runs) for day, validity, runs in days},
        found=found,
        dated=frozenset((_name(target), int(seed)) for target, _, _, seed in rows),
    )


def _told(tried: Mapping[str, Mapping[str, int]]) -> str:
    total = sum(sum(words.values()) for words in tried.values())
    if not total:
        return ""
    counts = {
        word: sum(words.get(word, 0) for words in tried.values())
        for word in ("valid", "invalid", "unknown", "error")
    }
    parts = [f"{n:,} {word}" for word, n in counts.items() if n or word != "error"]
    came = ", ".join(parts)
    return f"Hunts have tried {counted(total, 'run')} here: {came}; they keep failures only"


def _failures(
    memory: sqlite3.Connection, tried: Mapping[str, Mapping[str, int]]
) -> dict[Failure, Seen]:
    rows = memory.execute(
        "select target, signature, first_seen, last_seen, state, (select count(*) from failures "
        "where target = groups.target and signature = groups.signature) from groups"
    )
    return {
        _failure(target, signature): Seen(
            int(times),
            sum(tried.get(str(target), {}).values()),
            _moment(first),
            _moment(last),
            safe_text(shortened(str(state), 12)),
        )
        for target, signature, first, last, state, times in rows
    }


def _unknown(memory: sqlite3.Connection) -> tuple[tuple[str, str, int], ...]:
    rows = memory.execute(
        "select cell, reason, count(*) as times from runs where validity = 'unknown' "
        "group by cell, reason order by times desc, cell, reason limit ?",
        (_REASONS,),
    )
    return tuple(
        (_name(cell), safe_text(clipped(str(reason), 200)), int(times))
        for cell, reason, times in rows
    )


def _drawn(memory: sqlite3.Connection) -> dict[Drawn, tuple[int, int]]:
    """How many runs failed of how many; a run with several kinds counts under each."""
    if not _has(memory, "drawn"):
        return {}
    counts: dict[Drawn, tuple[int, int]] = {}
    rows = memory.execute(
        "select cell, workload, kinds, sum(validity = 'invalid'), count(*) "
        "from runs join drawn using (cell, seed) where validity <> 'error' "
        "group by cell, workload, kinds"
    )
    for cell, workload, kinds, failed, runs in rows:
        target = _name(str(cell).partition(" (")[0])
        for kind in str(kinds).split(" "):
            place = target, _name(workload), _name(kind)
            before = counts.get(place, (0, 0))
            counts[place] = before[0] + int(failed), before[1] + int(runs)
    return counts


def _kept(memory: sqlite3.Connection) -> frozenset[tuple[str, int]]:
    rows = memory.execute("select target, seed from failures")
    return frozenset((_name(target), int(seed)) for target, seed in rows)


def _failure(target: object, signature: object) -> Failure:
    return _name(target), safe_text(shortened(str(signature), 120))


def _day(text: object) -> str:
    return safe_text(shortened(str(text), 40))


def _name(text: object) -> str:
    return safe_text(shortened(str(text), 130))


def _moment(text: object) -> str:
    """A time as it is shown: ``2026-11-28 08:50:40``."""
    return safe_text(shortened(str(text).replace("T", " ", 1).removesuffix("+00:00"), 40))
