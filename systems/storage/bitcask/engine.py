"""The engine: segments on disk, and an index in memory of where each key's value is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.batches import encoded
from splitbrain.systems.storage.bitcask.segments import (
    DELETED,
    Place,
    closed_contents,
    contents,
    data_name,
    hint_name,
    hint_of,
    hinted,
    numbers,
    places,
    read_batch,
)
from splitbrain.systems.storage.engine import Batch, Damaged, Engine, Full
from splitbrain.systems.storage.files import write_new
from splitbrain.systems.storage.server import StorageServer
from splitbrain.systems.storage.witness import name_of as witness_name
from splitbrain.systems.storage.witnessed_log import WitnessedLog

STEP = 2
"""Between the numbers of active segments: what is merged gets the number behind its inputs."""

CHUNK = 64
"""Keys in one record of a segment that a merge writes."""


class IndexSnapshot:
    """The index at one moment; the segments that it leads to are kept as long as it is open."""

    def __init__(self, engine: Bitcask) -> None:
        self._engine = engine
        self.index: Mapping[bytes, Place] = dict(engine.index)
        self._keys = sorted(self.index)

    def scan(self, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """See `splitbrain.systems.storage.engine.Snapshot`."""
        behind = (key for key in self._keys if after is None or key > after)
        chosen = [key for key, _ in zip(behind, range(limit), strict=False)]
        return [(key, self._engine.value(key, self.index[key])) for key in chosen]

    def close(self) -> None:
        """See `splitbrain.systems.storage.engine.Snapshot`."""
        self._engine.snapshots.pop(self, None)


class Bitcask(Engine):
    """See `splitbrain.systems.storage.bitcask`.

    Attributes:
        index: where the value of each key is.
        active: the segment that is appended to, and its number.
        closed: the others' numbers, the oldest first.
        snapshots: those that are open.
    """

    segment_bytes: ClassVar[int] = 64 << 20
    most_closed: ClassVar[int] = 8

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self.index: dict[bytes, Place] = {}
        self.number = 0
        self.active = WitnessedLog(disk, data_name(0))
        self.closed: list[int] = []
        self.snapshots: dict[IndexSnapshot, None] = {}
        self._obsolete: list[int] = []

    async def open(self) -> None:
        """See `Engine.open`."""
        found = numbers(self.disk)
        self.closed = found[:-1]
        for number in self.closed:
            known = hinted(self.disk, number)
            if known is None:
                known = dict(places(number, closed_contents(self.disk, number)))
            self._learn(known)
        # What the page cache shows of the last segment need not be on the platter.
        number = found[-1] if found else STEP
        last = WitnessedLog(self.disk, data_name(number))
        await self._begin(number, last, last.read())

    def _learn(self, known: Mapping[bytes, Place]) -> None:
        for key, place in known.items():
            if place.position == DELETED:
                self.index.pop(key, None)
            else:
                self.index[key] = place

    async def _begin(self, number: int, active: WitnessedLog, records: Sequence[bytes]) -> None:
        """Go on in another segment, which begins with these records."""
        await active.begin(records)
        self.number, self.active = number, active
        for key, place in places(number, contents(self.disk, number)):
            self._learn({key: place})

    async def write(self, batches: Sequence[Batch]) -> int:
        """See `Engine.write`."""
        done: list[tuple[Batch, Place]] = []
        chain = self.active.chain
        for batch in batches:
            start = chain.end
            try:
                self.active.append(encoded(batch))
            except Full:
                break
            frame = Place(self.number, start, chain.end - start, DELETED, chain.checksum)
            done.append((batch, frame))
        if not done:
            return 0
        await self.active.sync()
        for batch, frame in done:
            for position, (key, value) in enumerate(batch):
                self._learn({key: frame if value is None else frame._replace(position=position)})
        return len(done)

    async def settle(self) -> bool:
        """See `Engine.settle`."""
        settled = await self.active.mark()
        try:
            if len(self.closed) > self.most_closed:
                await self.compact()
            elif self.active.chain.end > self.segment_bytes:
                await self.flush()
            await self._remove_obsolete()
        except Damaged:
            return settled  # it goes on with more files; who reads what is damaged is told
        except Full:
            return False
        return settled

    # Reads

    def get(self, key: bytes) -> bytes | None:
        """See `Engine.get`."""
        place = self.index.get(key)
        return None if place is None else self.value(key, place)

    def value(self, key: bytes, place: Place) -> bytes:
        """The value of a key, which is at this place.

        Raises:
            Damaged: it is not what was written.
        """
        batch = read_batch(self.disk, place)
        if place.position >= len(batch) or batch[place.position][0] != key:
            raise Damaged(f"{data_name(place.segment)}: another key at byte {place.start:,}")
        value = batch[place.position][1]
        assert value is not None, "a deleted key has no place"
        return value

    def snapshot(self) -> IndexSnapshot:
        """See `Engine.snapshot`."""
        snapshot = IndexSnapshot(self)
        self.snapshots[snapshot] = None
        return snapshot

    # Segments

    async def flush(self) -> None:
        """See `Engine.flush`: close the active segment, with a hint, and begin another one."""
        number = self.number
        if not await self.active.mark():
            raise Full("no room for the mark that closes a segment")
        await self.active.sync()  # so that nothing comes back that was cut off behind the mark
        size = self.active.chain.end
        newest = dict(places(number, contents(self.disk, number)))
        following = number + STEP
        await self._begin(following, WitnessedLog(self.disk, data_name(following)), [])
        self.closed.append(number)
        await self.write_hint(number, size, newest)

    async def write_hint(self, number: int, size: int, newest: dict[bytes, Place]) -> None:
        """Write a hint, if there is room; a start can do without."""
        try:
            await write_new(self.disk, hint_name(number), hint_of(number, size, newest))
        except Full:
            return

    async def compact(self) -> None:
        """See `Engine.compact`."""
        await self.flush()
        await self._merge()
        await self._remove_obsolete()

    async def _merge(self) -> None:
        """Write what is still valid of all closed segments into another one, behind them and before
        the active one; the last of them has just been closed, so that there is a number between.

        Then they are obsolete. They are removed the oldest first, so that a delete is never gone
        before what it deletes.
        """
        for number in self.closed:
            closed_contents(self.disk, number)  # what is damaged is not merged away
        merged = self.closed[-1] + 1
        kept = {key: place for key, place in self.index.items() if place.segment in self.closed}
        await self.write_segment(merged, list(self._records(kept)))
        newest = self._read_again(merged, kept)
        self._learn({key: place for key, place in newest.items() if self.index[key] == kept[key]})
        self._obsolete += self.closed
        self.closed = [merged]
        await self.write_hint(merged, self.disk.size(data_name(merged)), newest)

    def _read_again(self, merged: int, kept: Mapping[bytes, Place]) -> dict[bytes, Place]:
        """The places in the segment that a merge has written, before its inputs are removed.

        Raises:
            Damaged: it does not have what it should; it is removed.
        """
        try:
            newest = dict(places(merged, contents(self.disk, merged)))
            if newest.keys() != kept.keys():
                raise Damaged(f"{data_name(merged)} has other keys than were written")
        except Damaged:
            self.disk.remove(data_name(merged))
            raise
        return newest

    async def _remove_obsolete(self) -> None:
        """Remove the segments that a merge has replaced, unless a snapshot needs them."""
        while self._obsolete and not self.snapshots:
            number = self._obsolete.pop(0)
            for beside in (hint_name(number), witness_name(data_name(number))):
                if self.disk.exists(beside):
                    self.disk.remove(beside)
            self.disk.remove(data_name(number))
            await self.disk.fsync_dir()

    def _records(self, kept: Mapping[bytes, Place]) -> Iterator[bytes]:
        values = [(key, self.value(key, place)) for key, place in sorted(kept.items())]
        for start in range(0, len(values), CHUNK):
            yield encoded(values[start : start + CHUNK])

    async def write_segment(self, number: int, records: Sequence[bytes]) -> None:
        """Make a durable segment of these records."""
        await WitnessedLog(self.disk, data_name(number)).begin(records)

    def verify(self) -> list[str]:
        """See `Engine.verify`."""
        found = []
        for number in self.closed:
            read = dict(places(number, closed_contents(self.disk, number)))
            known = hinted(self.disk, number)
            if known is not None and known != read:
                found.append(f"{hint_name(number)} does not tell what is in its segment")
        for key, place in self.index.items():
            if place.segment not in (*self.closed, self.number):
                found.append(f"{key!r} is in segment {place.segment}, which is not there")
            self.value(key, place)
        return found


class SmallBitcask(Bitcask):
    """The engine with segments that are soon full, as simulated runs need it."""

    segment_bytes = 1024
    most_closed = 3


class BitcaskServer(StorageServer):
    """The engine on the network."""

    engine_class = SmallBitcask
