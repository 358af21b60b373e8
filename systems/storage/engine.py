"""What a storage engine is to whoever uses it: ordered keys, atomic batches, snapshots.

One task writes (`Engine.write`, `flush`, `compact`, `settle`) and awaits each call before the next;
reads may come meanwhile, whenever that task waits for the disk. An engine does no more than call a
`splitbrain.harness.node.Disk`: it runs on the simulated disk and on a real one.

What an engine owes:

1. A batch whose `write` returned survives every crash, and is seen whole or not at all.
2. After a crash the batches that show are a prefix of those that were written.
3. Whatever does not bear its checksum is reported (`Damaged`), never returned.
4. After an `OSError` that it does not handle, the engine is of no more use; another one opened on
   the same disk is. It believes what it reads there only once it has written it anew: after an
   fsync that failed the page cache shows what the platter does not have (Rebello et al., "Can
   Applications Recover from fsync Failures?", ATC 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from splitbrain.harness.node import Disk

Batch = Sequence[tuple[bytes, bytes | None]]
"""Writes that take effect together; None deletes. Of two of one key the later one counts."""

LONGEST = 1 << 16
"""The most bytes that a key and its value may have together, if the engine doesn't say less."""


class Damaged(Exception):
    """What is on the disk is not what was written there; the message says where."""


class Full(Exception):
    """The disk has no room: nothing was changed."""


class Snapshot(Protocol):
    """All keys at one moment."""

    def scan(self, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """The first `limit` keys behind `after` (None: the first of all), with their values.

        Raises:
            Damaged: they cannot be read.
        """
        ...

    def close(self) -> None:
        """Say that it is not needed any more."""
        ...


def _unheard(kind: str, *details: Any) -> None:
    """Nobody listens to what an engine does."""


class Engine:
    """A storage engine over a disk; see the module.

    Attributes:
        note: told what it does to its files, a kind and details; a server puts that into the trace.
    """

    longest = LONGEST
    """The most bytes that a key and its value may have together."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.note: Callable[..., None] = _unheard

    async def open(self) -> None:
        """Recover what is there, or begin with nothing.

        Raises:
            Damaged: what is there cannot be trusted.
            OSError: the disk failed, or is full.
        """
        raise NotImplementedError

    async def write(self, batches: Sequence[Batch]) -> int:
        """Make batches durable; returns how many of them, from the first: for others no room.

        Raises:
            Damaged: what is to be changed cannot be read; nothing was changed.
            OSError: the disk failed; nobody knows which of them will be there.
        """
        raise NotImplementedError

    async def settle(self) -> bool:
        """Called when there is nothing to write: what may be done now for safety or order.

        Returns False if there was no room for it, and it should be tried again soon.

        Raises:
            OSError: the disk failed.
        """
        return True

    def get(self, key: bytes) -> bytes | None:
        """The value of a key; None if it is absent.

        Raises:
            Damaged: it cannot be read.
            OSError: likewise, this time.
        """
        raise NotImplementedError

    def snapshot(self) -> Snapshot:
        """All keys as they are now, however long it takes to scan them."""
        raise NotImplementedError

    async def flush(self) -> None:
        """Write out what is in memory and in the log alone.

        Raises:
            Full: no room; nothing was changed.
            OSError: the disk failed.
        """

    async def compact(self) -> None:
        """Rewrite files without what is obsolete.

        Raises:
            Damaged: what should be rewritten cannot be read; nothing was changed.
            Full: no room; nothing was changed.
            OSError: the disk failed.
        """

    def verify(self) -> list[str]:
        """Which of the engine's invariants do not hold, each in a sentence.

        Raises:
            Damaged: the files cannot be read.
        """
        raise NotImplementedError
