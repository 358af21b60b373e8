"""An engine below a store that has its data in memory as well: changes count at once, and are
durable when somebody needs them to be.

    change --> memory, and a batch that waits      all that wait --one sync--> engine

Each batch is one change of the store, and is there as a whole or not at all; after a crash those
that are there are a prefix of all (`splitbrain.systems.storage.engine`). So what a store reads when
it opens is what its memory was at some moment, and nothing that it answered for is missing.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio

from splitbrain.systems.frames import frozen
from splitbrain.systems.storage.engine import Batch, Engine

Parts = tuple[Any, ...]
"""What a key is made of: its kind, and which one it is."""

_SHOWN = 60

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class TooLong(Exception):
    """An entry is longer than the engine can keep; the message says how long it is."""


class Commits:
    """What is written to an engine by a server that is asked by many.

    Invariant: batches reach the engine in the order in which they came.

    Args:
        engine: is used by nobody else.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._waiting: list[Batch] = []
        self._came = self._durable = 0
        self._turn = trio.Lock()
        self._is_broken = False
        self._changed = trio.Event()

    async def open(self) -> Iterator[tuple[Parts, Any]]:
        """All that survived, durable, in the order of the keys' bytes.

        Raises:
            Damaged: what is there cannot be trusted.
            OSError: the disk failed, or is full.
        """
        await self.engine.open()
        snapshot = self.engine.snapshot()
        pairs = snapshot.scan(None, sys.maxsize)
        snapshot.close()
        return ((frozen(_decode(key)), frozen(_decode(value))) for key, value in pairs)

    def batch(self, entries: dict[Parts, Any | None]) -> Batch:
        """Entries as the engine has them; None deletes.

        Raises:
            TooLong: the engine can't keep one of them.
        """
        batch = [
            (_encode(key), None if value is None else _encode(value))
            for key, value in entries.items()
        ]
        for (key, value), parts in zip(batch, entries, strict=True):
            size = len(key) + len(value or b"")
            if size > self.engine.longest:
                name = "/".join(map(str, parts[1:]))[:_SHOWN]
                most = f"an entry has {self.engine.longest:,} at most"
                raise TooLong(f"{parts[0]} {name} takes {size:,} bytes: {most}")
        return batch

    def add(self, batch: Batch) -> None:
        """Have a batch written with the next sync."""
        self._waiting.append(batch)
        self._came += 1

    async def sync(self) -> None:
        """Wait until all batches that came so far are durable; who waits meanwhile shares the sync.

        Raises:
            OSError: the disk failed, or is full: what is in memory may never be durable, and the
                engine is of no more use.
        """
        wanted = self._came
        if self._durable >= wanted:
            return  # also while the engine keeps house
        async with self._engine_alone():
            if self._durable < wanted:
                batches, self._waiting = self._waiting, []
                done = await self.engine.write(batches)
                if done < len(batches):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._durable += done
                self._changed.set()

    async def keep_house(self) -> None:
        """Let the engine put its files in order whenever nobody waits, for ever.

        Raises:
            OSError: as for `sync`.
        """
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            async with self._engine_alone():
                if not self._waiting:
                    await self.engine.settle()

    @asynccontextmanager
    async def _engine_alone(self) -> AsyncIterator[None]:
        """Nobody else uses the engine meanwhile; nobody at all after it was interrupted."""
        async with self._turn:
            if self._is_broken:
                raise OSError(errno.EIO, "the engine failed before")
            self._is_broken = True
            yield
            self._is_broken = False
