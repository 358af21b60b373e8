"""The client: schemas go to the registry as JSON text, and come back as JSON."""

from __future__ import annotations

import json
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Node

ATTEMPT_S = 0.5
"""How long to wait for an answer."""


class RegistryClient:
    """Registers schemas, and asks for them.

    Args:
        node: the host that the client runs on.
        server: the server.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def register(self, subject: str, schema: Any) -> int:
        """A schema's id.

        Raises:
            Definite: it was refused.
            Indefinite: nobody said whether it was registered.
        """
        id: int = await self._ask("register", subject, json.dumps(schema))
        return id

    async def versions(self, subject: str) -> list[tuple[int, Any]]:
        """A subject's ids and schemas, in order."""
        return [(id, json.loads(text)) for id, text in await self._ask("versions", subject)]

    async def _ask(self, *message: Any) -> Any:
        with trio.move_on_after(ATTEMPT_S):
            match await request(self._node, self._server, *message):
                case ("ok", result):
                    return result
                case (_, reason):
                    raise Definite(str(reason))
        raise Indefinite(f"{self._server} did not answer")
