"""What a leader keeps on disk: its copy of the data, as a log of what was done to it.

Records (`splitbrain.systems.log_file`)::

    ("life", n)                         the leader starts for the n-th time
    ("change", change, request)         a change, and the client's request it came of (0: none)
    ("merge", snapshot)                 another copy was taken over
    ("numbered", n)                     so many numbers were given out
    ("copy", snapshot, floor, recent, requests)    all of it, at the head of a log written anew

A record counts once it is durable: only then it is applied to the copy that clients and leaders
see, in the order of the log. One task writes; what is put while an fsync is under way is written
before the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import trio

from splitbrain.harness.node import Disk
from splitbrain.systems.log_file import LogFile, Record
from splitbrain.systems.replication.multi_leader.changes import (
    Change,
    Copy,
    Key,
    Snapshot,
    snapshot_of,
)

PATH = "changes"
_START = 0x4D4C4452  # what the first frame's checksum continues


class Storage:
    """The log of one leader.

    Args:
        disk: where it is kept.
        copy: what its records are applied to.
        compact_at: a log of this many records is written anew.
        changed: told the keys of the copy that a record changed.

    Attributes:
        requests: the numbers of clients' requests that were done.
        numbered: how many numbers were given out.
        life: how often this leader has started, this time included.
        progress: set, and replaced by another, when records were applied.
    """

    def __init__(
        self,
        disk: Disk,
        copy: Copy,
        compact_at: int,
        changed: Callable[[Iterable[Key]], None] = lambda keys: None,
    ) -> None:
        self._copy = copy
        self._compact_at = compact_at
        self._changed = changed
        self._log = LogFile(disk, PATH, _START)
        self._buffer: list[Record] = []
        self._put = self._applied = 0
        self._wanted = trio.Event()
        self.progress = trio.Event()
        self.requests: dict[int, None] = {}
        self.numbered = 0
        self.life = 0

    async def open(self) -> None:
        """Read what survived, make it durable, and begin a new life."""
        for record in await self._log.recover():
            self._apply(record)
        self.life += 1
        self._log.append([("life", self.life)])
        await self._log.settle()

    def put(self, *record: Any) -> int:
        """Have a record written; the number by which `applied` knows it."""
        self._buffer.append(record)
        self._put += 1
        self._wanted.set()
        return self._put

    async def applied(self, number: int) -> None:
        """Return once that record is durable and applied."""
        while self._applied < number:
            await self.progress.wait()

    async def write(self) -> None:
        """Write and apply what is put; one task runs this, for as long as the leader lives."""
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            records, self._buffer = self._buffer, []
            self._log.append(records)
            await self._log.fsync()
            for record in records:
                self._apply(record)
            self._applied += len(records)
            self.progress.set()
            self.progress = trio.Event()
            if self._log.records > self._compact_at:
                await self._log.replace(self._current())

    def _apply(self, record: Record) -> None:
        match record:
            case ("life", life):
                self.life = life
            case ("change", change, request):
                applied = Change(*change)
                self._copy.apply(applied)
                self._changed((applied.key,))
                if request:
                    self.requests[request] = None
            case ("merge", snapshot):
                self._merge(snapshot_of(snapshot))
            case ("numbered", number):
                self.numbered = max(self.numbered, number)
            case ("copy", snapshot, floor, recent, requests):
                self._merge(snapshot_of(snapshot))
                self._copy.floor = dict(floor)
                self._copy.recent = [Change(*change) for change in recent]
                self.requests = dict.fromkeys(requests)

    def _merge(self, snapshot: Snapshot) -> None:
        self._copy.merge(snapshot)
        self._changed(key for key, _ in snapshot.cells)

    def _current(self) -> list[Record]:
        """Records that say all there is to say."""
        copy = self._copy
        floor = tuple(copy.floor.items())
        return [
            ("life", self.life),
            ("numbered", self.numbered),
            ("copy", copy.snapshot(), floor, tuple(copy.recent), tuple(self.requests)),
        ]
