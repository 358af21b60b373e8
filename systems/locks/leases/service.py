"""The lock service: who holds the lease, until when, and the counter of tokens.

    client -> service    ("request", id, "acquire", owner)
                         ("request", id, "release", token)
    service -> client    ("reply", id, "granted", token, seconds)
                         ("reply", id, "held", seconds)       somebody else's, for so long at most
                         ("reply", id, "done")

The counter is a log (`splitbrain.systems.log_file`), one record ``(token,)`` each; the lease is in
memory: a service that starts gives none before the last that it may have given has ended.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.checkers.invariants.tokens import GRANTED
from splitbrain.harness.node import Message, Node
from splitbrain.systems.log_file import LogFile

PATH = "tokens"
_START = 0x4C454153  # what the first frame's checksum continues


class LockService:
    """Gives leases of one lock.

    Attributes:
        lease_s: how long a lease lasts, in seconds of its own monotonic clock.
    """

    lease_s = 0.2

    def __init__(self, node: Node) -> None:
        self.node = node
        self.token = 0
        self.owner: Any = None
        self.ends = 0.0
        self._log = LogFile(node.disk, PATH, _START)
        self._granting = trio.Lock()

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.recover()
        self.ends = self.node.clock.monotonic() + self.lease_s
        async with trio.open_nursery() as nursery:
            while True:
                client, (_, number, *request) = await self.node.network.receive()
                nursery.start_soon(self._answer, client, number, request)

    async def _answer(self, client: str, number: int, request: list[Any]) -> None:
        async with self._granting:
            answer = await self.do(*request)
        self.node.network.send(client, ("reply", number, *answer))

    async def do(self, f: str, *arguments: Any) -> Message:
        """Do a request; the answer. One at a time."""
        match f, arguments:
            case "acquire", (owner,):
                left = self.ends - self.node.clock.monotonic()
                if left > 0:
                    return "held", left
                self.token = await self.next_token()
                now = self.node.clock.monotonic()
                self.owner, self.ends = owner, now + self.lease_s
                self.node.announce(GRANTED, {"token": self.token, "at": now, "until": self.ends})
                return "granted", self.token, self.lease_s
            case "release", (token,):
                if token == self.token:
                    self.ends = self.node.clock.monotonic()
                return ("done",)
        return "refused", f"{f} is no operation of the lock service"

    async def recover(self) -> None:
        """Read the counter, cut off a torn tail, and make both durable."""
        self.token = max((token for (token,) in await self._log.open()), default=0)

    async def next_token(self) -> int:
        """A token greater than all before it, durable."""
        token = self.token + 1
        self._log.append([(token,)])
        await self._log.fsync()
        return token
