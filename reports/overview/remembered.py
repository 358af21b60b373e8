"""What hunts remember of a folder: most runs of a hunt are not kept, and count all the same.

A hunt writes each seed that it tried into its memory, and folders of failures alone, one for each.
How often something fails, and what could not be decided, is thus told by the memory. It is only
read, also while a hunt writes to it: nothing is made beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
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
        problem: why the memory can't be read, in a sentence.
    """

    told: str = ""
    failures: Mapping[tuple[str, str], Seen] = field(default_factory=dict)
    unknown: tuple[tuple[str, str, int], ...] = ()
    drawn: Mapping[Drawn, tuple[int, int]] = field(default_factory=dict)
    kept: frozenset[tuple[str, int]] = frozenset()
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
    return Remembered(
        _told(tried), _failures(memory, tried), _unknown(memory), _drawn(memory), _kept(memory)
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
) -> dict[tuple[str, str], Seen]:
    rows = memory.execute(
        "select target, signature, first_seen, last_seen, state, (select count(*) from failures "
        "where target = groups.target and signature = groups.signature) from groups"
    )
    return {
        (_name(target), safe_text(shortened(str(signature), 120))): Seen(
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
    there = "select count(*) from sqlite_master where name = 'drawn'"
    if not memory.execute(there).fetchone()[0]:
        return {}  # a memory of before that
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


def _name(text: object) -> str:
    return safe_text(shortened(str(text), 130))


def _moment(text: object) -> str:
    """A time as it is shown: ``2026-11-28 08:50:40``."""
    return safe_text(shortened(str(text).replace("T", " ", 1).removesuffix("+00:00"), 40))
