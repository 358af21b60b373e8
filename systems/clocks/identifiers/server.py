"""One server: gives out identifiers made of the time, a count and its own name.

    client -> server    ("request", id, "generate")
    server -> client    ("reply", id, "1600000000123-0-n1")

The time and the count are a stamp of a hybrid logical clock (`splitbrain.systems.clocks.hybrid`):
if the wall clock stands still or goes back, the count goes on. Before a stamp is used, a time
beyond it is in the log: a server that starts again begins there, whatever its clock shows.

Invariant: no stamp at or beyond the last time in the log is given out.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.clocks.hybrid import HybridClock, HybridStamp
from splitbrain.systems.log_file import LogFile

PATH = "reserved"
_START = 0x49444E54  # what the first frame's checksum continues


class IdentifierServer:
    """See the module.

    Attributes:
        clock_class: makes stamps.
        ahead: how far beyond a stamp the time in the log is, in milliseconds.
    """

    clock_class: Callable[[Callable[[], int], None, HybridStamp], HybridClock] = HybridClock
    ahead: int = 500

    def __init__(self, node: Node) -> None:
        self.node = node
        self.reserved = 0
        self._log = LogFile(node.disk, PATH, _START)
        self._giving = trio.Lock()
        self.clock: HybridClock

    async def run(self) -> None:
        """Serve until cancelled."""
        records = await self._log.open()
        self.reserved = max((time for (time,) in records), default=0)
        self.clock = self.clock_class(self.now, None, HybridStamp(self.reserved, 0))
        async with trio.open_nursery() as nursery:
            while True:
                client, (_, number, *_) = await self.node.network.receive()
                nursery.start_soon(self._answer, client, number)

    def now(self) -> int:
        """The wall clock, in milliseconds."""
        return int(self.node.clock.time() * 1000)

    async def _answer(self, client: str, number: int) -> None:
        async with self._giving:
            stamp = self.clock.tick()
            if stamp.wall >= self.reserved:
                await self.reserve(stamp.wall + self.ahead)
        identifier = f"{stamp.wall}-{stamp.logical}-{self.node.name}"
        self.node.network.send(client, ("reply", number, identifier))

    async def reserve(self, time: int) -> None:
        """Let stamps below a time be given out: note it durably."""
        if self._log.records >= 100:
            await self._log.replace([(self.reserved,)])
        self._log.append([(time,)])
        await self._log.fsync()
        self.reserved = time
