"""What waits: things for a task, and bytes for a stream."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from typing import Any

import trio

MOST_WAITING = 1 << 26
"""Bytes that may wait for one reader, which may be paused; what comes then is lost."""


Stream = trio.SocketStream | trio.lowlevel.FdStream

_READ = 1 << 16


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

    def taken(self) -> list[Any]:
        """All there are, which are here no longer."""
        items = list(self._items)
        self._items.clear()
        return items

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


async def received(stream: Stream) -> bytes:
    """What has come, as soon as something has; nothing at the end.

    One turn of trio's loop for each: to try first, and to let others run after, take two more.

    Raises:
        trio.BrokenResourceError: the other side is gone.
        trio.ClosedResourceError: this side is.
    """
    file = _file_of(stream)
    if file < 0:
        raise trio.ClosedResourceError("this side is closed")
    while True:
        await trio.lowlevel.wait_readable(file)
        try:
            return os.read(file, _READ)
        except BlockingIOError:
            continue
        except OSError as error:
            raise trio.BrokenResourceError from error


def _file_of(stream: Stream) -> int:
    return (stream.socket if isinstance(stream, trio.SocketStream) else stream).fileno()


class Burst:
    """While one of these is entered, what is put is kept, and written at its end in one go.

    So who reads a batch passes it on with one call of the system for each reader, and without
    waking a task for each of them.
    """

    def __init__(self) -> None:
        self._on = False
        self._kept: list[Outgoing] = []

    def __enter__(self) -> None:
        self._on = True

    def __exit__(self, *_: object) -> None:
        self._on = False
        for out in self._kept:
            out.flush()
        self._kept.clear()

    def keeps(self, out: Outgoing) -> bool:
        """Whether something is written at the end, and not before."""
        if self._on:
            self._kept.append(out)
        return self._on


class Outgoing:
    """Bytes on their way into a stream; whoever puts them there never waits.

    Args:
        burst: when what is put is written at once; otherwise, and what the stream does not take at
            once, a task writes it that wakes for that.
    """

    def __init__(self, burst: Burst | None = None) -> None:
        self._burst = burst or Burst()
        self._bytes = bytearray()
        self._under_way = 0
        self._more = trio.Event()
        self._empty = trio.Event()
        self._file: int | None = None

    def put(self, data: bytes) -> bool:
        """Add some; False if too many wait already, and these are lost."""
        if len(self._bytes) + self._under_way > MOST_WAITING:
            return False
        known = bool(self._bytes)  # to whoever will write it
        self._bytes += data
        if not known and not self._burst.keeps(self):
            self._more.set()
        return True

    def flush(self) -> None:
        """Write what the stream takes at once, and have the task write the rest."""
        if self._file is not None and self._bytes and not self._under_way:
            with suppress(OSError):  # it takes nothing, or is no more, as the task will find
                del self._bytes[: os.write(self._file, self._bytes)]
        if self._bytes:
            self._more.set()
        elif not self._under_way:
            self._empty.set()

    async def write_to(self, stream: Stream) -> None:
        """Write all that is put, until the stream breaks or this is cancelled.

        Raises:
            trio.BrokenResourceError: nobody reads it any more.
        """
        self._file = _file_of(stream)
        try:
            while True:
                while self._bytes:
                    batch, self._bytes = self._bytes, bytearray()
                    self._under_way = len(batch)
                    await stream.send_all(batch)
                    self._under_way = 0
                self._empty.set()
                self._more = trio.Event()
                await self._more.wait()
        finally:
            self._file = None  # its number may be another's soon

    async def written(self) -> None:
        """Wait until nothing is left that was put."""
        while self._bytes or self._under_way:
            self._empty = trio.Event()
            await self._empty.wait()
