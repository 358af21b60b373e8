"""What a hunt remembers, in one SQLite file: each seed that was tried, and groups of failures.

A *cell* is what is hunted in and how: a system, perhaps with a planted bug, under some workloads
and kinds of faults. A seed of a cell has one row, so nothing is counted twice, however often it is
tried or merged; a seed that was handed out and never came back has none, and comes again.

What was drawn for a seed (its workload, the kinds of its faults) has a row of its own, which says
where failures are found among all that was tried, and so has the day on which it was first tried;
memories of before that have none.

A *group* is one failure: a target and a signature. Its smallest plan is tried first by the next
hunt; if that plan passes then, the failure is fixed, and its plan goes on to be tried, as a
regression test. A plan that fails now and not a moment later is flaky: the system depends on more
than its plan.

Each change is committed at once, and SQLite's journal survives a kill, so nothing told is lost; a
power loss may cost the last moments.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.harness.hosttime import timestamp
from splitbrain.harness.hunting.prey import Prey
from splitbrain.harness.hunting.work import Attempt, Small
from splitbrain.harness.runs.folders import StoreError

FORMAT = 3

NEW, KNOWN, FIXED, FLAKY = "new", "known", "fixed", "flaky"
"""A group's state: found by this hunt, by one before, no longer failing, failing now and then."""

_TABLES = """
create table if not exists about (format integer not null);
create table if not exists runs (
    cell text not null, seed integer not null, validity text not null, reason text not null,
    operations integer not null, cpu_seconds real not null,
    primary key (cell, seed)
) without rowid;
create table if not exists drawn (
    cell text not null, seed integer not null, workload text not null, kinds text not null,
    primary key (cell, seed)
) without rowid;
create table if not exists days (
    cell text not null, seed integer not null, day text not null,
    primary key (cell, seed)
) without rowid;
create table if not exists groups (
    target text not null, signature text not null, checker text not null, reason text not null,
    state text not null, first_seen text not null, last_seen text not null,
    plan text not null, folder text not null, faults integer, operations integer,
    failed integer, schedules integer,
    primary key (target, signature)
) without rowid;
create table if not exists failures (
    target text not null, signature text not null, cell text not null, seed integer not null,
    primary key (target, signature, cell, seed)
) without rowid;
"""

# How often a group was seen, and after how many runs of a cell for the first time.
_GROUPS = """
select groups.*,
    (select count(*) from failures
     where target = groups.target and signature = groups.signature),
    (select min((select count(*) from runs where cell = first.cell and seed <= first.seed)) from
        (select cell, min(seed) as seed from failures
         where target = groups.target and signature = groups.signature group by cell) as first)
from groups
"""

# The earlier of two days, so that memories may be merged in any order.
_DAYS = "on conflict (cell, seed) do update set day = min(day, excluded.day)"

_GAPS = """
select seed + 1, following from
    (select seed, lead(seed) over (order by seed) as following from runs
     where cell = ? and seed >= ?)
where following > seed + 1 order by seed
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Failures that are one failure.

    Attributes:
        target: the name of what failed.
        signature: what is the same of them.
        checker: whose verdict it is.
        reason: what it says, of the first one.
        state: `NEW`, `KNOWN`, `FIXED` or `FLAKY`.
        first_seen: when, in UTC.
        last_seen: when, in UTC.
        plan: its smallest plan, as JSON-able data.
        folder: the folder of the run that was made small; empty until it is.
        faults: how many faults its smallest plan has; None until it was made small.
        operations: how many operations; None if it lists none.
        failed: how many of other schedules of that plan fail alike; None until it was made small.
        schedules: how many were tried.
        times: how many seeds failed so.
        first_run: which run of its cell was the first to fail so, from 1.
    """

    target: str
    signature: str
    checker: str
    reason: str
    state: str
    first_seen: str
    last_seen: str
    plan: Mapping[str, Any]
    folder: str
    faults: int | None
    operations: int | None
    failed: int | None
    schedules: int | None
    times: int
    first_run: int


