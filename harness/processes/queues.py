"""What waits: things for a task, and bytes for a stream."""

from __future__ import annotations

from collections import deque
from typing import Any

import trio

MOST_WAITING = 1 << 26
"""Bytes that may wait for one reader, which may be paused; what comes then is lost."""


class Inbox:
    """Things in order, and at most one task that waits for the next."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._arrived = trio.Event()
        self._busy = False

    def put(self, item: object) -> None:
        """Add one."""
        self._items.append(item)
        self._arrived.set()

    async def get(self) -> Any:
        """The oldest; waits for one.

        Raises:
            trio.BusyResourceError: another task is waiting already.
        """
        if self._busy:
            raise trio.BusyResourceError("another task of this node is already receiving")
        self._busy = True
        try:
            await trio.lowlevel.checkpoint()
            while not self._items:
                self._arrived = trio.Event()
                await self._arrived.wait()
            return self._items.popleft()
        finally:
            self._busy = False


class Outgoing:
    """Bytes on their way into a stream; whoever puts them there never waits."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._under_way = 0
        self._more = trio.Event()
        self._empty = trio.Event()

    def put(self, data: bytes) -> bool:
        """Add some; False if too many wait already, and these are lost."""
        if len(self._bytes) + self._under_way > MOST_WAITING:
            return False
        self._bytes += data
        self._empty = trio.Event()
        self._more.set()
        return True

    async def write_to(self, stream: trio.abc.SendStream) -> None:
        """Write all that is put, until the stream breaks or this is cancelled.

        Raises:
            trio.BrokenResourceError: nobody reads it any more.
        """
        while True:
            while self._bytes:
                batch, self._bytes = self._bytes, bytearray()
                self._under_way = len(batch)
                await stream.send_all(batch)
                self._under_way = 0
            self._empty.set()
            self._more = trio.Event()
            await self._more.wait()

    async def written(self) -> None:
        """Wait until nothing is left that was put."""
        if self._bytes or self._under_way:
            await self._empty.wait()
