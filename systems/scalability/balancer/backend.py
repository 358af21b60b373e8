"""A backend: does the work, answers pings, and restarts when it is told to.

    balancer -> backend     ("work", number, left) | ("ping", sent) | ("restart", number)
    backend -> balancer     ("done", number, ok)   | ("pong", sent) | ("restarted", number, done)

`left` is how many seconds the balancer will still wait; `sent` is by its own clock, and comes back.
"""

from __future__ import annotations

import trio

from splitbrain.checkers.calls.balancing import DROPPED
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

PATH = "work"

RESTART_S = 0.1
"""How long a restart takes."""


class Backend:
    """One backend. Its work is a line in a file, synced.

    Invariants: what it answers as done is durable; it does not restart while it works.

    Attributes:
        waits_for_work: whether it refuses to restart meanwhile.
    """

    waits_for_work = True

    def __init__(self, node: Node) -> None:
        self.node = node
        self._balancer = first_server(node)
        self._working: dict[int, trio.CancelScope] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.beat)
            while True:
                _, message = await self.node.network.receive()
                match message:
                    case ("work", int() as number, left):
                        nursery.start_soon(self._work, number, left)
                    case ("ping", sent):
                        self.node.network.send(self._balancer, ("pong", sent))
                    case ("restart", int() as number):
                        done = await self._restart()
                        self.node.network.send(self._balancer, ("restarted", number, done))

    async def _work(self, number: int, left: float) -> None:
        with trio.move_on_after(left) as self._working[number]:
            try:
                done = await self.work(number)
            finally:
                self._working.pop(number, None)
            self.node.network.send(self._balancer, ("done", number, done))

    async def work(self, number: int) -> bool:
        """Do it; whether it is done."""
        try:
            self.node.disk.append(PATH, b".")
            await self.node.disk.fsync(PATH)
        except OSError:
            return False  # at once: a failing backend is the fastest of all
        return True

    async def _restart(self) -> bool:
        """Restart; whether it did. What is under way is lost, so there must be nothing, also when
        the balancer gave up on this restart and the message comes late."""
        if self._working and self.waits_for_work:
            return False
        for number, scope in list(self._working.items()):
            self.node.announce(DROPPED, {"number": number})
            scope.cancel()
        await trio.sleep(RESTART_S)
        return True

    async def beat(self) -> None:
        """Nothing: the balancer asks."""
