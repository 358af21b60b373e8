"""One server: gives out identifiers made of the time, a count and its own name.

    client -> server    ("request", id, "generate")
    server -> client    ("reply", id, "1600000000123-0-n1")
    server -> server    ("stamp", time, count)       now and then, to one of the others

The time and the count are a stamp of a hybrid logical clock (`splitbrain.systems.clocks.hybrid`):
if the wall clock stands still or goes back, the count goes on. Before a stamp is used, a time
beyond it is in the log: a server that starts again begins there, whatever its clock shows.

Servers tell each other their stamps, so that who is behind catches up and identifiers sort nearly
as they were made. A stamp that is too far ahead of this server's own clock is not believed: one bad
clock would drag all others along.

Invariant: no stamp at or beyond the last time in the log is given out, or told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import trio

from splitbrain.checkers.invariants.stamps import STAMPED
from splitbrain.harness.node import Node
from splitbrain.systems.clocks.hybrid import HybridClock, HybridStamp, TooFarAheadError
from splitbrain.systems.log_file import LogFile

PATH = "reserved"
_START = 0x49444E54  # what the first frame's checksum continues

MOST_AHEAD = 500
"""How far apart good clocks may be, in milliseconds."""

TELL_S = 0.2
"""How often a server tells another its stamp, in seconds."""


class IdentifierServer:
    """See the module.

    Attributes:
        clock_class: makes stamps.
        ahead: how far beyond a stamp the time in the log is, in milliseconds.
        most_ahead: how far ahead of its own clock a stamp may be that it is told, in milliseconds.
        compact_at: a log of so many records is written anew.
    """

    clock_class: Callable[[Callable[[], int], int | None, HybridStamp], HybridClock] = HybridClock
    ahead: int = 500
    most_ahead: int | None = MOST_AHEAD
    compact_at: int = 100

    def __init__(self, node: Node) -> None:
        self.node = node
        self.reserved = self.started = 0
        self._log = LogFile(node.disk, PATH, _START)
        self._giving = trio.Lock()
        self.clock: HybridClock

    async def run(self) -> None:
        """Serve until cancelled."""
        records = await self._log.open()
        self.reserved = max((time for (time,) in records), default=0)
        self.started = self.reserved
        self.clock = self.clock_class(self.now, self.most_ahead, HybridStamp(self.reserved, 0))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tell)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("stamp", int(wall), int(logical)):
                        nursery.start_soon(self.hear, HybridStamp(wall, logical))
                    case (_, int(number), *_):
                        nursery.start_soon(self._answer, sender, number)

    async def _tell(self) -> None:
        while self.node.peers:
            await trio.sleep(TELL_S)
            stamp = await self.stamp()
            self.node.network.send(self.node.random.choice(self.node.peers), ("stamp", *stamp))

    async def hear(self, stamp: HybridStamp) -> None:
        """Another server's stamp: this one's are greater from now on, unless it can't be true."""
        async with self._giving:
            with suppress(TooFarAheadError):
                await self._have(self.clock.receive(stamp), stamp)

    async def stamp(self) -> HybridStamp:
        """A stamp of its own, which nobody else has had in any life."""
        async with self._giving:
            return await self._have(self.clock.tick(), None)

    async def _have(self, stamp: HybridStamp, heard: HybridStamp | None) -> HybridStamp:
        now = self.now()
        if stamp.wall >= self.reserved:
            await self.reserve(stamp.wall + self.ahead)
        told = {"stamp": list(stamp), "heard": heard and list(heard), "now": now}
        self.node.announce(STAMPED, {**told, "from": self.started, "ahead": MOST_AHEAD})
        return stamp

    def now(self) -> int:
        """The wall clock, in milliseconds."""
        return int(self.node.clock.time() * 1000)

    async def _answer(self, client: str, number: int) -> None:
        stamp = await self.stamp()
        identifier = f"{stamp.wall}-{stamp.logical}-{self.node.name}"
        self.node.network.send(client, ("reply", number, identifier))

    async def reserve(self, time: int) -> None:
        """Let stamps below a time be given out: note it durably."""
        if self._log.records >= self.compact_at:
            await self._log.replace([(self.reserved,)])
        self._log.append([(time,)])
        await self._log.fsync()
        self.reserved = time
