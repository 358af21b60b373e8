"""The database: keys and values, and the log of their changes, which is compacted now and then.

Records (`splitbrain.systems.log_file`)::

    ("change", position, key, value, writer, number)    without value the key is gone: a tombstone
    ("compacted", horizon, ((writer, (number, position)), ...))

The horizon is the position up to which tombstones may be missing; of each writer it is kept which
request was the last, so that one that comes twice is done once.

Compaction keeps the last change of each key, and tombstones for a time. Who reads on from the
horizon or behind it comes to the same keys and values as who has read everything; who is not that
far may miss that a key is gone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import trio

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile

_START = 0x43444331  # what the first frame's checksum continues


class Change(NamedTuple):
    """What happened to a key, where in the log, and by which request of whom."""

    position: int
    key: str
    value: str | None
    writer: str
    number: int


class Changes:
    """A database's log, and what it makes.

    Attributes:
        values: the keys that there are.
        log: changes in order, but for those that compaction took away.
        horizon: see the module.
        end: the position of the last change.
        tombstone_s: how long one is kept at least.
    """

    tombstone_s = 0.4

    def __init__(self, disk: Disk) -> None:
        self._file = LogFile(disk, "changes", _START)
        self._writing = trio.Lock()
        self._seen: dict[int, float] = {}  # when each tombstone was written, or first read
        self._requests: dict[str, tuple[int, int]] = {}  # by writer: its last one, and where it is
        self.values: dict[str, str] = {}
        self.log: list[Change] = []
        self.horizon = 0
        self.end = 0

    async def open(self) -> None:
        """Read what survived; all of it is durable then."""
        for kind, *what in await self._file.open():
            if kind == "change":
                self._apply(Change(*what))
            else:
                self.horizon, requests = what
                self.end = max(self.end, self.horizon)
                self._requests.update(requests)

    def _apply(self, change: Change) -> None:
        self.end = change.position
        self.log.append(change)
        self._requests[change.writer] = change.number, change.position
        if change.value is None:
            self.values.pop(change.key, None)
            self._seen[change.position] = trio.current_time()
        else:
            self.values[change.key] = change.value

    async def write(self, key: str, value: str | None, writer: str, number: int) -> int | None:
        """Change a key, unless this request of the writer has done so; the position of that, once
        it is durable. None if the writer has asked for something else since."""
        async with self._writing:
            last, position = self._requests.get(writer, (0, 0))
            if last < number:
                position = self.end + 1
                change = Change(position, key, value, writer, number)
                self._file.append([("change", *change)])
                self._apply(change)
        await self.sync()
        return position if last <= number else None

    async def sync(self) -> None:
        """Wait until all changes that are there now are durable."""
        async with self._writing:
            upto = self._file.records
        await self._file.sync(upto)

    async def compact(self) -> None:
        """Take away the changes that others have overtaken, and tombstones that are old."""
        async with self._writing:
            last = {change.key: change.position for change in self.log}
            dropped = [change.position for change in self.log if self._is_old(change)]
            kept = [
                change
                for change in self.log
                if change.position == last[change.key] and change.position not in dropped
            ]
            horizon = max([self.horizon, *dropped])
            begin = "compacted", horizon, tuple(self._requests.items())
            await self._file.replace([begin, *(("change", *change) for change in kept)])
            self.log, self.horizon = kept, horizon
            left = [change.position for change in kept if change.value is None]
            self._seen = {position: self._seen[position] for position in left}

    def _is_old(self, change: Change) -> bool:
        since = self._seen.get(change.position)
        return since is not None and since <= trio.current_time() - self.tombstone_s

    def behind(self, position: int, most: int) -> tuple[Change, ...]:
        """The changes behind a position."""
        return tuple(change for change in self.log if change.position > position)[:most]

    def may_follow(self, position: int) -> bool:
        """Whether who has read up to a position can read on, and misses nothing."""
        return position >= self.horizon


def as_message(changes: tuple[Change, ...]) -> tuple[tuple[Any, ...], ...]:
    """Changes as they are sent."""
    return tuple(tuple(change) for change in changes)
