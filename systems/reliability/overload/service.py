"""The service: one worker, a queue that is no longer than it can serve, and deadlines.

    gateway -> service     ("call", id, left, "work", request)
    service -> gateway     ("answer", id, "ok", request) | ("answer", id, "refused", why)

`left` is how many seconds the caller will still wait.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import trio

from splitbrain.harness.node import Node

WORK_S = 0.01
"""How long one request takes: the service can do a hundred a second."""


class Request(NamedTuple):
    """A request in the queue.

    Attributes:
        sender: who asks.
        number: the question's.
        name: the request's.
        until: when whoever asks gives up, by this host's clock.
    """

    sender: str
    number: int
    name: int
    until: float


class Service:
    """The one server that works.

    Invariant: it begins nothing that cannot be answered in time, and refuses what would wait too
    long at once.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.queue: deque[Request] = deque()
        self._filled = trio.Event()

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._work)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("call", int() as number, left, "work", int() as name):
                        until = trio.current_time() + left
                        self._take(Request(sender, number, name, until))

    def _take(self, request: Request) -> None:
        if not self.admits(request):
            answer = "answer", request.number, "refused", "there is too much to do"
            self.node.network.send(request.sender, answer)
            return
        self.queue.append(request)
        self._filled.set()

    async def _work(self) -> None:
        while True:
            while not self.queue:
                self._filled = trio.Event()
                await self._filled.wait()
            request = self.queue.popleft()
            if self.is_worth_it(request):
                await trio.sleep(WORK_S)
                answer = "answer", request.number, "ok", request.name
                self.node.network.send(request.sender, answer)

    def admits(self, request: Request) -> bool:
        """Whether a request would be done in time."""
        return trio.current_time() + WORK_S * (len(self.queue) + 1) <= request.until

    def is_worth_it(self, request: Request) -> bool:
        """Whether somebody still waits for a request that is next."""
        return trio.current_time() + WORK_S <= request.until
