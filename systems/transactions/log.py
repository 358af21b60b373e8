"""The log manager of the reference forms: records in one file, forced to disk in groups.

    log   = frame*
    frame = length:u32 checksum:u32 payload          (little endian; payload is MessagePack)

A record is a tuple that begins with its kind; its *log sequence number* (LSN) is its position in
the log, counted from 1. A frame's checksum is the CRC-32 of its payload continued from the frame
before, so that an old frame behind a new one does not fit the chain.

    ("boot",)                                          the server started
    ("update", txn, key, before, after)                redo and undo information (ARIES)
    ("compensate", txn, key, after)                    an update undone; never undone itself (CLR)
    ("prepare", txn, coordinator)                      voted yes in two-phase commit
    ("commit", txn) | ("commit", txn, timestamp, ((key, value), ...))
    ("end", txn)                                       rolled back, completely
    ("decide", txn, (participant, ...)) | ("forget", txn)   the coordinator's own

Invariant: records become durable in the order of their numbers, so whatever is durable, everything
before it is.

Left out: cutting off the log behind a checkpoint; a server replays all that it ever did.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any
from zlib import crc32

import msgspec

from splitbrain.harness.node import Disk
from splitbrain.systems.transactions.operations import frozen

Record = tuple[Any, ...]

PATH = "log"
_HEADER = struct.Struct("<II")
_START = 0x41524945  # what the first checksum continues: a run of zero bytes is no frame


class LogManager:
    """The log of one server. One task at a time forces it.

    Attributes:
        written: number of the last record written, to the page cache at least.
        durable: number of the last record known to be on disk.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._checksum = _START
        self.written = 0
        self.durable = 0

    async def recover(self) -> list[Record]:
        """Read the records that survived, cut off a torn tail, and make both durable.

        After a kill the page cache is still there: what is read may not be on disk yet, and has
        to be before anything is built on it.
        """
        if not self._disk.exists(PATH):
            self._disk.append(PATH, b"")
        data = self._disk.read(PATH)
        records, end = self._read(data)
        if end < len(data):
            self._disk.truncate(PATH, end)
        await self._disk.fsync(PATH)
        await self._disk.fsync_dir()
        self.written = self.durable = len(records)
        return records

    def _read(self, data: bytes) -> tuple[list[Record], int]:
        records: list[Record] = []
        position = 0
        while position + _HEADER.size <= len(data):
            length, expected = _HEADER.unpack_from(data, position)
            payload = data[position + _HEADER.size : position + _HEADER.size + length]
            checksum = crc32(payload, self._checksum)
            if length == 0 or len(payload) < length or checksum != expected:
                break
            records.append(frozen(msgspec.msgpack.decode(payload)))
            self._checksum = checksum
            position += _HEADER.size + length
        return records, position

    def append(self, records: Iterable[Record]) -> None:
        """Write records behind the others, into the page cache only."""
        frames = []
        for record in records:
            payload = msgspec.msgpack.encode(record)
            self._checksum = crc32(payload, self._checksum)
            frames.append(_HEADER.pack(len(payload), self._checksum) + payload)
            self.written += 1
        self._disk.append(PATH, b"".join(frames))

    async def force(self) -> None:
        """Wait until all that is written now is durable."""
        written = self.written
        await self._disk.fsync(PATH)
        self.durable = written
