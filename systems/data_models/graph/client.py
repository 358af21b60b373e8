"""The client: nodes and edges are written in transactions of one or two steps."""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node

ATTEMPT_S = 1.0
"""How long to wait for an answer."""

DEPTH = 5


class GraphClient:
    """Writes and asks.

    Args:
        node: the host that the client runs on.
        server: the server.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def add(self, node: str) -> None:
        """Add a node.

        Raises:
            Indefinite: nobody said whether it is there.
        """
        await self._transact(("add", node))

    async def remove(self, node: str) -> None:
        """Remove a node with its edges.

        Raises:
            Definite: it is not there.
            Indefinite: nobody said whether it is gone.
        """
        await self._transact(("remove", node))

    async def link(self, edge: int, one: str, other: str) -> None:
        """Add an edge; raises as `remove` does."""
        await self._transact(("link", edge, one, other))

    async def scan(self) -> dict[str, Any]:
        """All nodes with their edges."""
        return dict((await self._ask("scan"))[0])

    async def switch(self, chain: str, via: str) -> None:
        """Lead a chain over another node; raises as `add` does."""
        # Two edges of it have numbers that are made of this one, far from those of people's.
        await self._ask("switch", self._node.random.randrange(2**32, 2**62), chain, via)

    async def path(self, chain: str) -> list[str] | None:
        """The nodes between a chain's ends."""
        (found,) = await self._ask("path", f"{chain}-start", f"{chain}-end", DEPTH)
        return None if found is None else list(found[1:-1])

    async def route(self, one: str, other: str) -> list[str] | None:
        """A shortest path between two nodes."""
        (found,) = await self._ask("path", one, other, DEPTH)
        return None if found is None else list(found)

    async def _transact(self, *steps: tuple[Any, ...]) -> None:
        await self._ask("transact", self._node.random.getrandbits(62), steps)

    async def _ask(self, *message: Any) -> Message:
        with trio.move_on_after(ATTEMPT_S):
            match await request(self._node, self._server, *message):
                case ("ok", *result):
                    return tuple(result)
                case (_, reason):
                    raise Definite(str(reason))
        raise Indefinite(f"{self._server} did not answer")
