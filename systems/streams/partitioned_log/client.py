"""The client: appends payments to the log, and reads what consumers made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.5
"""How long to wait for an answer before asking again, which does no harm."""


class StreamClient:
    """A producer, and a reader of the derived view.

    Args:
        node: the host that the client runs on.
        server: not looked at: there is one broker.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._broker = first_server(node)

    async def pay(self, number: int, account: str, amount: int) -> None:
        """Put a payment into the log; `number` is its own."""
        await self._ask("pay", number, account, amount)

    async def ledger(self) -> Sequence[Sequence[Any]]:
        """All payments that consumers booked, those in the log now among them."""
        effects: Sequence[Sequence[Any]] = await self._ask("ledger")
        return effects

    async def _ask(self, *message: Any) -> Any:
        """Ask until there is an answer, or the harness gives the operation up."""
        while True:
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, self._broker, *message)
                if answer[0] == "refused":
                    raise Definite(str(answer[1]))
                return answer[1]
