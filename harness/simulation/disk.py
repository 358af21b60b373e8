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

A torn write persists any subset of its 512-byte sectors.

The directory journals in order: whatever survives of it is a prefix of its operations (what was
synced alone under ``drop_unsynced``), and nothing reaches the platter before what came earlier.
Syncing a new file makes its name durable, too, and with it every directory operation before its
creation: ext4 and XFS commit the journal up to there. So a log that is renamed away and created
anew loses neither file once the new one is synced; a rename *after* the creation needs an fsync of
the directory. Sources: Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014); Rebello
et al., "Can Applications Recover from fsync Failures?" (ATC 2020); Mohan et al., "Finding
Crash-Consistency Bugs with Bounded Black-Box Crash Testing" (OSDI 2018), section 2.
"""

from __future__ import annotations

import errno
import os
import random
from dataclasses import dataclass, field
from typing import Literal

from splitbrain.harness.nemesis.control import PowerLossPolicy

SECTOR = 512
"""Bytes that a disk writes atomically."""


@dataclass(frozen=True, slots=True)
class _Write:
    offset: int
    data: bytes

    def apply(self, content: bytearray) -> None:
        if not self.data:
            return  # writing nothing doesn't extend a file, wherever it is written
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
    """Operations are numbered from 0 in the file's life; `synced` of them are on the platter, and
    `unsynced` holds the rest. `created` is the directory operation that made the file."""

    created: int
    current: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    synced: int = 0
    unsynced: list[_Write | _Truncate] = field(default_factory=list)

    def change(self, operation: _Write | _Truncate) -> None:
        operation.apply(self.current)
        self.unsynced.append(operation)

    def sync(self, upto: int) -> None:
        """Make all operations before number `upto` durable."""
        covered = max(0, upto - self.synced)
        for operation in self.unsynced[:covered]:
            operation.apply(self.durable)
        del self.unsynced[:covered]
        self.synced += covered


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


class _Directory:
    """The names, and the journal of what was done to them; operations are numbered from 0, and
    `synced` of them are on the platter."""

    def __init__(self) -> None:
        self.current: dict[str, _File] = {}
        self.durable: dict[str, _File] = {}
        self.synced = 0
        self.unsynced: list[_Link] = []

    @property
    def operations(self) -> int:
        """How many operations there have been."""
        return self.synced + len(self.unsynced)

    def change(self, link: _Link) -> None:
        link.apply(self.current)
        self.unsynced.append(link)

    def sync(self, upto: int) -> None:
        """Make all operations before number `upto` durable: those that came earlier go first."""
        covered = max(0, upto - self.synced)
        for link in self.unsynced[:covered]:
            link.apply(self.durable)
        del self.unsynced[:covered]
        self.synced += covered

    def lose(self) -> int:
        """Forget what is not durable; returns how many operations that were."""
        lost = len(self.unsynced)
        self.unsynced.clear()
        self.current = dict(self.durable)
        return lost


@dataclass(frozen=True, slots=True)
class PendingSync:
    """An fsync that has begun: it covers `file`'s operations before number `upto` (of the
    directory's, if `file` is None)."""

    file: _File | None
    upto: int
    epoch: int


