"""What a hunt remembers, in one SQLite file: groups of failures, and which seeds were tried.

A *group* is one failure: a target and a signature. Its smallest plan is tried first by the next
hunt; if that plan passes then, the failure is fixed, and its plan goes on to be tried, as a
regression test. A plan that fails now and not a moment later is flaky: the system depends on more
than its plan.

Each change is committed at once, and SQLite's journal survives a kill, so nothing told is lost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.harness.hosttime import timestamp
from splitbrain.harness.hunting.drawing import Target
from splitbrain.harness.hunting.work import Attempt, Small
from splitbrain.harness.runs.store import StoreError

FORMAT = 1

NEW, KNOWN, FIXED, FLAKY = "new", "known", "fixed", "flaky"
"""A group's state: found by this hunt, by one before, no longer failing, failing now and then."""

_TABLES = """
create table if not exists about (format integer not null);
create table if not exists targets (
    target text primary key, next_seed integer not null, runs integer not null,
    valid integer not null, unknown integer not null, errors integer not null,
    operations integer not null, cpu_seconds real not null
) without rowid;
create table if not exists groups (
    target text not null, signature text not null, checker text not null, reason text not null,
    state text not null, first_seen text not null, last_seen text not null, times integer not null,
    first_run integer not null, plan text not null, folder text not null, faults integer,
    operations integer,
    primary key (target, signature)
) without rowid;
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
        times: how many plans failed so.
        first_run: which run of the target was the first to fail so, from 1.
        plan: its smallest plan, as JSON-able data.
        folder: the folder of the run that was made small; empty until it is.
        faults: how many faults its smallest plan has; None until it was made small.
        operations: how many operations; None if it lists none.
    """

    target: str
    signature: str
    checker: str
    reason: str
    state: str
    first_seen: str
    last_seen: str
    times: int
    first_run: int
    plan: Mapping[str, Any]
    folder: str
    faults: int | None
    operations: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What was tried of a target, in all hunts: `unknown` and `errors` are no failures."""

    target: str
    next_seed: int
    runs: int
    valid: int
    unknown: int
    errors: int
    operations: int
    cpu_seconds: float


class Memory:
    """The file that remembers. One hunt at a time may write to it."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=5)
            self._db.execute("pragma journal_mode = wal")
            self._db.executescript(_TABLES)
            row = self._db.execute("select format from about").fetchone()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path} can't be used as the memory of hunts: {error}") from None
        if row is None:
            self._db.execute("insert into about values (?)", (FORMAT,))
        elif row[0] != FORMAT:
            raise StoreError(
                f"{path} has format {row[0]}, this version writes {FORMAT}: give another --memory"
            )

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def tally(self, target: Target) -> Tally:
        """What was tried of a target; nothing, if it is new."""
        row = self._db.execute("select * from targets where target = ?", (target.name,)).fetchone()
        return Tally(*row) if row else Tally(target.name, 0, 0, 0, 0, 0, 0, 0.0)

    def take_seeds(self, target: Target, count: int) -> range:
        """The next seeds that no hunt has tried; they count as tried from now on."""
        first = self.tally(target).next_seed
        self._db.execute(
            "insert into targets values (?, ?, 0, 0, 0, 0, 0, 0) "
            "on conflict (target) do update set next_seed = excluded.next_seed",
            (target.name, first + count),
        )
        return range(first, first + count)

    def start_at(self, target: Target, seed: int) -> None:
        """Go on from this seed, if no hunt has come as far yet."""
        self.take_seeds(target, max(0, seed - self.tally(target).next_seed))

    def count(self, attempt: Attempt) -> None:
        """Add an attempt to its target's tally."""
        self._db.execute(
            "update targets set runs = runs + 1, valid = valid + ?, unknown = unknown + ?, "
            "errors = errors + ?, operations = operations + ?, cpu_seconds = cpu_seconds + ? "
            "where target = ?",
            (
                attempt.validity == "valid",
                attempt.validity == "unknown",
                attempt.validity == "error",
                attempt.operations,
                attempt.seconds,
                attempt.target.name,
            ),
        )

    def group(self, attempt: Attempt) -> Group:
        """Add a failing attempt to its group, which is new if there was none."""
        now = timestamp()
        runs = self.tally(attempt.target).runs
        self._db.execute(
            "insert into groups values (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, '', null, null) "
            "on conflict (target, signature) do update "
            "set times = times + 1, last_seen = excluded.last_seen, "
            f"state = case state when '{FIXED}' then '{KNOWN}' else state end",
            (
                attempt.target.name,
                attempt.signature,
                attempt.checker,
                attempt.reason,
                NEW,
                now,
                now,
                runs,
                _text(attempt.plan),
            ),
        )
        return self._one(attempt.target.name, attempt.signature)

    def made_small(self, group: Group, small: Small) -> Group:
        """Keep the smallest plan of a group; one that did not fail again is flaky."""
        self._db.execute(
            "update groups set plan = ?, folder = ?, faults = ?, operations = ?, state = ? "
            "where target = ? and signature = ?",
            (
                _text(small.plan),
                small.folder,
                small.faults,
                small.operations,
                FLAKY if small.problem and small.folder else group.state,
                group.target,
                group.signature,
            ),
        )
        return self._one(group.target, group.signature)

    def set_state(self, group: Group, state: str) -> Group:
        """What became of a group."""
        self._db.execute(
            "update groups set state = ? where target = ? and signature = ?",
            (state, group.target, group.signature),
        )
        return self._one(group.target, group.signature)

    def groups(self, target: Target | None = None) -> Iterator[Group]:
        """All groups, or those of one target, the oldest first."""
        rows = self._db.execute(
            "select * from groups where ?1 is null or target = ?1 order by first_seen, signature",
            (target.name if target else None,),
        )
        for row in rows.fetchall():
            yield _group(row)

    def _one(self, target: str, signature: str) -> Group:
        return _group(
            self._db.execute(
                "select * from groups where target = ? and signature = ?", (target, signature)
            ).fetchone()
        )


def _group(row: tuple[Any, ...]) -> Group:
    fields = list(row)
    fields[9] = msgspec.json.decode(fields[9])
    return Group(*fields)


def _text(plan: Mapping[str, Any]) -> str:
    return msgspec.json.encode(plan).decode()
