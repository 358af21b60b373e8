"""Files and names of a simulated disk: what is in the page cache, what is on the platter, and the
un-synced operations between the two (`splitbrain.harness.simulation.disk`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

SECTOR = 512
"""Bytes that a disk writes atomically."""


class Write(NamedTuple):
    """Bytes at a place of a file."""

    offset: int
    data: bytes

    def apply(self, content: bytearray) -> None:
        """Do it; a gap is filled with zero bytes."""
        offset, data = self
        if not data:
            return  # writing nothing doesn't extend a file, wherever it is written
        gap = offset - len(content)
        if gap == 0:
            content += data
            return
        if gap > 0:
            content.extend(bytes(gap))
        content[offset : offset + len(data)] = data


class Truncate(NamedTuple):
    """A new size of a file."""

    size: int

    def apply(self, content: bytearray) -> None:
        """Do it."""
        if self.size < len(content):
            del content[self.size :]
        else:
            content.extend(bytes(self.size - len(content)))


Fate = Callable[[Write, int], Write | None]
"""What a disk that lies makes of a write to a file of so many bytes: it, another one, or none."""


class Undo(NamedTuple):
    """What a write replaced: the bytes at its offset, and the file's size before it."""

    offset: int
    data: bytes
    size: int


@dataclass(slots=True, eq=False)
class File:
    """Operations are numbered from 0 in the file's life; `synced` of them are on the platter, or
    were taken for it, and `unsynced` holds the rest.

    Attributes:
        created: the directory operation that made the file.
        current: what reads see.
        durable: what is on the platter.
        synced: see above.
        unsynced: see above.
        undo: what the last write replaced.
    """

    created: int
    current: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    synced: int = 0
    unsynced: list[Write | Truncate] = field(default_factory=list)
    undo: Undo | None = None

    def change(self, operation: Write | Truncate) -> None:
        """Do it in the page cache."""
        self.undo = None
        if isinstance(operation, Write):
            start, end = operation.offset, operation.offset + len(operation.data)
            self.undo = Undo(start, bytes(self.current[start:end]), len(self.current))
        operation.apply(self.current)
        self.unsynced.append(operation)

    def sync(self, upto: int, fate: Fate | None = None) -> None:
        """Make all operations before number `upto` durable; with `fate`, only as it says."""
        covered = max(0, upto - self.synced)
        for operation in self.unsynced[:covered]:
            if fate is None:
                operation.apply(self.durable)
                continue
            done: Write | Truncate | None = operation
            if isinstance(operation, Write):
                done = fate(operation, len(self.durable))
            if done is not None:
                done.apply(self.durable)
        self._forget(covered)
        if fate is not None:
            self.reread()

    def drop(self, upto: int) -> None:
        """Take all operations before number `upto` for durable, though the platter has none."""
        self._forget(max(0, upto - self.synced))

    def _forget(self, covered: int) -> None:
        del self.unsynced[:covered]
        self.synced += covered

    def reread(self) -> None:
        """Evict what is clean from the page cache: reads see the platter."""
        self.undo = None
        self.current = bytearray(self.durable)
        for operation in self.unsynced:
            operation.apply(self.current)

    def stale(self) -> bytes:
        """The content before the last write."""
        if self.undo is None:
            return bytes(self.current)
        offset, data, size = self.undo.offset, self.undo.data, self.undo.size
        before = bytearray(self.current[:size])
        before[offset : offset + len(data)] = data
        return bytes(before)


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A directory operation: `name` now means `file`; `removed` no longer exists."""

    name: str | None
    file: File | None
    removed: str | None = None

    def apply(self, names: dict[str, File]) -> None:
        """Do it."""
        if self.removed is not None:
            names.pop(self.removed, None)
        if self.name is not None and self.file is not None:
            names[self.name] = self.file


class Directory:
    """The names, and the journal of what was done to them; operations are numbered from 0, and
    `synced` of them are on the platter."""

    def __init__(self) -> None:
        self.current: dict[str, File] = {}
        self.durable: dict[str, File] = {}
        self.synced = 0
        self.unsynced: list[Link] = []

    @property
    def operations(self) -> int:
        """How many operations there have been."""
        return self.synced + len(self.unsynced)

    def change(self, link: Link) -> None:
        """Do it in memory."""
        link.apply(self.current)
        self.unsynced.append(link)

    def sync(self, upto: int) -> None:
        """Make all operations before number `upto` durable: those that came earlier go first."""
        covered = max(0, upto - self.synced)
        if not covered:
            return
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
