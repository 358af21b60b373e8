"""The log manager of the reference forms: records in one file, forced to disk in groups.

The file is a row of frames (`splitbrain.systems.frames`). A record is a tuple that begins with its
kind; its *log sequence number* (LSN) is its position in the log, counted from 1.

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

from collections.abc import Iterable
from typing import Any

from splitbrain.harness.node import Disk
from splitbrain.systems import frames

Record = tuple[Any, ...]

PATH = "log"
_START = 0x41524945


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
        records, end, self._checksum = frames.decode(data, _START)
        if end < len(data):
            self._disk.truncate(PATH, end)
        await self._disk.fsync(PATH)
        await self._disk.fsync_dir()
        self.written = self.durable = len(records)
        return records

    def append(self, records: Iterable[Record]) -> None:
        """Write records behind the others, into the page cache only."""
        records = list(records)
        data, self._checksum = frames.encode(records, self._checksum)
        self.written += len(records)
        self._disk.append(PATH, data)

    async def force(self) -> None:
        """Wait until all that is written now is durable."""
        written = self.written
        await self._disk.fsync(PATH)
        self.durable = written
