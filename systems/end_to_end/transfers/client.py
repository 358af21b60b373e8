"""The client: a user who sends a request until it is answered, with the same id each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.client import Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.4
"""How long to wait for an answer before asking again."""


class TransferClient:
    """A user, and an auditor.

    Args:
        node: the host that the client runs on.
        server: not looked at: requests go to the first server, reads to all others.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._requests = first_server(node)
        servers = (name for name in node.peers if name.startswith("n"))
        self._keepers = sorted(name for name in servers if name != self._requests)

    async def transfer(self, number: int, source: str, target: str, amount: int) -> None:
        """Transfer something, once."""
        await self._ask(self._requests, "transfer", number, source, target, amount)

    async def accounts(self) -> Mapping[str, Any]:
        """All books, once what is in the log of requests is in them."""
        await self._ask(self._requests, "settled")
        entries: list[Any] = []
        balances: dict[str, int] = {}
        for keeper in self._keepers:
            some, theirs = await self._ask(keeper, "accounts")
            entries += some
            balances.update(theirs)
        return {"entries": entries, "balances": balances}

    async def _ask(self, server: str, *message: Any) -> tuple[Any, ...]:
        while True:
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, server, *message)
                if answer[0] != "ok":
                    raise Indefinite(str(answer[1]))
                return answer[1:]
