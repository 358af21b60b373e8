"""The client: sends messages, and reads what became of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.4
"""How long to wait for an answer before asking again, which does no harm."""


class QueueClient:
    """A producer.

    Args:
        node: the host that the client runs on.
        server: not looked at: there is one broker.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._broker = first_server(node)

    async def send(self, key: str, number: int, is_poison: bool) -> int:
        """Send a message; return the how many-th of its key it is."""
        return int(await self._ask("send", key, number, is_poison))

    async def processed(self) -> Mapping[str, Any]:
        """What was processed, and what was given up, once all that is there now was."""
        found = await self._ask("processed")
        return {
            how: [[key, number] for said, key, number in found if said == how]
            for how in ("processed", "dead")
        }

    async def _ask(self, *message: Any) -> Any:
        attempts = 0
        while True:
            with trio.move_on_after(ATTEMPT_S):
                kind, result = await request(self._node, self._broker, *message)
                if kind != "ok":
                    # An attempt before this one may have succeeded.
                    raise Indefinite(str(result)) if attempts else Definite(str(result))
                return result
            attempts += 1
