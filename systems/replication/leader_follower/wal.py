"""The write-ahead log: records in frames, one after the other in one file.

    +--------+--------+----------------------+
    | length | CRC-32 | MessagePack of       |   length and CRC: 4 bytes each, little-endian,
    | of body| of body| [kind, field, ...]   |   and never 0 bytes of body
    +--------+--------+----------------------+

A crash can leave the last frames cut short, torn, or missing while a later one is there. Reading
stops at the first frame that is not whole: no sync ended after it was written, so nobody was told
of it, or of anything behind it. (A frame that rots long after it was synced looks the same from
here; telling the two apart takes redundancy, see Alagappan et al., "Protocol-Aware Recovery for
Consensus-Based Storage", FAST 2018, and is left out.)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import Any

import msgspec

from splitbrain.harness.node import Disk
from splitbrain.systems.replication.leader_follower.log import (
    Adopt,
    Entry,
    Extend,
    Promise,
    Record,
    Snapshot,
)

PATH = "wal"
NEW = "wal.new"
_HEADER = struct.Struct("<II")
_KINDS: dict[type[Record], str] = {Promise: "promise", Adopt: "adopt", Extend: "extend"}


def encode(records: Iterable[Record]) -> bytes:
    """The frames of some records."""
    frames = []
    for record in records:
        body = msgspec.msgpack.encode((_KINDS[type(record)], *record))
        frames.append(_HEADER.pack(len(body), zlib.crc32(body)) + body)
    return b"".join(frames)


def decode(data: bytes) -> tuple[list[Record], int]:
    """The records of all whole frames at the beginning of `data`, and where these frames end."""
    records: list[Record] = []
    position = 0
    while position + _HEADER.size <= len(data):
        length, crc = _HEADER.unpack_from(data, position)
        start = position + _HEADER.size
        body = data[start : start + length]
        # An empty body has CRC 0: without the first test a gap of zero bytes would be good frames.
        if length == 0 or len(body) < length or zlib.crc32(body) != crc:
            break
        records.append(_record(msgspec.msgpack.decode(body)))
        position = start + length
    return records, position


async def recover(disk: Disk) -> list[Record]:
    """Read the file, or create it, and make sure that what was read will still be there next time.

    After a mere kill the file may hold frames that never were synced; they count from now on, so
    they are synced first. A torn tail is cut off, durably, before anything follows it: else the cut
    could be lost with a new frame kept, and old frames behind that one come back to life.
    """
    if not disk.exists(PATH):
        disk.append(PATH, b"")
    records, end = decode(disk.read(PATH))
    if end < disk.size(PATH):
        disk.truncate(PATH, end)
    await disk.fsync(PATH)
    await disk.fsync_dir()
    return records


def append(disk: Disk, records: Iterable[Record]) -> None:
    """Write records behind the others, into the page cache only."""
    disk.append(PATH, encode(records))


async def replace(disk: Disk, records: Iterable[Record]) -> None:
    """Have these records and no others, durably: a new file is renamed into place."""
    if disk.exists(NEW):
        disk.remove(NEW)
    disk.append(NEW, encode(records))
    await disk.fsync(NEW)
    disk.rename(NEW, PATH)
    await disk.fsync_dir()


def _record(body: list[Any]) -> Record:
    match body:
        case ["promise", epoch]:
            return Promise(epoch)
        case ["adopt", epoch, keep, entries, snapshot]:
            base = None if snapshot is None else Snapshot(*_frozen(snapshot))
            return Adopt(epoch, keep, _entries(entries), base)
        case ["extend", entries]:
            return Extend(_entries(entries))
    raise ValueError(
        f"{PATH}: a frame with a good checksum holds {body[:1]!r}, which is no kind of record: "
        "another program wrote it; remove the file to start this server afresh"
    )


def _entries(raw: list[Any]) -> tuple[Entry, ...]:
    return tuple(
        Entry(epoch, session, sequence, _frozen(command))
        for epoch, session, sequence, command in raw
    )


def _frozen(value: Any) -> Any:
    """MessagePack has lists only; messages, and so commands, hold tuples only."""
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value
