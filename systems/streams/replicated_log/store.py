"""What a broker has on disk: the entries of all its partitions in one log, and cuts.

Records (`splitbrain.systems.log_file`)::

    ("entry", partition, entry)
    ("cut", partition, end)        entries from that offset on are gone
    ("gone", partition, buried)    compaction has taken these away
    ("start", partition, offset)   entries before that offset are forgotten
    ("base", partition, base)      nothing is there but what is left of them (`Base`)

Once more is forgotten than is there, the file is written anew without that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import trio

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.streams.replicated_log.partition import Base, Buried, Entry, Partition

_START = 0x42524B52  # what the first frame's checksum continues


class Store:
    """The partitions of one broker.

    Attributes:
        partitions: by number.
        least: so many entries at least are to be forgotten before the file is written anew.
    """

    least = 32

    def __init__(self, disk: Disk, count: int, made: type[Partition]) -> None:
        self._log = LogFile(disk, "entries", _START)
        self.partitions = [made() for _ in range(count)]
        self._forgotten = 0
        self._held: list[tuple[Any, ...]] | None = None
        self._shortened = trio.Event()

    async def open(self) -> None:
        """Read what survived; all of it is durable then."""
        for kind, number, what in await self._log.open():
            if kind == "entry":
                self.partitions[number].append(Entry(*what))
            elif kind == "gone":
                self.partitions[number].bury(what)
            elif kind == "start":
                self._forgotten += what - self.partitions[number].start
                self.partitions[number].forget(what)
            elif kind == "base":
                self.partitions[number].restore(Base(*what))
            else:
                self.partitions[number].cut(what)
        for partition in self.partitions:
            partition.durable = partition.end

    def append(self, number: int, entries: Iterable[Entry]) -> int:
        """Put entries at the end of a partition, in the page cache only; the last one's offset."""
        kept = list(entries)
        self._write(("entry", number, tuple(entry)) for entry in kept)
        for entry in kept:
            self.partitions[number].append(entry)
        return self.partitions[number].end - 1

    def cut(self, number: int, end: int) -> None:
        """Forget the entries of a partition from an offset on."""
        self._write([("cut", number, end)])
        self.partitions[number].cut(end)

    def bury(self, number: int, gone: Sequence[Buried]) -> None:
        """Have compaction take entries of a partition away. Nobody waits for that to be durable:
        after a crash they are there again, all of them."""
        self._write([("gone", number, tuple(gone))])
        self.partitions[number].bury(gone)

    def forget(self, number: int, start: int) -> None:
        """Forget the entries of a partition before an offset. Nobody waits for that, either."""
        self._write([("start", number, start)])
        self._forgotten += start - self.partitions[number].start
        self.partitions[number].forget(start)

    def restore(self, number: int, base: Base) -> None:
        """Begin a partition where another broker's begins."""
        self._write([("base", number, tuple(base))])
        self._forgotten += len(self.partitions[number].entries)
        self.partitions[number].restore(base)

    @property
    def is_long(self) -> bool:
        """Whether more is forgotten in the file than is there."""
        there = sum(len(partition.entries) for partition in self.partitions)
        return self._held is None and self._forgotten > max(there, self.least)

    async def shorten(self) -> None:
        """Write the file anew, without what is forgotten. What is written meanwhile comes behind
        it, and is not durable before."""
        self._held, self._forgotten = [], 0
        await self._log.replace(list(self._present()))
        self._log.append(self._held)
        self._held = None
        self._shortened.set()
        self._shortened = trio.Event()

    def _present(self) -> Iterator[tuple[Any, ...]]:
        for number, partition in enumerate(self.partitions):
            yield ("base", number, tuple(partition.base))
            for entry in partition.entries:
                yield ("entry", number, tuple(entry))

    def _write(self, records: Iterable[tuple[Any, ...]]) -> None:
        if self._held is None:
            self._log.append(records)
        else:
            self._held.extend(records)

    async def sync(self) -> None:
        """Wait until all that was appended before is durable; who waits meanwhile shares the
        fsync."""
        ends = [(partition, partition.end, partition.cuts) for partition in self.partitions]
        while self._held is not None:
            await self._shortened.wait()
        await self._log.sync()
        for partition, end, cuts in ends:
            if partition.cuts == cuts:
                partition.durable = max(partition.durable, end)