PATIENCE_S = 60.0
"""How long another hunt may keep the file locked, on a machine where all is slow."""


class Memory:
    """The file that remembers. Hunts at the same time may share it: each seed counts once.

    Raises:
        StoreError: (when made) it is no such file, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE_S)
            self._db.execute("pragma journal_mode = wal")
            # Not synced at each commit: that outlives any process, if not the power.
            self._db.execute("pragma synchronous = normal")
            format_ = self._format()
            if format_ == FORMAT:
                self._db.executescript(_TABLES)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path} can't be used as the memory of hunts: {error}") from None
        if format_ != FORMAT:
            raise StoreError(
                f"{path} has format {format_}, this version writes {FORMAT}: give another --memory"
            )

    def _format(self) -> int:
        self._db.execute("create table if not exists about (format integer not null)")
        row = self._db.execute("select format from about").fetchone()
        if row is None:
            self._db.execute("insert into about values (?)", (FORMAT,))
            return FORMAT
        return int(row[0])

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Do it.

        Raises:
            StoreError: the disk is full, say, or somebody else keeps the file locked.
        """
        try:
            return self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} can't be used as the memory of hunts: {error}") from None

    def begin(self) -> None:
        """What an earlier hunt found is new no more."""
        self._execute("update groups set state = ? where state = ?", (KNOWN, NEW))

    # Seeds

    def untried(self, target: Prey, first: int = 0) -> Iterator[int]:
        """The seeds from `first` on that have not been tried, without end; gaps come first."""
        return self._untried(target.cell, first)

    def _untried(self, cell: str, first: int) -> Iterator[int]:
        least, most = self._execute(
            "select min(seed), max(seed) from runs where cell = ? and seed >= ?", (cell, first)
        ).fetchone()
        if least is None:
            yield from count(first)
            return
        yield from range(first, least)
        for begin, end in self._execute(_GAPS, (cell, first)).fetchall():
            yield from range(begin, end)
        yield from count(most + 1)

    def count(self, attempt: Attempt) -> bool:
        """Keep what came of a seed; False if it is known already."""
        judged = attempt.validity in ("valid", "invalid")
        row = (
            attempt.target.cell,
            attempt.plan["seed"],
            attempt.validity,
            "" if judged else attempt.reason,
            attempt.operations,
            attempt.seconds,
        )
        # First what it was: a kill between the two leaves a row that nobody counts.
        self._execute("insert or ignore into drawn values (?, ?, ?, ?)", _drawn(attempt))
        dated = (attempt.target.cell, attempt.plan["seed"], timestamp()[: len("2026-11-28")])
        self._execute(f"insert into days values (?, ?, ?) {_DAYS}", dated)
        made = self._execute("insert or ignore into runs values (?, ?, ?, ?, ?, ?)", row)
        return made.rowcount == 1

    def tried(self, target: Prey) -> int:
        """How many seeds were tried of a target's cell."""
        found = self._execute("select count(*) from runs where cell = ?", (target.cell,))
        return int(found.fetchone()[0])

    # Groups

    def group(self, attempt: Attempt) -> Group:
        """Add a failing attempt to its group, which is new if there was none."""
        now, name = timestamp(), attempt.target.name
        self._execute(
            "insert into groups values (?, ?, ?, ?, ?, ?, ?, ?, '', null, null, null, null) "
            "on conflict (target, signature) do nothing",
            (
                name,
                attempt.signature,
                attempt.checker,
                attempt.reason,
                NEW,
                now,
                now,
                _text(attempt.plan),
            ),
        )
        self._execute(
            "insert or ignore into failures values (?, ?, ?, ?)",
            (name, attempt.signature, attempt.target.cell, attempt.plan["seed"]),
        )
        return self.seen(name, attempt.signature)

    def seen(self, target: str, signature: str) -> Group:
        """A group failed again just now: what was fixed is known once more."""
        self._execute(
            "update groups set last_seen = ?, "
            f"state = case state when '{FIXED}' then '{KNOWN}' else state end "
            "where target = ? and signature = ?",
            (timestamp(), target, signature),
        )
        return self._one(target, signature)

    def made_small(self, group: Group, small: Small) -> Group:
        """Keep the smallest plan of a group; one that did not fail again is flaky."""
        self._execute(
            "update groups set plan = ?, folder = ?, faults = ?, operations = ?, state = ?, "
            "failed = ?, schedules = ? "
            "where target = ? and signature = ?",
            (
                _text(small.plan),
                small.folder,
                small.faults,
                small.operations,
                FLAKY if small.problem and small.folder else group.state,
                *(small.often or (None, None)),
                group.target,
                group.signature,
            ),
        )
        return self._one(group.target, group.signature)

    def set_state(self, group: Group, state: str) -> Group:
        """What became of a group."""
        self._execute(
            "update groups set state = ? where target = ? and signature = ?",
            (state, group.target, group.signature),
        )
        return self._one(group.target, group.signature)

    def groups(self, target: str | None = None) -> list[Group]:
        """All groups, or those of a target of this name, the oldest first."""
        rows = self._execute(
            f"{_GROUPS} where ?1 is null or target = ?1 order by first_seen, target, signature",
            (target,),
        )
        return [_group(row) for row in rows]

    # Merging

    def put(self, group: Group) -> None:
        """Keep a group as it is; how often it was seen is counted, not taken from it."""
        row = (
            group.target,
            group.signature,
            group.checker,
            group.reason,
            group.state,
            group.first_seen,
            group.last_seen,
            _text(group.plan),
            group.folder,
            group.faults,
            group.operations,
            group.failed,
            group.schedules,
        )
        self._execute(f"insert or replace into groups values ({_places(len(row))})", row)

    def add_all(self, other: Memory) -> list[tuple[str, str, int, float, str]]:
        """Add all seeds and failures of another memory, but not its groups.

        Returns:
            Of each seed that was not known: cell, validity, operations, CPU seconds, reason.
        """
        new = "from other.runs as theirs where not exists (select 1 from main.runs as mine "
        new += "where mine.cell = theirs.cell and mine.seed = theirs.seed)"
        self._execute("attach database ? as other", (str(other.path),))
        try:
            self._execute("begin immediate")
            found = self._execute(
                f"select cell, validity, operations, cpu_seconds, reason {new} order by cell, seed"
            ).fetchall()
            self._execute(f"insert into main.runs select * {new}")
            self._execute("insert or ignore into main.drawn select * from other.drawn")
            self._execute(f"insert into main.days select * from other.days where true {_DAYS}")
            self._execute("insert or ignore into main.failures select * from other.failures")
            self._execute("commit")
        finally:
            self._execute("detach database other")
        return found

    def _one(self, target: str, signature: str) -> Group:
        found = self._execute(f"{_GROUPS} where target = ? and signature = ?", (target, signature))
        return _group(found.fetchone())


def _drawn(attempt: Attempt) -> tuple[str, int, str, str]:
    """What was drawn for a seed: cell, seed, workload, and the kinds of its faults."""
    plan = attempt.plan
    kinds = " ".join(sorted({fault["kind"] for fault in plan.get("faults", ())}))
    return attempt.target.cell, plan["seed"], plan.get("workload", ""), kinds


def _group(row: tuple[Any, ...]) -> Group:
    fields = list(row)
    plan = Group.__match_args__.index("plan")
    fields[plan] = msgspec.json.decode(fields[plan])
    return Group(*fields)


def _places(number: int) -> str:
    return ", ".join("?" * number)


def _text(plan: Mapping[str, Any]) -> str:
    return msgspec.json.encode(plan).decode()
