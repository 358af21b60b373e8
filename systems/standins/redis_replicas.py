"""A replica of the stand-in for Redis: a host of its own that reads stale.

It follows a primary over the simulated network as Redis' replicas do: all that the primary has,
then each write, asynchronously. What it is asked it answers from what has arrived, later by a
`lag`; cut off from the primary it goes on answering (``replica-serve-stale-data yes``, Redis'
default), and writes are refused with READONLY. So a program that writes to the primary and reads
from a replica may not see what it wrote, and may see time go back from one replica to another.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.harness.plan import InvalidPlan
from splitbrain.systems.standins.redis_keys import WRITES, Keys
from splitbrain.systems.standins.redis_keyspace import Words
from splitbrain.systems.standins.redis_server import FULL, PORT, Redis
from splitbrain.systems.standins.resp import INCOMPLETE, ReplyError, parse, request

RETRY_S = 0.5
"""How long to wait for a primary that does not answer."""

ACKNOWLEDGED_EACH_S = 1.0
"""How often a replica tells its primary that it is there (Redis' own interval)."""

_READ_ONLY = "READONLY You can't write against a read only replica."


class Replica(Redis):
    """The server of one node, which follows another."""

    def __init__(self, node: Node, primary: str, lag: float) -> None:
        super().__init__(node, "off")
        self._primary, self._lag = primary, lag
        self._arrived, self._to_apply = trio.open_memory_channel[tuple[float, Words]](math.inf)

    async def background(self) -> None:
        """Follow the primary."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._apply)
            while True:
                # If it is down or out of reach, what is here is still answered.
                with suppress(OSError, trio.BrokenResourceError):
                    await self._follow()
                await trio.sleep(RETRY_S)

    async def _follow(self) -> None:
        async with await trio.open_tcp_stream(self._primary, PORT) as stream:
            await stream.send_all(request(b"SYNC"))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._acknowledge, stream)
                with suppress(trio.BrokenResourceError):
                    await self._receive(stream)
                nursery.cancel_scope.cancel()

    async def _acknowledge(self, stream: trio.SocketStream) -> None:
        """Tell the primary now and then that it is heard: who never sends learns of no reset."""
        with suppress(trio.BrokenResourceError):
            while True:
                await trio.sleep(ACKNOWLEDGED_EACH_S)
                await stream.send_all(request(b"REPLCONF", b"ACK"))

    async def _receive(self, stream: trio.SocketStream) -> None:
        data = b""
        async for chunk in stream:
            data += chunk
            at = 0
            while at < len(data):
                words, end = parse(data, at)
                if end == INCOMPLETE:
                    break
                at = end
                self._arrived.send_nowait((trio.current_time() + self._lag, words))
            data = data[at:]

    async def _apply(self) -> None:
        """What has arrived is seen after the lag; a whole copy takes the place of what was."""
        loading, left = Keys(), 0
        async for due, words in self._to_apply:
            await trio.sleep_until(due)
            if words[0] == FULL:
                loading, left = Keys(), int(words[1])
            else:
                loading.now = int(words[0])
                loading.execute(words[1:])
                left -= 1
            if left <= 0:
                self.keys = loading
                self.changed.set()
                self.changed = trio.Event()

    async def do(self, commands: list[Words], watched: dict[bytes, int]) -> list[Any] | None:
        """Answer reads, refuse writes."""
        if not any(words[0].upper() in WRITES for words in commands):
            return await super().do(commands, watched)
        return [ReplyError(_READ_ONLY) for _ in commands]


def redis_replica(primary: str = "redis", lag: float = 0.1) -> Callable[[Node], Replica]:
    """A server factory: a replica that follows a `splitbrain.systems.standins.redis` and listens on
    port 6379.

    Args:
        primary: the name of the primary's host.
        lag: how late what has arrived is seen, in seconds, besides the network.

    Raises:
        InvalidPlan: the lag is negative.
    """
    if lag < 0:
        raise InvalidPlan(f"lag is {lag!r}: give seconds from 0 up")

    def server(node: Node) -> Replica:
        return Replica(node, primary, lag)

    return server
