"""The client: asks one server for identifiers."""

from __future__ import annotations

from splitbrain.harness.client import request
from splitbrain.harness.node import Node


class IdentifierClient:
    """Asks a server.

    Args:
        node: the host that the client runs on.
        server: the server.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def generate(self) -> str:
        """A new identifier."""
        (identifier,) = await request(self._node, self._server, "generate")
        return str(identifier)
