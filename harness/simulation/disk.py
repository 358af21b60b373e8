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

What disks do wrong without a crash (`splitbrain.harness.simulation.disk_rules` says when):

* an fsync *fails*: its writes are dirty still (``kept``), or they are clean in the page cache and
  not on the platter, so that the next fsync succeeds and saves nothing (``dropped``, as in ext4 and
  XFS: Rebello et al., section 3);
* a write is *lost* or *misdirected* on its way to the platter, and the fsync succeeds. The file's
  clean pages are then evicted, so that the next read sees it;
* a *stale* read misses the last write, a misdirected one sees another place; *rot* flips bits on
  the platter (Bairavasundaram et al., "An Analysis of Data Corruption in the Storage Stack", FAST
  2008); files are *cut*, and parts of them are *blank*.
"""

from __future__ import annotations

import errno
import os
import random
from dataclasses import dataclass
from typing import Literal, NamedTuple

from splitbrain.harness.nemesis.control import PowerLossPolicy
from splitbrain.harness.simulation.platter import (
    SECTOR,
    Directory,
    Fate,
    File,
    Link,
    Truncate,
    Write,
)


class PendingSync(NamedTuple):
    """An fsync that has begun: it covers `file`'s operations before number `upto` (of the
    directory's, if `file` is None)."""

    file: File | None
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
    outside.

    Attributes:
        directory: its files, by name.
    """

    def __init__(self, random: random.Random) -> None:
        self._random = random
        self.directory = Directory()
        self._epoch = 0

    def exists(self, path: str) -> bool:
        """Whether the file exists."""
        return path in self.directory.current

    def list(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted(self.directory.current)

    @property
    def used(self) -> int:
        """The size of all files together, in bytes."""
        return sum(len(file.current) for file in self.directory.current.values())

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

    def read_stale(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        """As `read`, but before the file's last write."""
        content = self._file(path).stale()
        return content[offset:] if length is None else content[offset : offset + length]

    def write(self, path: str, offset: int, data: bytes) -> int:
        """Write `data` at `offset`; creates the file. Returns how many bytes that were."""
        if type(offset) is not int or offset < 0:
            _check_count("write", path, "offset", offset)
        if type(data) is not bytes:
            _check_data("write", path, data)
        file = self.directory.current.get(path) or self._file_or_new("write", path)
        file.change(Write(offset, bytes(data)))
        return len(data)

    def append(self, path: str, data: bytes) -> int:
        """Write `data` at the end; creates the file. Returns how many bytes that were."""
        _check_data("append", path, data)
        file = self._file_or_new("append", path)
        file.change(Write(len(file.current), bytes(data)))
        return len(data)

    def truncate(self, path: str, size: int) -> None:
        """Cut the file to `size` bytes, or extend it with zero bytes."""
        file = self._file(path)
        _check_count("truncate", path, "size", size)
        file.change(Truncate(size))

    def rename(self, old: str, new: str) -> None:
        """Rename a file, replacing `new` atomically."""
        file = self._file(old)
        _check_name("rename", new)
        if new != old:
            self.directory.change(Link(new, file, removed=old))

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._file(path)
        self.directory.change(Link(None, None, removed=path))

    def begin_sync(self, path: str) -> PendingSync:
        """Begin an fsync: fix which operations it will make durable."""
        file = self._file(path)
        return PendingSync(file, file.synced + len(file.unsynced), self._epoch)

    def begin_sync_dir(self) -> PendingSync:
        """Begin an fsync of the directory."""
        return PendingSync(None, self.directory.operations, self._epoch)

    def end_sync(self, pending: PendingSync, fate: Fate | None = None) -> None:
        """End an fsync: what it covers is durable; for a file, so is its creation.

        Args:
            pending: the fsync.
            fate: what really becomes of each write; None for what should.
        """
        if pending.epoch != self._epoch:
            return
        if pending.file is None:
            self.directory.sync(pending.upto)
        else:
            pending.file.sync(pending.upto, fate)
            self.directory.sync(pending.file.created + 1)

    def drop_sync(self, pending: PendingSync) -> None:
        """An fsync fails, and what it covers is clean from now on, though not on the platter."""
        if pending.epoch == self._epoch and pending.file is not None:
            pending.file.drop(pending.upto)

    def holds_unsynced(self) -> bool:
        """Whether a power loss might take anything."""
        directory = self.directory
        return bool(directory.unsynced) or any(f.unsynced for f in directory.current.values())

    def has_data(self) -> bool:
        """Whether anything is on the platter."""
        return any(self.directory.current[name].durable for name in self.list())

    def rot(self, bits: int, random: random.Random) -> tuple[str, ...]:
        """Flip `bits` bits of the platter, anywhere; returns the names of the files concerned."""
        directory, struck = self.directory, dict[str, None]()
        for _ in range(bits):
            sizes = [len(directory.current[name].durable) for name in self.list()]
            if not sum(sizes):
                break
            (name,) = random.choices(self.list(), sizes)
            file = directory.current[name]
            file.durable[random.randrange(len(file.durable))] ^= 1 << random.randrange(8)
            file.reread()
            struck[name] = None
        return tuple(struck)

    def cut(self, size: int, random: random.Random) -> tuple[str, ...]:
        """Cut `size` bytes off the platter's end of a file; returns its name, if there is one."""
        names = [name for name in self.list() if self.directory.current[name].durable]
        if not names:
            return ()
        file = self.directory.current[name := random.choice(names)]
        del file.durable[max(0, len(file.durable) - size) :]
        file.reread()
        return (name,)

    def blank(self, part: int, parts: int) -> tuple[str, ...]:
        """Let one of `parts` equal parts of each file's platter be zero bytes; returns their
        names."""
        struck = []
        for name in self.list():
            file = self.directory.current[name]
            start, end = (len(file.durable) * edge // parts for edge in (part, part + 1))
            if any(file.durable[start:end]):
                file.durable[start:end] = bytes(end - start)
                file.reread()
                struck.append(name)
        return tuple(struck)

    def kill(self) -> None:
        """The process died: the page cache survives, fsyncs under way never end."""
        self._epoch += 1

    def power_loss(self, policy: PowerLossPolicy = "any_subset") -> Losses:
        """The machine lost power: the page cache is gone; `policy` says what reached the
        platter."""
        self._epoch += 1
        directory, losses = self.directory, Losses()
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

    def _lose(self, file: File, policy: PowerLossPolicy, losses: Losses) -> None:
        if policy == "keep_prefix":
            file.sync(file.synced + self._random.randint(0, len(file.unsynced)))
        for position, operation in enumerate(file.unsynced):
            fate = self._fate(policy, first=position == 0)
            if fate == "kept":
                operation.apply(file.durable)
            elif fate == "torn" and isinstance(operation, Write):
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

    def _tear(self, file: File, write: Write) -> None:
        """Persist any of the sectors that a write touches."""
        start, end = write.offset, write.offset + len(write.data)
        while start < end:
            stop = min(end, (start // SECTOR + 1) * SECTOR)
            if self._random.random() < 0.5:
                piece = write.data[start - write.offset : stop - write.offset]
                Write(start, piece).apply(file.durable)
            start = stop

    def _file(self, path: str) -> File:
        try:
            return self.directory.current[path]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None

    def _file_or_new(self, call: str, path: str) -> File:
        file = self.directory.current.get(path)
        if file is None:
            _check_name(call, path)
            file = File(created=self.directory.operations)
            self.directory.change(Link(path, file))
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
