"""A simulated disk: what a crash leaves of what was written.

The fault model
---------------
A write goes to the page cache (``current``): every later read sees it, and so does the next
incarnation after a kill. It reaches the platter (``durable``) only by fsync. Between the two lies
an ordered log of un-synced operations for each file, and one for the directory. An fsync takes
virtual time: it *begins* (which fixes the writes that it covers) and *ends* (they are durable),
and a crash may fall between, in which case they are not.

Power loss throws the page cache away. What remains of the un-synced operations is the policy's
choice:

* ``drop_unsynced``: nothing;
* ``keep_prefix``: the first few, in order; the first that is lost may be torn;
* ``any_subset``: any of them, as disks reorder; each survivor may be torn.

A torn write persists any subset of its 512-byte sectors. The directory journals in order, so a
prefix of its operations survives (none under ``drop_unsynced``); syncing a new file also makes
its own name durable, as ext4 and XFS do. Sources: Pillai et al., "All File Systems Are Not
Created Equal" (OSDI 2014); Rebello et al., "Can Applications Recover from fsync Failures?" (ATC
2020).
"""

from __future__ import annotations

import errno
import os
import random
from dataclasses import dataclass, field
from typing import Literal

SECTOR = 512
"""Bytes that a disk writes atomically."""

PowerLossPolicy = Literal["drop_unsynced", "keep_prefix", "any_subset"]
POLICIES: tuple[PowerLossPolicy, ...] = ("drop_unsynced", "keep_prefix", "any_subset")


@dataclass(frozen=True, slots=True)
class _Write:
    offset: int
    data: bytes

    def apply(self, content: bytearray) -> None:
        gap = self.offset - len(content)
        if gap > 0:
            content.extend(bytes(gap))
        content[self.offset : self.offset + len(self.data)] = self.data


@dataclass(frozen=True, slots=True)
class _Truncate:
    size: int

    def apply(self, content: bytearray) -> None:
        if self.size < len(content):
            del content[self.size :]
        else:
            content.extend(bytes(self.size - len(content)))


@dataclass(slots=True, eq=False)
class _File:
    current: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    unsynced: list[_Write | _Truncate] = field(default_factory=list)

    def change(self, operation: _Write | _Truncate) -> None:
        operation.apply(self.current)
        self.unsynced.append(operation)


@dataclass(frozen=True, slots=True, eq=False)
class _Link:
    """A directory operation: `name` now means `file`; `removed` no longer exists."""

    name: str | None
    file: _File | None
    removed: str | None = None

    def apply(self, names: dict[str, _File]) -> None:
        if self.removed is not None:
            names.pop(self.removed, None)
        if self.name is not None and self.file is not None:
            names[self.name] = self.file


@dataclass(frozen=True, slots=True)
class PendingSync:
    """An fsync that has begun: `file`'s first `operations` un-synced operations are covered."""

    file: _File
    operations: int
    epoch: int


@dataclass(slots=True)
class Losses:
    """What a power loss destroyed.

    Attributes:
        writes: un-synced writes and truncations that are gone.
        torn: writes of which only some sectors survived.
        names: creations, renames and removals that are undone.
    """

    writes: int = 0
    torn: int = 0
    names: int = 0


