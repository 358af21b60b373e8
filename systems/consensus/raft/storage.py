"""A Raft server's durable state: a write-ahead log and a snapshot, each a file.

File format::

    wal       = frame*
    frame     = length:u32 checksum:u32 payload            (little endian)
    payload   = MessagePack of one of
                  ["base", index, term]             the log begins after this entry
                  ["state", term, vote]             current term and vote
                  ["entries", first, [[term, command], ...]]   replace all from `first` on
    snapshot  = frame of [index, term, data]

A frame's checksum is the CRC-32 of its payload continued from the previous frame's checksum, so a
stale frame that happens to lie behind a new one does not fit the chain.

Invariants:

1. After `save` returns, its records survive a power loss; until then no promise rests on them.
2. A log that begins after entry i is renamed into place only behind a durable snapshot of i or
later.
3. The first bad frame ends the log: what follows was never acknowledged (1). Recovery cuts it off,
   durably, before anything is written behind it.

Left out: telling a torn tail from damage in the middle of the log. A disk that loses or alters
what it said was durable makes this server forget, as in most implementations (Alagappan et al.,
"Protocol-Aware Recovery", FAST 2018).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zlib import crc32

import msgspec

from splitbrain.harness.node import Disk
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
from splitbrain.systems.consensus.raft.sessions import immutable

Save = SaveState | SaveEntries | SaveSnapshot

WAL = "wal"
SNAPSHOT = "snapshot"
_HEADER = struct.Struct("<II")
_START = 0x52414654  # what the first frame's checksum continues: a run of zero bytes is no frame


def _frame(record: Sequence[Any], previous: int) -> tuple[bytes, int]:
    payload = msgspec.msgpack.encode(record)
    checksum = crc32(payload, previous)
    return _HEADER.pack(len(payload), checksum) + payload, checksum


def _frames(data: bytes) -> Iterator[tuple[Any, int, int]]:
    """The records of all good frames, each with its end and its checksum."""
    position, checksum = 0, _START
    while position + _HEADER.size <= len(data):
        length, expected = _HEADER.unpack_from(data, position)
        start = position + _HEADER.size
        position = start + length
        payload = data[start:position]
        checksum = crc32(payload, checksum)
        if length == 0 or len(payload) < length or checksum != expected:
            return
        yield msgspec.msgpack.decode(payload), position, checksum


class Storage:
    """The files of one server. One task writes; it awaits each `save` before the next."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.checksum = _START

    async def recover(self) -> Stored:
        """Read what survived, and cut off what did not survive whole.

        After a kill the page cache is still there: what is read may not be durable yet, renames
        included, and has to become so before anything is built on it.
        """
        snapshot = self._read_snapshot()
        log = await self._read_log()
        await self.disk.fsync_dir()
        if snapshot is not None:
            kept = _continue_snapshot(log, snapshot)
            if kept is not log:
                # On disk, too: what is appended to the old log would have a hole before it.
                await self._replace_log(kept)
            log = kept
        return Stored(snapshot, log)

    def _read_snapshot(self) -> Snapshot | None:
        if not self.disk.exists(SNAPSHOT):
            return None
        frames = list(_frames(self.disk.read(SNAPSHOT)))
        if len(frames) != 1:
            raise OSError(
                f"{SNAPSHOT} is damaged though it was synced: restore the disk or wipe it"
            )
        return Snapshot(*frames[0][0])

    async def _read_log(self) -> LogImage:
        if not self.disk.exists(WAL):
            self.disk.append(WAL, b"")
        data = self.disk.read(WAL)
        end = 0
        image = _Replay(NOTHING_STORED.log)
        for record, end, self.checksum in _frames(data):  # noqa: B007
            image.apply(*record)
        if end < len(data):
            self.disk.truncate(WAL, end)
        await self.disk.fsync(WAL)
        return image.result()

    async def save(self, saves: Iterable[Save]) -> None:
        """Make the saves durable, in order."""
        records: list[tuple[Any, ...]] = []
        for save in saves:
            if isinstance(save, SaveEntries):
                records.append(("entries", save.first, save.entries))
            elif isinstance(save, SaveState):
                records.append(("state", save.term, save.vote))
            else:
                records.clear()  # the new log contains them
                await self.save_snapshot(save)
        if records:
            self.disk.append(WAL, self._encode(records))
            await self.sync()

    async def sync(self) -> None:
        """Make the log durable."""
        await self.disk.fsync(WAL)

    def _encode(self, records: Iterable[tuple[Any, ...]]) -> bytes:
        frames = []
        for record in records:
            frame, self.checksum = _frame(record, self.checksum)
            frames.append(frame)
        return b"".join(frames)

    async def save_snapshot(self, save: SaveSnapshot) -> None:
        """Replace the snapshot, then the log; a crash in between leaves a log with more in it."""
        await self._replace(SNAPSHOT, _frame(save.snapshot, _START)[0])
        await self._replace_log(save.log)

    async def _replace_log(self, log: LogImage) -> None:
        self.checksum = _START
        records: list[tuple[Any, ...]] = [
            ("base", log.base_index, log.base_term),
            ("state", log.term, log.vote),
        ]
        if log.entries:
            records.append(("entries", log.base_index + 1, log.entries))
        await self._replace(WAL, self._encode(records))

    async def _replace(self, path: str, content: bytes) -> None:
        """Write a whole file so that a crash leaves the old one or the new one."""
        temporary = path + ".tmp"
        if self.disk.exists(temporary):
            self.disk.truncate(temporary, 0)
        self.disk.append(temporary, content)
        await self.disk.fsync(temporary)
        self.disk.rename(temporary, path)
        await self.disk.fsync_dir()


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
