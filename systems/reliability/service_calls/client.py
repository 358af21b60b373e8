"""The client: it asks the gateway, once, and says what it was told."""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 1.8
"""How long to wait for the gateway's answer: longer than it tries."""


class ServiceClient:
    """Posts, gets and calls.

    Args:
        node: the host that the client runs on.
        server: not asked: all goes through the gateway.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._gateway = first_server(node)

    async def post(self, path: str, amount: int) -> None:
        """Add to the counter at a path.

        Raises:
            Definite: it was not added, and won't be.
            Indefinite: nobody said that it was; it may have been.
        """
        await self._ask("post", path, amount)

    async def get(self, path: str) -> int:
        """The counter at a path. Raises as `post` does."""
        return int(await self._ask("get", path))

    async def call(self, endpoint: int) -> str:
        """Call the endpoint at a position; its name. Raises as `post` does."""
        return str(await self._ask("call", endpoint))

    async def _ask(self, *message: Any) -> Any:
        with trio.move_on_after(ATTEMPT_S):
            match await request(self._node, self._gateway, *message):
                case ("ok", result):
                    return result
                case ("refused", reason):
                    raise Definite(str(reason))
        raise Indefinite("the gateway did not say what became of it")
