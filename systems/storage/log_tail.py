"""A write-ahead log read by somebody else, while the store writes it: what is new, and where.

A *position* is a place in all the logs that there ever were under one name: the log's epoch
(`splitbrain.systems.storage.witnessed_log`), then the frame's number in it, as one number::

    log 3   [3, 6 frames] [k1=a k2=b] [k3=c] [mark] [mark]   [k1=d] [del k2]
                                             3000000006      ...07  ...08

Later is greater. A log that is written anew begins with the data as they were where the one before
ended: who had read that one to its end goes on behind what the new one begins with. Who had not
misses which keys are gone, since the new log has only what there is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.batches import decoded
from splitbrain.systems.storage.files import read_all
from splitbrain.systems.storage.frames import Chain, frame_at, previous_of
from splitbrain.systems.storage.witnessed_log import WitnessedLog, heading, read_log

LOG = 10**9
"""Positions of one log; more frames than one ever has."""


class Record(NamedTuple):
    """A batch of writes, and its place."""

    position: int
    batch: tuple[tuple[bytes, bytes | None], ...]


class FollowedLog(WitnessedLog):
    """A log that says where it is, and where the one before it ended.

    Attributes:
        before: the position of the last record of the log that this one took the place of, as far
            as this process knows: 0 if there was none.
        begun: the position behind what this one began with.
    """

    def __init__(self, disk: Disk, path: str) -> None:
        super().__init__(disk, path)
        self.before = 0
        self.begun = 0
        self._last = 0

    @property
    def end(self) -> int:
        """Up to where it is durable: its last record, while none is being written."""
        return self.epoch * LOG + min(self._last, self.chain.synced)

    @property
    def written(self) -> int:
        """Up to where it is written."""
        return self.epoch * LOG + self.chain.sequence

    def read(self) -> list[bytes]:
        """See `WriteAheadLog.read`."""
        if not self.disk.exists(self.path):
            return []
        found = read_log(self.disk, self.path)
        self.epoch = found.epoch
        self._last = found.records[-1].sequence if found.records else 1
        return [frame.payload for frame in found.records]

    def append(self, record: bytes) -> None:
        """See `WriteAheadLog.append`."""
        super().append(record)
        if record:
            self._last = self.chain.sequence

    async def begin(self, records: Iterable[bytes]) -> None:
        """See `WriteAheadLog.begin`."""
        before = self.epoch * LOG + self._last
        await super().begin(records)
        self.before, self._last = before, self.chain.sequence
        self.begun = self.end

    def next_of(self, position: int) -> int | None:
        """Where in this log who has read up to a position goes on; None if it can't."""
        if position >= self.epoch * LOG:
            return position
        return self.begun if position >= self.before else None


class LogTail:
    """The records of a log's file, read as they come; what has been read once is kept."""

    def __init__(self, disk: Disk, path: str) -> None:
        self._disk = disk
        self._path = path
        self._epoch = 0
        self._chain = Chain()
        self._records: list[Record] = []

    def behind(self, position: int, upto: int, most: int) -> list[Record]:
        """The next records behind a position of the log that there is, up to another one.

        Raises:
            OSError: the file can't be read, this time.
        """
        self._read(upto // LOG)
        first = bisect_right(self._records, position, key=attrgetter("position"))
        return [each for each in self._records[first : first + most] if each.position <= upto]

    def _read(self, epoch: int) -> None:
        """Take in what the log has more than before: no frame of another one fits there."""
        if epoch != self._epoch:
            self._epoch, self._chain, self._records = epoch, Chain(), []
        chain = self._chain
        offset = chain.end
        data = read_all(self._disk, self._path, offset)
        while (frame := frame_at(data, chain.end - offset)) is not None:
            if frame.sequence != chain.sequence + 1 or previous_of(data, frame) != chain.checksum:
                break
            if frame.sequence == 1 and (heading(frame.payload) or (0, 0))[0] != epoch:
                break
            if frame.payload and frame.sequence > 1:
                place = epoch * LOG + frame.sequence
                self._records.append(Record(place, tuple(decoded(frame.payload))))
            chain.end, chain.sequence = offset + frame.end, frame.sequence
            chain.checksum = frame.checksum
