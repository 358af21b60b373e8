"""The client: orders, and reads what the services have done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import trio

from splitbrain.checkers.calls.sagas import NO_SEAT
from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Node
from splitbrain.systems.transactions.saga.orchestrator import BOOKED, FULL

ATTEMPT_S = 0.5
"""How long to wait for an answer before asking again, in seconds."""


class SagaClient:
    """Asks the orchestrator, which is the first server, and reads the ledgers of the others.

    Args:
        node: the host that the client runs on.
        server: not looked at.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._orchestrator, *self._services = node.peers

    async def order(self, number: int, day: int) -> None:
        """Have all services give the order a seat.

        Raises:
            Definite: one had none left, or did not answer; the others give theirs back.
        """
        (outcome,) = await self._ask(self._orchestrator, "order", number, day)
        if outcome != BOOKED:
            raise Definite(NO_SEAT if outcome == FULL else "a service did not answer")

    async def ledgers(self) -> Mapping[str, Sequence[Sequence[Any]]]:
        """By service, what it did and undid, in order."""
        found = {}
        for service in self._services:
            (ledger,) = await self._ask(service, "ledger")
            found[service] = [list(line) for line in ledger]
        return found

    async def _ask(self, server: str, *message: Any) -> tuple[Any, ...]:
        while True:
            with trio.move_on_after(ATTEMPT_S):
                return await request(self._node, server, *message)
