"""The engine: a log, memory, and tables in levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import ClassVar

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.batches import decoded
from splitbrain.systems.storage.batches import encoded as batch_encoded
from splitbrain.systems.storage.engine import Batch, Damaged, Engine, Full, Snapshot
from splitbrain.systems.storage.files import write_new
from splitbrain.systems.storage.lsm_tree import levels
from splitbrain.systems.storage.lsm_tree.levels import Merge, Version
from splitbrain.systems.storage.lsm_tree.memory import Memory
from splitbrain.systems.storage.lsm_tree.tables import Entry, Table, encoded, name_of
from splitbrain.systems.storage.server import StorageServer
from splitbrain.systems.storage.witnessed_log import WitnessedLog

LOG = "log"


def told(key: bytes) -> str:
    """A key in a trace."""
    return key.decode(errors="backslashreplace")


class LsmSnapshot:
    """Memory that is not written any more, and tables that are kept as long as it is open."""

    def __init__(self, engine: LsmTree) -> None:
        self._engine = engine
        self.memories = engine.older
        self.version = engine.version

    def scan(self, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """See `splitbrain.systems.storage.engine.Snapshot`."""
        sources = [memory.after(after) for memory in self.memories]
        sources += [table.after(after) for table in self.version.tables()]
        live = ((key, value) for key, value in newest(sources) if value is not None)
        return list(islice(live, limit))

    def close(self) -> None:
        """See `splitbrain.systems.storage.engine.Snapshot`."""
        self._engine.snapshots.pop(self, None)
        self._engine.remove_obsolete()


class LsmTree(Engine):
    """See `splitbrain.systems.storage.lsm_tree`.

    Attributes:
        memory: what is newest, and only in memory and in the log.
        older: memories that are not written any more, the newest first.
        version: the tables.
        snapshots: those that are open.
    """

    memory_bytes: ClassVar[int] = 1 << 20
    table_bytes: ClassVar[int] = 2 << 20
    block_bytes: ClassVar[int] = 4 << 10
    level_bytes: ClassVar[int] = 10 << 20
    most_newest: ClassVar[int] = 3

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self.log = WitnessedLog(disk, LOG)
        self.memory = Memory()
        self.older: tuple[Memory, ...] = ()
        self.version = Version()
        self.snapshots: dict[LsmSnapshot, None] = {}
        self._obsolete: list[Table] = []
        self._installing = False

    async def open(self) -> None:
        """See `Engine.open`."""
        self.version = self.load()
        self._note_levels()
        await self.save(self.version)
        for orphan in levels.orphans(self.disk, self.version):
            self.disk.remove(orphan)
        records = self.log.read()
        for record in records:
            self.memory.apply(decoded(record))
        await self.log.begin(records)

    # Writes

    async def write(self, batches: Sequence[Batch]) -> int:
        """See `Engine.write`."""
        done = 0
        for batch in batches:
            try:
                self.log.append(batch_encoded(batch))
            except Full:
                break
            done += 1
        if done:
            await self.log.sync()
        for batch in batches[:done]:
            self.memory.apply(batch)
            for key in (key for key, value in batch if value is None):
                self.note("deleted", told(key))
        if self.memory.bytes > 4 * self.memory_bytes:
            await self._keep_order()
        return done

    async def settle(self) -> bool:
        """See `Engine.settle`."""
        marked = await self.log.mark()
        return await self._keep_order() and marked

    async def _keep_order(self) -> bool:
        """Write memory out, and merge, where it is time; False if there is no room for it."""
        try:
            if sum(m.bytes for m in (self.memory, *self.older)) > self.memory_bytes:
                await self.flush()
            while (job := levels.due(self.version, self.most_newest, self.level_bytes)) is not None:
                await self.merge(job)
        except Damaged:
            return True  # it goes on with more files; who reads what is damaged is told
        except Full:
            return False
        return True

    # Reads

    def get(self, key: bytes) -> bytes | None:
        """See `Engine.get`."""
        for memory in self.memories():
            if key in memory.entries:
                return memory.entries[key]
        for table in self.version.candidates(key):
            if (entry := table.find(key)) is not None:
                return entry[1]
        return None

    def memories(self) -> tuple[Memory, ...]:
        """What is in memory, the newest first."""
        return (self.memory, *self.older)

    def snapshot(self) -> Snapshot:
        """See `Engine.snapshot`."""
        self.put_aside()
        snapshot = LsmSnapshot(self)
        self.snapshots[snapshot] = None
        return snapshot

    def put_aside(self) -> None:
        """Go on with an empty memory: what is in this one doesn't change any more."""
        if self.memory.entries:
            self.older = (self.memory, *self.older)
            self.memory = Memory()
        if len(self.older) > 4:
            self.older = (Memory(dict(newest([m.after(None) for m in self.older]))),)

    # Files

    async def flush(self) -> None:
        """See `Engine.flush`."""
        self.put_aside()
        entries = list(newest([memory.after(None) for memory in self.older]))
        if entries:
            (table,) = await self.write_tables([entries], self.version.next)
            await self.install(self.version.with_newest(table), [table])
            self.older = ()
        await self.log.begin([])

    async def compact(self) -> None:
        """See `Engine.compact`."""
        await self.flush()
        if (job := levels.of_all(self.version)) is not None:
            await self.merge(job)

    async def merge(self, job: Merge) -> None:
        """Merge tables into a level, and put what comes out in their place.

        Raises:
            Damaged: an input is not what was written; nothing was changed.
            Full: no room; nothing was changed.
            OSError: the disk failed.
        """
        merged = newest([table.after(None) for table in job.inputs])
        kept = [e for e in merged if e[1] is not None or self.keeps_tombstone(e[0], job)]
        outputs = await self.write_tables(_pieces(kept, self.table_bytes), self.version.next)
        following = self.version.next + len(outputs)
        await self.install(self.version.merged(job, outputs, following), outputs)
        self._obsolete += job.inputs
        self.remove_obsolete()

    def keeps_tombstone(self, key: bytes, job: Merge) -> bool:
        """Whether something older of a key may be left that a tombstone must go on hiding."""
        return levels.shadows(self.version, key, job.target)

    async def write_tables(self, pieces: Iterable[Sequence[Entry]], number: int) -> list[Table]:
        """Durable tables of these entries, numbered from `number`.

        Raises:
            Full: no room; there are none.
            OSError: the disk failed.
        """
        written: list[Table] = []
        try:
            for entries in pieces:
                content = encoded(number, entries, self.block_bytes)
                await self.write_file(name_of(number), content)
                written.append(Table(self.disk, number))
                dead = tuple(told(key) for key, value in entries if value is None)
                self.note("table", number, told(entries[0][0]), told(entries[-1][0]), dead)
                number += 1
        except Full:
            self._remove(written)
            raise
        return written

    async def write_file(self, path: str, content: bytes) -> None:
        """Make a durable file."""
        await write_new(self.disk, path, content)

    async def install(self, version: Version, new: Sequence[Table]) -> None:
        """Go on with another version; `new` are the tables that only it has.

        Raises:
            Full: no room for the manifest; the tables are removed again.
            OSError: the disk failed.
        """
        self._installing = True
        try:
            await self.save(version)
        except Full:
            self._remove(new)
            raise
        finally:
            self._installing = False
        self.version = version
        self._note_levels()

    def _note_levels(self) -> None:
        levels = (tuple(t.number for t in level) for level in self.version.levels)
        self.note("levels", tuple(levels))

    async def save(self, version: Version) -> None:
        """Make a version the one that the next start finds; see `levels.save`."""
        await levels.save(self.disk, version)

    def load(self) -> Version:
        """The version that was saved last; see `levels.load`."""
        return levels.load(self.disk)

    def remove_obsolete(self) -> None:
        """Remove the tables that neither the version nor a snapshot has."""
        needed = {table.number for s in self.snapshots for table in s.version.tables()}
        self._remove([table for table in self._obsolete if table.number not in needed])
        self._obsolete = [table for table in self._obsolete if table.number in needed]

    def _remove(self, tables: Iterable[Table]) -> None:
        for table in tables:
            if self.disk.exists(table.path):
                self.disk.remove(table.path)

    def verify(self) -> list[str]:
        """See `Engine.verify`."""
        found = list(levels.problems(self.version))
        expected = [table.number for table in self.version.tables()]
        saved = [table.number for table in self.load().tables()]
        if saved != expected and not self._installing:
            found.append(f"the manifest names the tables {saved}, and {expected} are in use")
        return found


class SmallLsmTree(LsmTree):
    """The engine with files so small that a few writes fill them, as simulated runs need it."""

    memory_bytes = 512
    table_bytes = 128
    block_bytes = 128
    level_bytes = 256


class LsmServer(StorageServer):
    """The engine on the network."""

    engine_class = SmallLsmTree


def newest(sources: Sequence[Iterator[Entry]]) -> Iterator[Entry]:
    """The entries of several sources in order of keys; of a key, that of the first source."""
    ranked = [_ranked(rank, source) for rank, source in enumerate(sources)]
    last: bytes | None = None
    for key, _, value in merge(*ranked, key=lambda entry: entry[:2]):
        if key != last:
            last = key
            yield key, value


def _ranked(rank: int, source: Iterator[Entry]) -> Iterator[tuple[bytes, int, bytes | None]]:
    return ((key, rank, value) for key, value in source)


def _pieces(entries: Sequence[Entry], size: int) -> Iterator[list[Entry]]:
    """The entries in pieces of about so many bytes."""
    piece: list[Entry] = []
    held = 0
    for key, value in entries:
        piece.append((key, value))
        held += len(key) + len(value or b"")
        if held >= size:
            yield piece
            piece, held = [], 0
    if piece:
        yield piece