@dataclass(slots=True)
class Losses:
    """What a power loss destroyed.

    Attributes:
        writes: un-synced writes and truncations that are gone.
        torn: writes of which only some sectors survived (or none, or all).
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
        self._directory = _Directory()
        self._epoch = 0

    def exists(self, path: str) -> bool:
        """Whether the file exists."""
        return path in self._directory.current

    def list(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted(self._directory.current)

    @property
    def used(self) -> int:
        """The size of all files together, in bytes."""
        return sum(len(file.current) for file in self._directory.current.values())

    def size(self, path: str) -> int:
        """The file's size in bytes."""
        return len(self._file(path).current)

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        """Up to `length` bytes (all, if None) from `offset`."""
        content = self._file(path).current
        _check_count("read", path, "offset", offset)
        if length is None:
            return bytes(content[offset:])
        _check_count("read", path, "length", length)
        return bytes(content[offset : offset + length])

    def write(self, path: str, offset: int, data: bytes) -> None:
        """Write `data` at `offset`; creates the file."""
        _check_count("write", path, "offset", offset)
        _check_data("write", path, data)
        self._file_or_new("write", path).change(_Write(offset, bytes(data)))

    def append(self, path: str, data: bytes) -> None:
        """Write `data` at the end; creates the file."""
        _check_data("append", path, data)
        file = self._file_or_new("append", path)
        file.change(_Write(len(file.current), bytes(data)))

    def truncate(self, path: str, size: int) -> None:
        """Cut the file to `size` bytes, or extend it with zero bytes."""
        file = self._file(path)
        _check_count("truncate", path, "size", size)
        file.change(_Truncate(size))

    def rename(self, old: str, new: str) -> None:
        """Rename a file, replacing `new` atomically."""
        file = self._file(old)
        _check_name("rename", new)
        if new != old:
            self._directory.change(_Link(new, file, removed=old))

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._file(path)
        self._directory.change(_Link(None, None, removed=path))

    def begin_sync(self, path: str) -> PendingSync:
        """Begin an fsync: fix which operations it will make durable."""
        file = self._file(path)
        return PendingSync(file, file.synced + len(file.unsynced), self._epoch)

    def begin_sync_dir(self) -> PendingSync:
        """Begin an fsync of the directory."""
        return PendingSync(None, self._directory.operations, self._epoch)

    def end_sync(self, pending: PendingSync) -> None:
        """End an fsync: what it covers is durable; for a file, so is its creation."""
        if pending.epoch != self._epoch:
            return
        if pending.file is None:
            self._directory.sync(pending.upto)
        else:
            pending.file.sync(pending.upto)
            self._directory.sync(pending.file.created + 1)

    def kill(self) -> None:
        """The process died: the page cache survives, fsyncs under way never end."""
        self._epoch += 1

    def power_loss(self, policy: PowerLossPolicy = "any_subset") -> Losses:
        """The machine lost power: the page cache is gone; `policy` says what reached the
        platter."""
        self._epoch += 1
        directory, losses = self._directory, Losses()
        if policy != "drop_unsynced":
            survivors = self._random.randint(0, len(directory.unsynced))
            directory.sync(directory.synced + survivors)
        known = set(directory.current.values())
        losses.names = directory.lose()
        losses.writes = sum(
            len(file.unsynced) for file in known.difference(directory.current.values())
        )
        for name in self.list():
            self._lose(directory.current[name], policy, losses)
        return losses

    def _lose(self, file: _File, policy: PowerLossPolicy, losses: Losses) -> None:
        if policy == "keep_prefix":
            file.sync(file.synced + self._random.randint(0, len(file.unsynced)))
        for position, operation in enumerate(file.unsynced):
            fate = self._fate(policy, first=position == 0)
            if fate == "kept":
                operation.apply(file.durable)
            elif fate == "torn" and isinstance(operation, _Write):
                losses.torn += 1
                self._tear(file, operation)
            else:
                losses.writes += 1
        file.synced += len(file.unsynced)
        file.unsynced.clear()
        file.current = bytearray(file.durable)

    def _fate(self, policy: PowerLossPolicy, *, first: bool) -> Literal["kept", "torn", "lost"]:
        """What becomes of an operation that no fsync and no surviving prefix covers."""
        if policy == "any_subset":
            chance = self._random.random()
            return "lost" if chance < 0.5 else "torn" if chance < 0.6 else "kept"
        if policy == "keep_prefix" and first and self._random.random() < 0.5:
            return "torn"
        return "lost"

    def _tear(self, file: _File, write: _Write) -> None:
        """Persist any of the sectors that a write touches."""
        start, end = write.offset, write.offset + len(write.data)
        while start < end:
            stop = min(end, (start // SECTOR + 1) * SECTOR)
            if self._random.random() < 0.5:
                piece = write.data[start - write.offset : stop - write.offset]
                _Write(start, piece).apply(file.durable)
            start = stop

    def _file(self, path: str) -> _File:
        try:
            return self._directory.current[path]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None

    def _file_or_new(self, call: str, path: str) -> _File:
        file = self._directory.current.get(path)
        if file is None:
            _check_name(call, path)
            file = _File(created=self._directory.operations)
            self._directory.change(_Link(path, file))
        return file


def _check_name(call: str, path: str) -> None:
    if not isinstance(path, str) or not path:
        raise TypeError(f"disk.{call}: a file's name is a non-empty string, not {path!r}")


def _check_count(call: str, path: str, what: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"disk.{call}({path!r}): {what} must be an integer, not {value!r}")
    if value < 0:
        raise ValueError(f"disk.{call}({path!r}): {what} must not be negative, and is {value}")


def _check_data(call: str, path: str, data: bytes) -> None:
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(
            f"disk.{call}({path!r}): data must be bytes, not {type(data).__name__}: {data!r:.60}"
        )
