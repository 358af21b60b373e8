"""A write-ahead log that notices when the disk loses its beginning, its end, or all of it.

The first frame tells which log this is, and how many frames it began with; a `witness` beside it,
how far it was durable when there was last nothing to do::

    log           [epoch 7, 5 frames] [record] [record] [mark] [mark]   [record] [mark] [mark] ...
                  `-- put in its place in one step, durable -------'
    log.witness   epoch 7, frame 8

So a log that lost what it began with, or what the witness speaks of, is damaged, and not taken for
a shorter one. What was appended since then, and lost without a trace, is not noticed: the disk is
as a crash before it might have left it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from splitbrain.harness.node import Disk
from splitbrain.systems.storage import witness
from splitbrain.systems.storage.engine import Damaged
from splitbrain.systems.storage.files import read_all
from splitbrain.systems.storage.frames import Chain, Frame, read_frames
from splitbrain.systems.storage.wal import MARKS, WriteAheadLog, whole
from splitbrain.systems.storage.witness import Position

_decode = msgspec.msgpack.Decoder(tuple[int, int]).decode


@dataclass(frozen=True, slots=True)
class LogContents:
    """What a log holds.

    Attributes:
        epoch: how many logs there have been in its place, this one included.
        frames: all good ones, in order.
        chain: where it goes on.
    """

    epoch: int
    frames: list[Frame]
    chain: Chain

    @property
    def records(self) -> list[Frame]:
        """The frames of records, in order."""
        return [frame for frame in self.frames[1:] if frame.payload]


def heading(payload: bytes) -> tuple[int, int] | None:
    """What a first frame says: the log's epoch, and with how many frames it began; None if it is
    none."""
    try:
        return _decode(payload)
    except msgspec.MsgspecError:
        return None


def parsed(data: bytes, path: str) -> LogContents:
    """The log that a file holds, up to its end, or to where a crash tore it.

    Raises:
        Damaged: something else than a crash did that.
    """
    found = read_frames(data, path)
    begins = heading(found.frames[0].payload) if found.frames else None
    if begins is None:
        raise Damaged(f"{path} has lost its beginning: restore it from a copy")
    epoch, begun = begins
    if found.chain.sequence < begun:
        raise Damaged(f"{path} began with {begun} frames, and has {found.chain.sequence}")
    return LogContents(epoch, found.frames, found.chain)


def read_log(disk: Disk, path: str) -> LogContents:
    """A log, and what its witness says.

    Raises:
        Damaged: something else than a crash altered or shortened it.
    """
    data = read_all(disk, path)
    if len(data) < disk.size(path):
        raise Damaged(f"{path}: only {len(data):,} of {disk.size(path):,} bytes can be read")
    found, said = parsed(data, path), witness.heard(disk, path)
    if said is None or said.epoch < found.epoch:
        return found
    if said.epoch > found.epoch:
        raise Damaged(f"{path} is log {found.epoch} of its name: log {said.epoch} was durable")
    frames = found.frames
    if len(frames) < said.sequence or frames[said.sequence - 1].checksum != said.checksum:
        raise Damaged(f"{path} ends at frame {len(frames)}: frame {said.sequence} was durable")
    return found


class WitnessedLog(WriteAheadLog):
    """See the module."""

    def __init__(self, disk: Disk, path: str) -> None:
        super().__init__(disk, path)
        self.epoch = 0

    def read(self) -> list[bytes]:
        """See `WriteAheadLog.read`."""
        if not self.disk.exists(self.path):
            return []
        found = read_log(self.disk, self.path)
        self.epoch = found.epoch
        return [frame.payload for frame in found.records]

    async def begin(self, records: Iterable[bytes]) -> None:
        """See `WriteAheadLog.begin`."""
        epoch = self.epoch + 1
        await super().begin(headed(epoch, records))
        self.epoch = epoch

    async def mark(self) -> bool:
        """See `WriteAheadLog.mark`; the witness notes it, too."""
        marked = self._marked
        if not await super().mark():
            return False
        if self._marked == marked:
            return True
        position = Position(self.epoch, self.chain.sequence, self.chain.checksum)
        try:
            await witness.note(self.disk, self.path, position)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            self._marked = marked
            return False
        return True


def headed(epoch: int, records: Iterable[bytes]) -> list[bytes]:
    """What a log of these records begins with, and the records."""
    records = list(records)
    return [msgspec.msgpack.encode((epoch, 1 + len(records) + MARKS)), *records]


def fresh(epoch: int, records: Iterable[bytes]) -> tuple[Chain, bytes]:
    """A log of these records as one piece, and where it goes on."""
    return whole(headed(epoch, records))
