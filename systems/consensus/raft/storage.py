"""A Raft server's durable state: a write-ahead log and a snapshot, each a file.

Both are files of frames (`splitbrain.systems.storage.frames`), whose payloads are MessagePack::

    wal       = any of   ["base", index, term]       the log begins after this entry
                         ["state", term, vote]       current term and vote
                         ["entries", first, [[term, command], ...]]   replace all from `first` on
    snapshot  = [index, term, data, [voters, outgoing, learners]]

Invariants:

1. After `save` returns, its records survive a power loss; until then no promise rests on them.
2. A log that begins after entry i is renamed into place only behind a durable snapshot of i or
   later.
3. What a crash tore was never acknowledged (1): recovery drops it, and writes the rest as a new
   file before anything is built on it; what the page cache shows need not be on the platter, as
   after an fsync that failed.
4. A log of which something durable was altered is never taken for a short one: that would forget
   what was acknowledged, and vote as if it never had been (Alagappan et al., "Protocol-Aware
   Recovery for Consensus-Based Storage", FAST 2018). Recovery raises `Damaged`, and the server
   takes part no more. So that this can be told of the last records, too, `mark` notes that they are
   durable when there is nothing else to write.

Left out: to get what is damaged from the others, as that paper does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from splitbrain.harness.node import Disk
from splitbrain.systems.consensus.raft.configuration import Configuration
from splitbrain.systems.consensus.raft.effects import (
    NOTHING_STORED,
    LogImage,
    SaveEntries,
    SaveSnapshot,
    SaveState,
    Snapshot,
    Stored,
)
from splitbrain.systems.consensus.raft.messages import Entry
from splitbrain.systems.consensus.sessions import immutable
from splitbrain.systems.storage.engine import Damaged
from splitbrain.systems.storage.files import read_all, replace
from splitbrain.systems.storage.frames import read_frames
from splitbrain.systems.storage.wal import WriteAheadLog, whole

Save = SaveState | SaveEntries | SaveSnapshot

WAL = "wal"
SNAPSHOT = "snapshot"
_encode = msgspec.msgpack.encode


class Storage:
    """The files of one server. One task writes; it awaits each call before the next.

    Every method raises ``OSError`` if the disk failed, and `Full` if it has no room. Nobody knows
    then what is durable, and no later sync will tell: only `recover` makes sure again.
    """

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.log = WriteAheadLog(disk, WAL)

    async def recover(self) -> Stored:
        """Read what survived, and make sure that it is durable.

        Raises:
            Damaged: something that was durable was altered.
        """
        snapshot, image = self.read_snapshot(), _Replay(NOTHING_STORED.log)
        for payload in self.read_log():
            image.apply(*msgspec.msgpack.decode(payload))
        log = image.result()
        if snapshot is not None:
            log = _continue_snapshot(log, snapshot)
        await self.log.begin(_records(log))
        return Stored(snapshot, log)

    def read_log(self) -> list[bytes]:
        """The records of the log, up to where a crash tore it."""
        return self.log.read()

    def read_snapshot(self) -> Snapshot | None:
        """The snapshot, if there is one; it was whole before it had its name."""
        if not self.disk.exists(SNAPSHOT):
            return None
        frames = read_frames(read_all(self.disk, SNAPSHOT), SNAPSHOT).frames
        if not frames:
            raise Damaged(f"{SNAPSHOT} is damaged, though it was durable")
        index, term, data, members = msgspec.msgpack.decode(frames[0].payload)
        return Snapshot(index, term, data, Configuration(*immutable(members)))

    async def save(self, saves: Iterable[Save]) -> None:
        """Make the saves durable, in order."""
        records: list[bytes] = []
        for save in saves:
            if isinstance(save, SaveEntries):
                records.append(_encode(("entries", save.first, save.entries)))
            elif isinstance(save, SaveState):
                records.append(_encode(("state", save.term, save.vote)))
            else:
                records.clear()  # the new log contains them
                await self.save_snapshot(save)
        if records:
            for record in records:
                self.log.append(record)
            await self.sync()

    async def sync(self) -> None:
        """Make the log durable."""
        await self.log.sync()

    async def mark(self) -> None:
        """Note that all is durable, for there is nothing else to write."""
        await self.log.mark()

    async def save_snapshot(self, save: SaveSnapshot) -> None:
        """Replace the snapshot, then the log; a crash in between leaves a log with more in it."""
        await replace(self.disk, SNAPSHOT, whole([_encode(save.snapshot)])[1])
        await self.log.begin(_records(save.log))


def _records(log: LogImage) -> Iterator[bytes]:
    """A whole log."""
    yield _encode(("base", log.base_index, log.base_term))
    yield _encode(("state", log.term, log.vote))
    if log.entries:
        yield _encode(("entries", log.base_index + 1, log.entries))


class _Replay:
    """Applies the records of a log in order."""

    def __init__(self, start: LogImage) -> None:
        self.term, self.vote = start.term, start.vote
        self.base_index, self.base_term = start.base_index, start.base_term
        self.entries: list[Entry] = []

    def apply(self, kind: str, *fields: Any) -> None:
        if kind == "state":
            self.term, self.vote = fields
        elif kind == "base":
            self.base_index, self.base_term = fields
        else:
            first, entries = fields
            kept = first - self.base_index - 1
            assert 0 <= kept <= len(self.entries), f"a hole in the log before entry {first}"
            self.entries[kept:] = [Entry(term, immutable(command)) for term, command in entries]

    def result(self) -> LogImage:
        return LogImage(self.term, self.vote, self.base_index, self.base_term, tuple(self.entries))


def _continue_snapshot(log: LogImage, snapshot: Snapshot) -> LogImage:
    """Drop a log that doesn't continue the snapshot: it is older (figure 13, step 7)."""
    position = snapshot.last_index - log.base_index
    assert position >= 0, "the log begins after its snapshot"
    if position == 0:
        return log
    if position <= len(log.entries) and log.entries[position - 1].term == snapshot.last_term:
        return log
    term = max(log.term, snapshot.last_term)
    vote = log.vote if term == log.term else None
    return LogImage(term, vote, snapshot.last_index, snapshot.last_term, ())
