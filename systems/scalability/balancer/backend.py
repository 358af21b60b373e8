"""A backend: does the work, answers pings, and restarts when it is told to.

    balancer -> backend     ("work", number, call, left)  -> ("done", number, ok)
                            ("ping", sent)                -> ("pong", sent)
                            ("restart", number)           -> ("restarted", number, done)
                            ("list", number)              -> ("listed", number, calls)

`left` is how many seconds the balancer will still wait; `sent` is by its own clock, and comes back.
`ok` is None if nobody knows whether the work is done, and so is `calls` if they cannot be read.
"""

from __future__ import annotations

import re

import trio

from splitbrain.checkers.calls.balancing import DROPPED
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

PATH = "work"

RECORD = re.compile(rb"\n(-?[0-9]+)\.")
"""A call's number in the file. What a crash leaves of others, beside or between, is none."""

RESTART_S = 0.1
"""How long a restart takes."""


class Backend:
    """One backend. Its work is a line in a file, synced, with the number of the call.

    Invariants: what it answers as done, or lists, is durable; it does not restart while it works.

    Attributes:
        waits_for_work: whether it refuses to restart meanwhile.
    """

    waits_for_work = True

    def __init__(self, node: Node) -> None:
        self.node = node
        self._balancer = first_server(node)
        self._working: dict[int, trio.CancelScope] = {}
        self._has_name = False  # durably, in this life

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.beat)
            while True:
                _, message = await self.node.network.receive()
                match message:
                    case ("work", int() as number, int() as call, left):
                        nursery.start_soon(self._work, number, call, left)
                    case ("list", int() as number):
                        nursery.start_soon(self._list, number)
                    case ("ping", sent):
                        self.node.network.send(self._balancer, ("pong", sent))
                    case ("restart", int() as number):
                        done = await self._restart()
                        self.node.network.send(self._balancer, ("restarted", number, done))

    async def _work(self, number: int, call: int, left: float) -> None:
        with trio.move_on_after(left) as self._working[number]:
            try:
                done = await self.work(call)
            finally:
                self._working.pop(number, None)
            self.node.network.send(self._balancer, ("done", number, done))

    async def work(self, call: int) -> bool | None:
        """Do it; True when it is done, None if nobody knows whether it is."""
        try:
            self.node.disk.append(PATH, f"\n{call}.".encode())
            await self.sync()
        except OSError:
            return None  # at once: a failing backend is the fastest of all
        return True

    async def sync(self) -> None:
        """Wait until the work is durable, and so is the name of its file."""
        await self.node.disk.fsync(PATH)
        if not self._has_name:
            await self.node.disk.fsync_dir()
            self._has_name = True

    async def _list(self, number: int) -> None:
        calls: tuple[int, ...] | None = ()
        try:
            if self.node.disk.exists(PATH):
                data = self.node.disk.read(PATH)
                await self.sync()
                calls = tuple(int(number) for number in RECORD.findall(data))
        except OSError:
            calls = None
        self.node.network.send(self._balancer, ("listed", number, calls))

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
