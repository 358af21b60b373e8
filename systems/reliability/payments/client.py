"""The client of the payments service: it asks one gateway, once, and says what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 1.8
"""How long to wait for a gateway's answer: longer than it tries."""


class PaymentsClient:
    """Pays, and reads the ledger.

    Args:
        node: the host that the client runs on.
        server: where to read; payments go there too, unless it is the processor, which takes them
            from gateways only.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server
        gateways = [name for name in node.peers if name != first_server(node)]
        self._gateway = server if server in gateways else node.random.choice(gateways)

    async def pay(self, number: int, account: str, amount: int) -> None:
        """Pay `amount` into `account`; `number` is this payment's own.

        Raises:
            Definite: it was not paid, and won't be.
            Indefinite: nobody said that it was; it may have been.
        """
        await self._ask(self._gateway, "pay", number, account, amount)

    async def ledger(self) -> Sequence[Sequence[Any]]:
        """All payments so far, in order."""
        effects: Sequence[Sequence[Any]] = await self._ask(self._server, "ledger")
        return effects

    async def _ask(self, server: str, *message: Any) -> Any:
        with trio.move_on_after(ATTEMPT_S):
            match await request(self._node, server, *message):
                case ("ok", result):
                    return result
                case ("refused", reason):
                    raise Definite(str(reason))
        raise Indefinite(f"{server} did not say what became of it")
