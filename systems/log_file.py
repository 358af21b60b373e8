"""A log in a file: records in frames (`splitbrain.systems.frames`), appended, synced, replaced.

What every server that keeps a log has to get right, in one place: a torn tail is gone before
anything follows it, what was read is durable before anything is built on it, and who waits for the
same fsync shares it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import trio

from splitbrain.harness.node import Disk
from splitbrain.systems import frames

Record = tuple[Any, ...]


class LogFile:
    """The log of one server.

    Args:
        disk: where it is.
        path: its name.
        start: what the first frame's checksum continues; no other kind of log has it.

    Attributes:
        records: how many are in the file, those among them that are only in the page cache.
    """

    def __init__(self, disk: Disk, path: str, start: int) -> None:
        self._disk = disk
        self._path = path
        self._start = self._checksum = start
        self._synced = 0
        self._replaced = 0
        self._syncing = trio.Lock()
        self.records = 0

    async def open(self) -> list[Record]:
        """The records that survived, all durable; the file is made if it isn't there.

        After a kill the page cache is still there: what is read may not be on disk yet, and has
        to be before anything is built on it.
        """
        records, _ = self._read()
        await self.settle()
        return records

    async def recover(self) -> list[Record]:
        """The same for who appends a record at once, and then calls `settle`, which makes all of it
        durable: only a cut waits, or a torn frame could come back behind new ones."""
        records, was_torn = self._read()
        if was_torn:
            await self.fsync()
        return records

    def _read(self) -> tuple[list[Record], bool]:
        """The records up to the first torn one, which is cut off, and whether there was one."""
        if not self._disk.exists(self._path):
            self._disk.append(self._path, b"")
        data = self._disk.read(self._path)
        records, end, self._checksum = frames.decode(data, self._start)
        if end < len(data):
            self._disk.truncate(self._path, end)
        self.records = len(records)
        return records, end < len(data)

    def append(self, records: Iterable[Record]) -> None:
        """Write records behind the others, into the page cache only."""
        self._write(self._path, records)

    def _write(self, path: str, records: Iterable[Record]) -> None:
        records = list(records)
        data, self._checksum = frames.encode(records, self._checksum)
        self._disk.append(path, data)
        self.records += len(records)

    async def fsync(self) -> None:
        """Wait until all records that are in the file now are durable."""
        covered, times = self.records, self._replaced
        await self._disk.fsync(self._path)
        if times == self._replaced:  # else it says nothing of the file that is there now
            self._synced = covered

    async def settle(self) -> None:
        """The same for the file's name, too."""
        await self.fsync()
        await self._disk.fsync_dir()

    async def sync(self, upto: int | None = None) -> None:
        """Wait until the first so many records are durable, all that there are now unless given;
        who waits meanwhile shares the fsync."""
        wanted = self.records if upto is None else upto
        async with self._syncing:
            if self._synced < wanted:
                await self.fsync()

    async def replace(self, records: Iterable[Record]) -> None:
        """Have these records and no others, durably: they are written into a new file, which is
        renamed into place. Nothing may be appended meanwhile."""
        new = f"{self._path}.new"
        if self._disk.exists(new):
            self._disk.remove(new)
        self._checksum, self.records = self._start, 0
        self._write(new, records)
        await self._disk.fsync(new)
        self._disk.rename(new, self._path)
        await self._disk.fsync_dir()
        self._synced = self.records
        self._replaced += 1
