"""What a server holds, in memory and in a log on disk.

Records of the log (`splitbrain.systems.log_file`)::

    ("life", n)                  the server starts for the n-th time
    ("cell", key, cell)          what it knows of a key that is at home here
    ("hint", home, key, cell)    what it keeps for another server
    ("handed", home, key)        the other server has it
    ("forgotten", key)           nothing is known of a key any more
    ("request", number)          it began to do what a client asked

What is put is in memory at once, and durable when `durable` returns. One task writes: whatever is
put while an fsync is under way is written before the next one. A log that has grown long is written
anew, with what is current, and renamed into place.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.replication.leaderless.siblings import EMPTY, Cell, cell_of, merged

PATH = "cells"
_START = 0x4C4C5353  # what the first frame's checksum continues

Record = tuple[Any, ...]


class Storage:
    """The cells of one server.

    Args:
        disk: where they are kept.
        compact_at: a log of this many records more than are current is written anew.

    Attributes:
        cells: by key, what is known of those at home here.
        hints: by home and key, what is kept for another server.
        life: how often this server has started, this time included.
        opened: whether what survived is here, and durable.
    """

    def __init__(self, disk: Disk, compact_at: int) -> None:
        self._compact_at = compact_at
        self._log = LogFile(disk, PATH, _START)
        self._buffer: list[Record] = []
        self._put = self._synced = 0
        self._waiting: list[trio.Event] = []
        self._wanted = trio.Event()
        self._requests: dict[int, None] = {}
        self.cells: dict[str, Cell] = {}
        self.hints: dict[tuple[str, str], Cell] = {}
        self.life = 0
        self.opened = False

    @property
    def progress(self) -> tuple[int, int]:
        """How many records this life has put, and how many of these are durable."""
        return self._put, self._synced

    async def open(self) -> None:
        """Read what survived, make it durable, and begin a new life."""
        records = await self._log.recover()
        for record in records:
            self._apply(record)
        self.life += 1
        self._log.append([("life", self.life)])
        await self._log.settle()
        self.opened = True

    def held(self, key: str) -> Cell:
        """All that is known here of a key, for whomever it is kept."""
        found = self.cells.get(key, EMPTY)
        for (_, each), hint in self.hints.items():
            if each == key:
                found = merged(found, hint)
        return found

    def begin(self, number: int) -> bool:
        """Whether this request is new; if so it is put on record."""
        if number in self._requests:
            return False
        self._record("request", number)
        return True

    def merge(self, key: str, cell: Cell) -> None:
        """Put what somebody knows of a key that is at home here."""
        before = self.cells.get(key, EMPTY)
        if (after := merged(before, cell)) != before:
            self._record("cell", key, after)

    def hint(self, home: str, key: str, cell: Cell) -> None:
        """Put what another server should know of a key."""
        before = self.hints.get((home, key), EMPTY)
        if (after := merged(before, cell)) != before:
            self._record("hint", home, key, after)

    def handed(self, home: str, key: str) -> None:
        """Keep a hint no longer."""
        self._record("handed", home, key)

    def forget(self, key: str) -> None:
        """Know nothing of a key any more."""
        self._record("forgotten", key)

    async def durable(self) -> None:
        """Return once all that was put before the call is durable."""
        if self._synced < self._put:
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
            upto = self._put
            records, self._buffer = self._buffer, []
            self._log.append(records)
            await self._log.fsync()
            self._synced = upto
            for done in group:
                done.set()
            if self._log.records > len(self._current()) + self._compact_at:
                # What is put meanwhile is appended to the new one.
                await self._log.replace(self._current())

    def _record(self, *record: Any) -> None:
        self._apply(record)
        self._buffer.append(record)
        self._put += 1

    def _apply(self, record: Record) -> None:
        match record:
            case ("life", number):
                self.life = number
            case ("cell", key, cell):
                self.cells[key] = cell_of(cell)
            case ("hint", home, key, cell):
                self.hints[home, key] = cell_of(cell)
            case ("handed", home, key):
                self.hints.pop((home, key), None)
            case ("forgotten", key):
                self.cells.pop(key, None)
            case ("request", number):
                self._requests[number] = None

    def _current(self) -> list[Record]:
        """Records that say all there is to say."""
        return [
            ("life", self.life),
            *(("cell", key, cell) for key, cell in self.cells.items()),
            *(("hint", home, key, cell) for (home, key), cell in self.hints.items()),
            *(("request", number) for number in self._requests),
        ]
