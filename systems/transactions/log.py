"""The log manager of the reference forms: records in one file, forced to disk in groups.

The file is a `splitbrain.systems.log_file`. A record is a tuple that begins with its
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
from splitbrain.systems.log_file import LogFile

Record = tuple[Any, ...]

PATH = "log"
_START = 0x41524945  # what the first frame's checksum continues


class LogManager:
    """The log of one server. One task at a time forces it.

    Attributes:
        written: number of the last record written, to the page cache at least.
        durable: number of the last record known to be on disk.
    """

    def __init__(self, disk: Disk) -> None:
        self._log = LogFile(disk, PATH, _START)
        self.written = 0
        self.durable = 0

    async def recover(self) -> list[Record]:
        """The records that survived, all durable."""
        records = await self._log.open()
        self.written = self.durable = len(records)
        return records

    def append(self, records: Iterable[Record]) -> None:
        """Write records behind the others, into the page cache only."""
        self._log.append(records)
        self.written = self._log.records

    async def force(self) -> None:
        """Wait until all that is written now is durable."""
        written = self.written
        await self._log.fsync()
        self.durable = written
