"""Planted bugs of the LSM tree: the tree as it is, with one thing wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Clock
from splitbrain.systems.storage.engine import Batch, Engine, Snapshot
from splitbrain.systems.storage.files import write_all
from splitbrain.systems.storage.lsm_tree.engine import LsmServer, LsmSnapshot, SmallLsmTree
from splitbrain.systems.storage.lsm_tree.levels import Merge, Version
from splitbrain.systems.storage.lsm_tree.memory import Memory
from splitbrain.systems.storage.lsm_tree.tables import Table


class DropsTombstones(SmallLsmTree):
    """Drops tombstones in every merge."""

    def keeps_tombstone(self, key: bytes, job: Merge) -> bool:
        """Never."""
        return False


class TrustsCache(SmallLsmTree):
    """Takes a table that is written for durable."""

    async def write_file(self, path: str, content: bytes) -> None:
        """Leave it to the operating system when it reaches the disk."""
        if self.disk.exists(path):
            self.disk.truncate(path, 0)
        write_all(self.disk, path, 0, content)


class ListsDirectory(SmallLsmTree):
    """Has no manifest: all tables that are there count, the newer before the older."""

    async def save(self, version: Version) -> None:
        """There is nothing to save."""

    def load(self) -> Version:
        """What is in the directory."""
        numbers = [int(name[:-4]) for name in self.disk.list() if name.endswith(".sst")]
        tables = tuple(Table(self.disk, number) for number in sorted(numbers, reverse=True))
        return Version((tables,), max(numbers, default=0) + 1)


class LatestByClock(SmallLsmTree):
    """Of two writes of a key the one with the later time wins, by the wall clock."""

    clock: Clock

    def __init__(self, disk: Any) -> None:
        super().__init__(disk)
        self._times: dict[bytes, float] = {}

    async def write(self, batches: Sequence[Batch]) -> int:
        """Leave out what is older than what is there."""
        now = self.clock.time()
        kept = [[w for w in batch if self._times.get(w[0], -inf) < now] for batch in batches]
        self._times.update((key, now) for batch in kept for key, _ in batch)
        return await super().write(kept)


class ClockServer(LsmServer):
    """Lets the engine know its node's clock."""

    engine_class = LatestByClock

    def make_engine(self) -> Engine:
        """With the clock."""
        engine = LatestByClock(self.node.disk)
        engine.clock = self.node.clock
        return engine


class ForgetsOlder(SmallLsmTree):
    """Gets look into the memory that is written and into tables, not into what is in between."""

    def memories(self) -> tuple[Memory, ...]:
        """The newest alone."""
        return (self.memory,)


class LiveScan:
    """Looks at the tree as it is, page by page."""

    def __init__(self, engine: ScansLive) -> None:
        self._engine = engine

    def scan(self, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """What is there now."""
        self._engine.put_aside()
        return LsmSnapshot(self._engine).scan(after, limit)

    def close(self) -> None:
        """Nothing was kept."""


class ScansLive(SmallLsmTree):
    """Its snapshots are none."""

    def snapshot(self) -> Snapshot:
        """See `LiveScan`."""
        return LiveScan(self)


def _bug(
    id: str,
    title: str,
    server: type[LsmServer],
    faults: tuple[str, ...],
    shows: tuple[str, ...],
    source: str,
    options: Mapping[str, Any] | None = None,
) -> Bug:
    return Bug(id, title, server, "store", faults, 1, 60, shows, source, options=options or {})


def _with(engine: type[SmallLsmTree]) -> type[LsmServer]:
    return planted(LsmServer, engine_class=engine)


BUGS: tuple[Bug, ...] = (
    _bug(
        "LSM-01",
        "a merge drops tombstones though a level below has their keys",
        _with(DropsTombstones),
        ("process.kill",),
        ("resurrected", "lost", "nonlinearizable"),
        "DDIA chapter 3; design of LevelDB (tombstones and base levels)",
    ),
    _bug(
        "LSM-02",
        "the inputs of a merge, and the log, are removed before the new table is durable",
        _with(TrustsCache),
        ("process.power_loss",),
        ("no-progress", "lost", "nonlinearizable"),
        "seen in a public teaching implementation",
    ),
    _bug(
        "LSM-03",
        "there is no manifest: a start finds inputs and outputs of a merge, and mixes them",
        _with(ListsDirectory),
        ("process.power_loss",),
        ("resurrected", "lost", "broken", "nonlinearizable"),
        "seen in a public teaching implementation",
    ),
    _bug(
        "LSM-04",
        "of two writes the one with the later wall-clock time wins",
        ClockServer,
        ("clock.bump",),
        ("lost", "resurrected", "nonlinearizable"),
        "DDIA chapter 8, Timestamps for ordering events",
    ),
    _bug(
        "LSM-05",
        "a get misses what is not written any more and not yet in a table",
        _with(ForgetsOlder),
        ("process.kill",),
        ("lost", "resurrected", "nonlinearizable"),
        "LevelDB's immutable memtable",
    ),
    _bug(
        "LSM-07",
        "a scan looks at the tree as it is, page by page, and sees half a batch",
        _with(ScansLive),
        ("process.pause",),
        ("fractured", "hole"),
        "seen in a public teaching implementation",
    ),
)
