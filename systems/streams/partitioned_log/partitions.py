"""What the broker holds: events by partition, how far they are processed, and what came of them.

Records of its log (`splitbrain.systems.log_file`)::

    ("event", partition, event)
    ("output", partition, upto, effects)    events before offset `upto` are done, and gave these

An output and the offset that it stands for are one record, so that neither is there alone.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile

Event = tuple[int, str, int]
"""The number of the request that it stems from, a key, and a number."""

PATH = "log"
_START = 0x4C4F4753  # what the first frame's checksum continues


class Partitions:
    """The log of a broker.

    Attributes:
        events: by partition, in order; the position is the offset.
        committed: by partition, the offset of the first event that is not processed.
        outputs: all effects, in order.
        offsets: by request, where its event is: what tells a repeated request from a new one.
    """

    def __init__(self, disk: Disk, count: int) -> None:
        self._log = LogFile(disk, PATH, _START)
        self.events: list[list[Event]] = [[] for _ in range(count)]
        self.committed = [0] * count
        self.outputs: list[Any] = []
        self.offsets: dict[int, tuple[int, int]] = {}

    async def open(self) -> None:
        """Read what survived, cut off a torn tail, and make both durable."""
        for record in await self._log.open():
            self.apply(record)
        self.remember()

    def remember(self) -> None:
        """Learn from the log which requests are in it."""
        for partition, events in enumerate(self.events):
            for offset, event in enumerate(events):
                self.offsets[event[0]] = partition, offset

    def partition_of(self, key: str) -> int:
        """Where events with a key go."""
        return crc32(key.encode()) % len(self.events)

    def apply(self, record: tuple[Any, ...]) -> None:
        """What a record says is so."""
        match record:
            case ("event", partition, event):
                self.events[partition].append(event)
            case ("output", partition, upto, effects):
                self.committed[partition] = upto
                self.outputs.extend(effects)

    async def append(self, event: Event) -> tuple[int, int]:
        """Put an event at the end of its partition, unless it is there; where it is, once that is
        durable."""
        place = self.offsets.get(event[0])
        if place is None:
            partition = self.partition_of(event[1])
            place = self.offsets[event[0]] = partition, len(self.events[partition])
            self.write(("event", partition, event))
        await self.sync()
        return place

    async def commit(self, partition: int, upto: int, effects: tuple[Any, ...]) -> None:
        """Note how far a partition is processed, with what came of it; return once both are
        durable."""
        self.write(("output", partition, upto, effects))
        await self.sync()

    def write(self, record: tuple[Any, ...]) -> None:
        """Write a record, into the page cache only; it counts at once for who asks the broker."""
        self._log.append([record])
        self.apply(record)

    async def sync(self) -> None:
        """Wait until all that is written now is durable; who waits meanwhile shares the fsync."""
        await self._log.sync()
