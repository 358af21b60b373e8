"""What a broker has on disk: the entries of all its partitions in one log, and cuts.

Records (`splitbrain.systems.log_file`)::

    ("entry", partition, entry)
    ("cut", partition, end)        entries from that offset on are gone
    ("gone", partition, buried)    compaction has taken these away
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.streams.replicated_log.partition import Buried, Entry, Partition

_START = 0x42524B52  # what the first frame's checksum continues


class Store:
    """The partitions of one broker.

    Attributes:
        partitions: by number.
    """

    def __init__(self, disk: Disk, count: int, made: type[Partition]) -> None:
        self._log = LogFile(disk, "entries", _START)
        self.partitions = [made() for _ in range(count)]

    async def open(self) -> None:
        """Read what survived; all of it is durable then."""
        for kind, number, what in await self._log.open():
            if kind == "entry":
                self.partitions[number].append(Entry(*what))
            elif kind == "gone":
                self.partitions[number].bury(what)
            else:
                self.partitions[number].cut(what)
        for partition in self.partitions:
            partition.durable = partition.end

    def append(self, number: int, entries: Iterable[Entry]) -> int:
        """Put entries at the end of a partition, in the page cache only; the last one's offset."""
        kept = list(entries)
        self._log.append(("entry", number, tuple(entry)) for entry in kept)
        for entry in kept:
            self.partitions[number].append(entry)
        return self.partitions[number].end - 1

    def cut(self, number: int, end: int) -> None:
        """Forget the entries of a partition from an offset on."""
        self._log.append([("cut", number, end)])
        self.partitions[number].cut(end)

    def bury(self, number: int, gone: Sequence[Buried]) -> None:
        """Have compaction take entries of a partition away. Nobody waits for that to be durable:
        after a crash they are there again, all of them."""
        self._log.append([("gone", number, tuple(gone))])
        self.partitions[number].bury(gone)

    async def sync(self) -> None:
        """Wait until all that was appended before is durable; who waits meanwhile shares the
        fsync."""
        ends = [(partition, partition.end, partition.cuts) for partition in self.partitions]
        await self._log.sync()
        for partition, end, cuts in ends:
            if partition.cuts == cuts:
                partition.durable = max(partition.durable, end)
