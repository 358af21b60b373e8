"""The storage: one file, a list of what was added, behind a fence.

    client -> storage    ("request", id, "look")                     the file, by anybody
                         ("request", id, "read", token)              the file, by a holder
                         ("request", id, "write", token, file)
    storage -> client    ("reply", id, "ok", file)
                         ("reply", id, "fenced", token)              a greater token was here

The file is a log (`splitbrain.systems.log_file`): ``(fence, file)``, the last one counts.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.log_file import LogFile

PATH = "file"
_START = 0x46494C45  # what the first frame's checksum continues

File = tuple[Any, ...]
"""What was added, in order."""


class Storage:
    """Keeps the file.

    Attributes:
        compact_at: so many frames, and the log is written anew.
    """

    compact_at = 200

    def __init__(self, node: Node) -> None:
        self.node = node
        self.fence = 0
        self.file: File = ()
        self._log = LogFile(node.disk, PATH, _START)
        self._busy = trio.Lock()

    async def run(self) -> None:
        """Serve until cancelled."""
        await self._recover()
        async with trio.open_nursery() as nursery:
            while True:
                client, (_, number, *request) = await self.node.network.receive()
                nursery.start_soon(self._answer, client, number, request)

    async def _answer(self, client: str, number: int, request: list[Any]) -> None:
        async with self._busy:
            answer = await self.do(*request)
        self.node.network.send(client, ("reply", number, *answer))

    async def do(self, f: str, *arguments: Any) -> Message:
        """Do a request; the answer. One at a time."""
        match f, arguments:
            case "look", ():
                return "ok", self.file
            case "read", (token,) if self.admits(token):
                await self.seen(token)
                return "ok", self.file
            case "write", (token, file) if self.admits(token):
                await self.save(max(token, self.fence), file)
                return "ok", self.file
            case (("read" | "write"), _):
                return "fenced", self.fence
        return "refused", f"{f} is no operation of the storage"

    def admits(self, token: int) -> bool:
        """Whether no greater token has been seen."""
        return token >= self.fence

    async def seen(self, token: int) -> None:
        """From now on smaller tokens are refused."""
        if token > self.fence:
            await self.save(token, self.file)

    async def save(self, fence: int, file: File) -> None:
        """Make a fence and a file durable; then they count."""
        if self._log.records >= self.compact_at:
            await self._log.replace([(self.fence, self.file)])
        self._log.append([(fence, file)])
        await self._log.fsync()
        self.fence, self.file = fence, file

    async def _recover(self) -> None:
        records = await self._log.open()
        if records:
            self.fence, self.file = records[-1]
