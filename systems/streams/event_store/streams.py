"""Streams of events on disk: one log of appends, and what each stream comes to.

Records of the log (`splitbrain.systems.log_file`)::

    ("append", stream, version, values)    these events follow so many others of their stream

An append is one record, so that none of its events is there alone; its number in the log, from 1,
is its position. A snapshot is a file of its own::

    ("snapshot", position, ((stream, version, state), ...))

It is of a position up to which the log is durable: a snapshot that knew more than the log would
come back after a crash with events that are gone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from splitbrain.checkers.streams.rebuilding import folded
from splitbrain.harness.node import Disk
from splitbrain.systems import frames
from splitbrain.systems.log_file import LogFile

LOG, SNAPSHOT = "events", "snapshot"
_START = 0x45564E54  # what the first frame's checksum continues


class Append(NamedTuple):
    """Events that follow each other in a stream, behind so many others."""

    stream: str
    version: int
    values: tuple[int, ...]


class Live(NamedTuple):
    """What a stream comes to: how many events it has, and its state."""

    version: int
    state: int


class Streams:
    """All streams of a store.

    Invariants: what a stream comes to is what its events make, whether they were just appended, or
    read again, or summed up by a snapshot; a snapshot's position is durable in the log before it.

    Attributes:
        events: by stream, in order.
        live: by stream, what it comes to.
        appends: all of them, in the order of the log.
        every: a snapshot is due after so many appends.
    """

    every = 4

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._log = LogFile(disk, LOG, _START)
        self._snapshot_at = 0
        self.events: dict[str, list[int]] = {}
        self.live: dict[str, Live] = {}
        self.appends: list[Append] = []

    async def open(self) -> None:
        """Read the newest snapshot, and of the log what is behind it."""
        records = [Append(*record[1:]) for record in await self._log.open()]
        position, lives = self._read_snapshot()
        self.live = {stream: Live(version, state) for stream, version, state in lives}
        self._snapshot_at = position
        for number, append in enumerate(records, 1):
            self._take(append, is_new=number > position)

    def _read_snapshot(self) -> tuple[int, tuple[Any, ...]]:
        if not self._disk.exists(SNAPSHOT):
            return 0, ()
        records, _, _ = frames.decode(self._disk.read(SNAPSHOT), _START)
        _, position, lives = records[0]
        return position, lives

    def _take(self, append: Append, *, is_new: bool) -> None:
        self.appends.append(append)
        self.events.setdefault(append.stream, []).extend(append.values)
        if is_new:
            before = self.live.get(append.stream, Live(0, 0))
            state = folded(append.values, before.state)
            self.live[append.stream] = Live(before.version + len(append.values), state)

    def write(self, append: Append) -> None:
        """Append events, to the page cache only."""
        self._log.append([("append", *append)])
        self._take(append, is_new=True)

    async def sync(self) -> None:
        """Wait until all that was appended before is durable."""
        await self._log.sync()

    async def snapshot(self) -> None:
        """Take a snapshot if one is due."""
        position = len(self.appends)
        if position < self._snapshot_at + self.every:
            return
        self._snapshot_at = position
        lives = tuple((stream, *live) for stream, live in self.live.items())
        await self.before_snapshot()
        new = f"{SNAPSHOT}.new"
        if self._disk.exists(new):
            self._disk.remove(new)
        self._disk.append(new, frames.encode([("snapshot", position, lives)], _START)[0])
        await self._disk.fsync(new)
        self._disk.rename(new, SNAPSHOT)
        await self._disk.fsync_dir()

    async def before_snapshot(self) -> None:
        """What must be durable before a snapshot is."""
        await self._log.sync()

    def rebuilt(self, stream: str) -> list[int]:
        """The events of a stream, from the log on disk and nothing else."""
        records, _, _ = frames.decode(self._disk.read(LOG), _START)
        return [value for _, name, _, values in records if name == stream for value in values]
