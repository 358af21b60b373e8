"""The server of the log: orders what users do, and hands out the bytes that are on its disk.

client -> log   ("request", id, "add", kind, user, subject, request)   -> position
                ("request", id, "end")                                 -> last position
view -> log     ("follow", cursor, position)
log -> view     ("entries", cursor, position, bytes)

Its files are ``log``, the entries (`splitbrain.systems.end_to_end.notifications.entries`), and
``upto``, how many of them are durable for sure, with a checksum. What is behind that may be torn,
and is cut off; what is before it must be right, or the server refuses to serve.
"""

from __future__ import annotations

import struct
from typing import Any
from zlib import crc32

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.end_to_end.notifications.entries import (
    FIRST,
    SIZE,
    Entry,
    digest_of,
    packed,
    unpacked,
)

LOG, UPTO = "log", "upto"
_UPTO = struct.Struct("<II")


class Log:
    """The one server that is written to.

    Invariants: a position is one entry's for ever; an entry is durable, and known to be, before
    anybody is told of it; a log that is not what was written is not served.

    Attributes:
        batch: most entries in a message.
    """

    batch = 16

    def __init__(self, node: Node) -> None:
        self.node = node
        self.disk = node.disk
        self.end = 0
        self.durable = 0
        self.is_damaged = False
        self._digest = FIRST
        self._known: dict[int, int] = {}
        self._syncing = trio.Lock()

    async def run(self) -> None:
        """Serve until cancelled."""
        await self._open()
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("follow", cursor, position) if not self.is_damaged:
                        most = min(self.durable - position, self.batch)
                        data = self.disk.read(LOG, position * SIZE, max(0, most) * SIZE)
                        told = ("entries", cursor, position, data)
                        self.node.network.send(sender, told)

    async def _open(self) -> None:
        for path in (LOG, UPTO):
            if not self.disk.exists(path):
                self.disk.append(path, b"")
        noted, upto = self.disk.read(UPTO), 0
        if noted:
            upto, checksum = _UPTO.unpack(noted.ljust(_UPTO.size, b"\0")[: _UPTO.size])
            self.is_damaged = crc32(noted[:4]) != checksum
        self._read(self.disk.read(LOG), upto)
        if not self.is_damaged:
            self.disk.truncate(LOG, self.end * SIZE)
            await self._sync()

    def _read(self, data: bytes, upto: int) -> None:
        """What the bytes of the log say, up to the first entry that is not whole."""
        while (self.end + 1) * SIZE <= len(data):
            some = data[self.end * SIZE : (self.end + 1) * SIZE]
            digest = self.checked(some, self._digest)
            if digest is None:
                break
            self._learn(unpacked(some), digest)
        if self.end < upto:
            self.is_damaged = True
            self.node.trace("damaged", self.end, upto)

    def checked(self, data: bytes, before: bytes) -> bytes | None:
        """The digest of an entry that is right."""
        return digest_of(data, before)

    def _learn(self, entry: Entry, digest: bytes) -> None:
        self.end += 1
        self._digest = digest
        self._known[entry.request] = self.end

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        if self.is_damaged:
            self.node.network.send(client, ("reply", number, "damaged"))
            return
        match request:
            case ["add", *entry]:
                answer: tuple[Any, ...] = ("ok", await self._add(*entry))
            case ["end"]:
                answer = ("ok", self.durable)
            case _:
                answer = ("refused",)
        self.node.network.send(client, ("reply", number, *answer))

    async def _add(self, kind: int, user: int, subject: int, request: int) -> int:
        """Add an entry, unless it is there; its position, once it is durable."""
        if request not in self._known:
            entry = Entry(self.end + 1, kind, user, subject, request)
            data, digest = packed(entry, self._digest)
            self.disk.append(LOG, data)
            self._learn(entry, digest)
        position = self._known[request]
        async with self._syncing:
            if self.durable < position:
                await self._sync()
        return position

    async def _sync(self) -> None:
        """Make the entries durable, and then how many these are."""
        end = self.end
        await self.disk.fsync(LOG)
        count = struct.pack("<I", end)
        new = f"{UPTO}.new"
        if self.disk.exists(new):
            self.disk.remove(new)
        self.disk.append(new, count + struct.pack("<I", crc32(count)))
        await self.disk.fsync(new)
        self.disk.rename(new, UPTO)
        await self.disk.fsync_dir()
        self.durable = end
