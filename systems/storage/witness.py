"""A witness of a log: a second file that says how far the log was durable.

A disk that loses the newest frames of a log, or cuts them off, leaves what a crash might have left
before they were written: nothing in the log tells. So whenever the log has been made durable and
nothing else is to be done, a witness notes its position beside it, as PostgreSQL's ``pg_control``
does with its last checkpoint. A log that does not have the position is not the one that was there.

Layout (little endian): two slots, a sector each, written in turns, so that one may be torn::

    slot = checksum:u32 epoch:u64 sequence:u64 frame's checksum:u32
"""

from __future__ import annotations

import struct
from typing import NamedTuple
from zlib import crc32

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.files import read_all, write_all

SECTOR = 512

_SLOT = struct.Struct("<IQQI")


class Position(NamedTuple):
    """A place in a log: which log, which frame, and that frame's checksum."""

    epoch: int
    sequence: int
    checksum: int


def name_of(path: str) -> str:
    """The file of the witness of a log."""
    return f"{path}.witness"


async def note(disk: Disk, path: str, position: Position) -> None:
    """Note that the log is durable up to a position.

    Raises:
        OSError: the disk failed, or is full; what was noted before still is.
    """
    name = name_of(path)
    known = _slots(disk, name)
    older = min((0, 1), key=lambda slot: known[slot] or Position(0, 0, 0))
    rest = struct.pack("<QQI", *position)
    write_all(disk, name, older * SECTOR, struct.pack("<I", crc32(rest)) + rest)
    await disk.fsync(name)


def heard(disk: Disk, path: str) -> Position | None:
    """The last position that was noted; None if none was, or none can be read."""
    found = [slot for slot in _slots(disk, name_of(path)) if slot is not None]
    return max(found, default=None)


def _slots(disk: Disk, name: str) -> list[Position | None]:
    if not disk.exists(name):
        return [None, None]
    return [_slot(read_all(disk, name, at, _SLOT.size)) for at in (0, SECTOR)]


def _slot(data: bytes) -> Position | None:
    if len(data) < _SLOT.size:
        return None
    checksum, *position = _SLOT.unpack(data)
    return Position(*position) if crc32(data[4:]) == checksum else None
