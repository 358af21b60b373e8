"""A consumer: processes one message at a time, which takes a while."""

from __future__ import annotations

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

POLL_S = 0.02


class Consumer:
    """One consumer; it keeps nothing.

    Attributes:
        work_s: how long a message takes.
    """

    work_s = 0.03

    def __init__(self, node: Node) -> None:
        self.node = node
        self.broker = first_server(node)
        self.life = node.random.getrandbits(62)
        self.is_busy = False

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._poll)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("work", life, position, _, _, is_poison) if life == self.life:
                        if not self.is_busy:
                            self.is_busy = True
                            nursery.start_soon(self._work, position, is_poison)
                    case ("request", number, *_):
                        answer = ("reply", number, "refused", f"ask {self.broker}")
                        self.node.network.send(sender, answer)

    async def _poll(self) -> None:
        while True:
            if not self.is_busy:
                self.node.network.send(self.broker, ("ready", self.life))
            await trio.sleep(POLL_S)

    async def _work(self, position: int, is_poison: bool) -> None:
        await trio.sleep(self.work_s)
        self.node.network.send(self.broker, (self.outcome(is_poison), position))
        self.is_busy = False

    def outcome(self, is_poison: bool) -> str:
        """What is said of a message: one that makes no sense cannot be processed, ever."""
        return "failed" if is_poison else "done"
