"""A service: counters, each post durable before it is answered.

    gateway -> endpoint   ("call", id, left, "post", message, path, amount)
                          ("call", id, left, "get", path) | ("call", id, left, "name")
    endpoint -> gateway   ("answer", id, "ok", result) | ("answer", id, "refused", reason)
                          ("answer", id, "failed", reason)

`left` is how many seconds the caller will still wait; `message` tells copies of one post from
another. Records (`splitbrain.systems.log_file`): ``(message, path, amount)``.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.log_file import LogFile

PATH = "posts"
_START = 0x504F5354  # what the first frame's checksum continues


class Endpoint:
    """One service.

    Invariants: a message has its effect at most once; whatever is answered is durable.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self._log = LogFile(node.disk, PATH, _START)
        self._done: set[Any] = set()  # asked for membership only
        self._counts: Counter[str] = Counter()

    async def run(self) -> None:
        """Serve until cancelled."""
        for record in await self._log.open():
            self._apply(*record)
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("call", number, left, *request):
                        nursery.start_soon(self._answer, sender, number, left, request)

    async def _answer(self, caller: str, number: int, left: float, request: list[Any]) -> None:
        with trio.move_on_after(left):
            answer = self.do(*request)
            await self._log.sync()
            self.node.network.send(caller, ("answer", number, *answer))

    def do(self, f: str, *arguments: Any) -> Message:
        """Do a request, into the page cache only; the answer."""
        match f, arguments:
            case "post", (message, str() as path, int() as amount) if amount > 0:
                if message not in self._done:
                    self._log.append([(message, path, amount)])
                    self._apply(message, path, amount)
                return "ok", None
            case "get", (str() as path,):
                return "ok", self._counts[path]
            case "name", ():
                return "ok", self.node.name
        return "refused", f"{f} with {len(arguments)} arguments is no request"

    def _apply(self, message: Any, path: str, amount: int) -> None:
        self._done.add(message)
        self._counts[path] += amount
