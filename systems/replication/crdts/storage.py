"""What a server keeps on disk: the document, whole, in each record of a log.

    ("document", life, document, requests)

One task writes; what changes while an fsync is under way is written with the next one. A log that
has grown long is written anew and renamed into place.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile, Record

PATH = "document"
_START = 0x43524454  # what the first frame's checksum continues


class Storage:
    """The document of one server, as plain tuples.

    Args:
        disk: where it is kept.
        compact_at: a log of this many records is written anew.

    Attributes:
        document: what is to be kept; None before there is any.
        requests: the numbers of clients' requests that were done or refused.
        life: how often this server has started, this time included.
    """

    def __init__(self, disk: Disk, compact_at: int) -> None:
        self._compact_at = compact_at
        self._log = LogFile(disk, PATH, _START)
        self._kept: tuple[Any, ...] = ()  # document and requests as they are on disk
        self._waiting: list[trio.Event] = []
        self._wanted = trio.Event()
        self.document: tuple[Any, ...] | None = None
        self.requests: tuple[int, ...] = ()
        self.life = 0

    async def open(self) -> None:
        """Read what survived, make it durable, and begin a new life."""
        records = await self._log.recover()
        if records:
            _, self.life, self.document, self.requests = records[-1]
        self.life += 1
        self._log.append([self._record()])
        await self._log.settle()

    async def durable(self) -> None:
        """Return once the document as it is now, or a later one, is durable."""
        if self._kept and self._kept[0] is self.document and self._kept[1] is self.requests:
            return
        done = trio.Event()
        self._waiting.append(done)
        self._wanted.set()
        await done.wait()

    async def write(self) -> None:
        """Do what `durable` is waiting for; one task runs this, for as long as the server lives."""
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            group, self._waiting = self._waiting, []
            kept = self.document, self.requests
            if self._log.records < self._compact_at:
                self._log.append([self._record()])
                await self._log.fsync()
            else:
                await self._log.replace([self._record()])
            self._kept = kept
            for done in group:
                done.set()

    def _record(self) -> Record:
        return "document", self.life, self.document, self.requests