class SimulatedDisk:
    """Page cache and platter of one host. Synchronous and without a clock: latency is added
    outside."""

    def __init__(self, random: random.Random) -> None:
        self._random = random
        self._names: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}
        self._unsynced_names: list[_Link] = []
        self._epoch = 0

    def exists(self, path: str) -> bool:
        """Whether the file exists."""
        return path in self._names

    def list(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted(self._names)

    def size(self, path: str) -> int:
        """The file's size in bytes."""
        return len(self._file(path).current)

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        """Up to `length` bytes (all, if None) from `offset`."""
        content = self._file(path).current
        return bytes(content[offset:] if length is None else content[offset : offset + length])

    def write(self, path: str, offset: int, data: bytes) -> None:
        """Write `data` at `offset`; creates the file."""
        self._file_or_new(path).change(_Write(offset, bytes(data)))

    def append(self, path: str, data: bytes) -> None:
        """Write `data` at the end; creates the file."""
        file = self._file_or_new(path)
        file.change(_Write(len(file.current), bytes(data)))

    def truncate(self, path: str, size: int) -> None:
        """Cut the file to `size` bytes, or extend it with zero bytes."""
        self._file(path).change(_Truncate(size))

    def rename(self, old: str, new: str) -> None:
        """Rename a file, replacing `new` atomically."""
        self._relink(_Link(new, self._file(old), removed=old))

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._file(path)
        self._relink(_Link(None, None, removed=path))

    def begin_sync(self, path: str) -> PendingSync:
        """Begin an fsync: fix which operations it will make durable."""
        file = self._file(path)
        return PendingSync(file, len(file.unsynced), self._epoch)

    def end_sync(self, pending: PendingSync) -> None:
        """End an fsync: what it covers is durable, and so is the name of a newly created file."""
        if pending.epoch != self._epoch:
            return
        file = pending.file
        for operation in file.unsynced[: pending.operations]:
            operation.apply(file.durable)
        del file.unsynced[: pending.operations]
        for position, link in enumerate(self._unsynced_names):
            if link.file is file and link.removed is None:
                link.apply(self._durable_names)
                del self._unsynced_names[position]
                break

    def begin_sync_dir(self) -> tuple[int, int]:
        """Begin an fsync of the directory."""
        return self._epoch, len(self._unsynced_names)

    def end_sync_dir(self, pending: tuple[int, int]) -> None:
        """End an fsync of the directory: its first operations are durable."""
        epoch, operations = pending
        if epoch != self._epoch:
            return
        for link in self._unsynced_names[:operations]:
            link.apply(self._durable_names)
        del self._unsynced_names[:operations]

    def kill(self) -> None:
        """The process died: the page cache survives, fsyncs under way never end."""
        self._epoch += 1

    def power_loss(self, policy: PowerLossPolicy = "any_subset") -> Losses:
        """The machine lost power: the page cache is gone; `policy` says what reached the
        platter."""
        self._epoch += 1
        losses = Losses()
        kept = (
            0 if policy == "drop_unsynced" else self._random.randint(0, len(self._unsynced_names))
        )
        for link in self._unsynced_names[:kept]:
            link.apply(self._durable_names)
        losses.names = len(self._unsynced_names) - kept
        self._unsynced_names.clear()
        kept_files = set(map(id, self._durable_names.values()))
        losses.writes += sum(
            len(file.unsynced) for file in self._names.values() if id(file) not in kept_files
        )
        for name in sorted(self._durable_names):
            self._lose(self._durable_names[name], policy, losses)
        self._names = dict(self._durable_names)
        return losses

    def _lose(self, file: _File, policy: PowerLossPolicy, losses: Losses) -> None:
        if file.unsynced:
            if policy == "keep_prefix":
                kept = self._random.randint(0, len(file.unsynced))
                for operation in file.unsynced[:kept]:
                    operation.apply(file.durable)
                losses.writes += len(file.unsynced) - kept
                if kept < len(file.unsynced) and self._random.random() < 0.5:
                    self._tear(file, file.unsynced[kept], losses)
            elif policy == "any_subset":
                for operation in file.unsynced:
                    fate = self._random.random()
                    if fate < 0.5:
                        losses.writes += 1
                    elif fate < 0.6:
                        self._tear(file, operation, losses)
                    else:
                        operation.apply(file.durable)
            else:
                losses.writes += len(file.unsynced)
            file.unsynced.clear()
        file.current = bytearray(file.durable)

    def _tear(self, file: _File, operation: _Write | _Truncate, losses: Losses) -> None:
        if isinstance(operation, _Truncate):
            operation.apply(file.durable)
            return
        losses.torn += 1
        start, end = operation.offset, operation.offset + len(operation.data)
        while start < end:
            stop = min(end, (start // SECTOR + 1) * SECTOR)
            if self._random.random() < 0.5:
                piece = operation.data[start - operation.offset : stop - operation.offset]
                _Write(start, piece).apply(file.durable)
            start = stop

    def _file(self, path: str) -> _File:
        try:
            return self._names[path]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None

    def _file_or_new(self, path: str) -> _File:
        file = self._names.get(path)
        if file is None:
            file = _File()
            self._relink(_Link(path, file))
        return file

    def _relink(self, link: _Link) -> None:
        link.apply(self._names)
        self._unsynced_names.append(link)
