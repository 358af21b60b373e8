"""A write-ahead log: what must survive is appended and synced before anybody hears of it.

One file of frames (`splitbrain.systems.storage.frames`). Many records share one sync (group
commit). Whoever opens a log reads it and begins another one with what it found in its place: what
the page cache shows need not be on the platter.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.engine import Full
from splitbrain.systems.storage.files import read_all, replace, write_all
from splitbrain.systems.storage.frames import Chain, read_frames

MARKS = 2
"""Marks that are written at a time: one may rot together with the last record."""


class WriteAheadLog:
    """The log in one file; `begin` comes first."""

    def __init__(self, disk: Disk, path: str) -> None:
        self.disk = disk
        self.path = path
        self.chain = Chain()
        self._marked = 0

    def read(self) -> list[bytes]:
        """The records in the file, up to where a crash tore it; none if there is no file.

        Raises:
            Damaged: they were altered after they were durable.
        """
        if not self.disk.exists(self.path):
            return []
        contents = read_frames(read_all(self.disk, self.path), self.path)
        return [frame.payload for frame in contents.frames if frame.payload]

    async def begin(self, records: Iterable[bytes]) -> None:
        """Put a log of these records alone in the place of the file, durably.

        Raises:
            Full: no room; nothing was changed.
            OSError: the disk failed; either log may be there, whole.
        """
        chain, content = whole(records)
        await replace(self.disk, self.path, content)
        self.chain = chain
        self._marked = self.chain.sequence

    def append(self, record: bytes) -> None:
        """Write a record behind the others; `sync` makes it durable.

        Raises:
            Full: no room; the log is as it was.
            OSError: the disk failed.
        """
        frame = self.chain.frame(record)
        try:
            write_all(self.disk, self.path, self.chain.end, frame)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            self.cut()
            raise Full(f"no room for {len(record)} bytes in {self.path}") from error
        self.chain.add(frame)

    def cut(self) -> None:
        """Take away what was written of a frame that did not fit."""
        if self.disk.size(self.path) > self.chain.end:
            self.disk.truncate(self.path, self.chain.end)

    async def sync(self) -> None:
        """Make all records durable.

        Raises:
            OSError: nobody knows which are, and no later sync will tell.
        """
        upto = self.chain.sequence
        await self.disk.fsync(self.path)
        self.chain.synced = upto

    async def mark(self) -> bool:
        """Note in the log that it is durable up to here, unless it says so already; False if there
        is no room for that.

        Raises:
            OSError: the disk failed.
        """
        if self.chain.synced < self.chain.sequence or self._marked == self.chain.sequence:
            return True
        try:
            for _ in range(MARKS):
                self.append(b"")
        except Full:
            return False
        await self.sync()
        self._marked = self.chain.sequence
        return True


def whole(records: Iterable[bytes]) -> tuple[Chain, bytes]:
    """A log of these records as one piece, which is durable before it has its name: its frames say
    so, and marks behind the last."""
    chain, content = Chain(), []
    for record in (*records, *[b""] * MARKS):
        content.append(chain.frame(record))
        chain.add(content[-1])
        chain.synced = chain.sequence
    return chain, b"".join(content)
