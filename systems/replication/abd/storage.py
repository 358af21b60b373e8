"""What a replica holds, in memory and in a log on disk.

Records of the log (`splitbrain.systems.log_file`)::

    ("life", n)                            the server starts for the n-th time
    ("cell", kind, key, version, value)    a version was stored
    ("request", number)                    a client asked for a write

Cells are stored by one task, in groups: whatever arrives while an fsync is under way is written
before the next one. A log that has grown long is written anew, with what is current, and renamed
into place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import trio

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.replication.abd.versions import Cell, cell, newest

PATH = "cells"
_START = 0x41424430  # what the first frame's checksum continues


class Storage:
    """The cells of one replica.

    Args:
        disk: where they are kept.
        compact_at: a log of this many records more than there are cells is written anew.

    Attributes:
        cells: by kind and key, the greatest version that is durable here.
        life: how often this server has started, this time included.
        requests: the numbers of clients' writes that were begun here.
    """

    def __init__(self, disk: Disk, compact_at: int) -> None:
        self._compact_at = compact_at
        self._log = LogFile(disk, PATH, _START)
        self._waiting: list[tuple[tuple[Cell, ...], trio.Event]] = []
        self._wanted = trio.Event()
        self._begun: list[int] = []  # requests that are to be written
        self.requests: dict[int, None] = {}
        self.cells: dict[tuple[str, Any], Cell] = {}
        self.life = 0

    async def open(self) -> None:
        """Read what survived, make it durable, and begin a new life."""
        records = await self._log.recover()
        for kind, *fields in records:
            if kind == "life":
                self.life = fields[0]
            elif kind == "request":
                self.requests[fields[0]] = None
            else:
                self._keep((cell(fields),))
        self.life += 1
        self._log.append([("life", self.life)])
        await self._log.settle()

    def held(self, kind: str, key: Any) -> tuple[Cell, ...]:
        """The cell under a key; all of a kind if the key is None."""
        if key is None:
            return tuple(each for place, each in self.cells.items() if place[0] == kind)
        found = self.cells.get((kind, key))
        return () if found is None else (found,)

    async def begin(self, number: int) -> bool:
        """Whether this request is new; if so, that it came is durable then."""
        if number in self.requests:
            return False
        self.requests[number] = None
        self._begun.append(number)
        await self.store(())
        return True

    async def store(self, cells: tuple[Cell, ...]) -> None:
        """Return once these versions, or greater ones, are durable."""
        done = trio.Event()
        self._waiting.append((cells, done))
        self._wanted.set()
        await done.wait()

    async def write(self) -> None:
        """Do what `store` is waiting for; one task runs this, for as long as the server lives."""
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            group, self._waiting = self._waiting, []
            news = [each for cells, _ in group for each in cells if self._is_new(each)]
            begun, self._begun = self._begun, []
            if news or begun:
                self._log.append(("request", number) for number in begun)
                self._log.append(("cell", *each) for each in news)
                await self._log.fsync()
                self._keep(news)
            for _, done in group:
                done.set()
            if self._log.records > len(self.cells) + len(self.requests) + self._compact_at:
                await self._compact()

    def _is_new(self, offered: Cell) -> bool:
        known = self.cells.get((offered.kind, offered.key))
        return known is None or known.version < offered.version

    def _keep(self, cells: Iterable[Cell]) -> None:
        self.cells.update(newest(each for each in cells if self._is_new(each)))

    async def _compact(self) -> None:
        """Write what is current into a new log. Nothing else is written meanwhile."""
        requests = (("request", number) for number in self.requests)
        cells = (("cell", *each) for each in self.cells.values())
        await self._log.replace([("life", self.life), *requests, *cells])
