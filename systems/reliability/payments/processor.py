"""The service that has the effect: a ledger, and the memory of which requests are in it.

    gateway -> processor   ("call", id, left, "pay", request, account, amount)
                           ("call", id, left, "ledger")
    processor -> gateway   ("answer", id, "ok", result) | ("answer", id, "refused", reason)
                           ("answer", id, "failed", reason)

`left` is how many seconds the caller will still wait.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.reliability.payments.ledger import Ledger


class Processor:
    """The one server that pays.

    Invariants: a request is in the ledger at most once; who is told that it is, is told after it
    became durable; a request whose caller has given up before it began is not begun.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.ledger = Ledger(node.disk)
        self.positions: dict[int, int] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.ledger.open()
        self.remember()
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("call", number, left, *request):
                        nursery.start_soon(self._answer, sender, "answer", number, left, request)
                    case ("request", number, *request):
                        nursery.start_soon(self._answer, sender, "reply", number, 2.0, request)

    def remember(self) -> None:
        """Learn from the ledger which requests are done."""
        self.positions = {entry[0]: n for n, entry in enumerate(self.ledger.entries, 1)}

    async def _answer(
        self, caller: str, kind: str, number: int, left: float, request: list[Any]
    ) -> None:
        with trio.move_on_after(left):
            answer = await self.do(*request)
            self.node.network.send(caller, (kind, number, *answer))

    async def do(self, f: str, *arguments: Any) -> Message:
        """Do a request; the answer."""
        match f, arguments:
            case "pay", (int() as request, str() as account, int() as amount) if amount > 0:
                position = self.position(request)
                if position is None:
                    position = self.ledger.append((request, account, amount))
                    self.positions[request] = position
                elif self.ledger.entries[position - 1] != (request, account, amount):
                    return "refused", f"request {request} was another payment"
                await self.ledger.until_durable(position)
                return "ok", position
            case "ledger", ():
                return "ok", await self.ledger.told()
        return "refused", f"{f} with {len(arguments)} arguments is no request"

    def position(self, request: int) -> int | None:
        """Where the ledger has a request; None if it hasn't."""
        return self.positions.get(request)
