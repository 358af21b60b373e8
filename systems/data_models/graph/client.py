"""The client: nodes and edges are written in transactions of one or two steps."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node
from splitbrain.systems.data_models.graph.queries import MAX_DEPTH
from splitbrain.systems.data_models.graph.store import Properties

ATTEMPT_S = 1.0
"""How long to wait for an answer."""


class NodeClient:
    """Adds and removes nodes.

    Args:
        node: the host that the client runs on.
        server: the server.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def add_node(self, node: str, properties: Properties = ()) -> None:
        """Add a node, if it is not there; it has these properties from now on, if there are any.

        Raises:
            Indefinite: nobody said whether it is there.
        """
        described = [("set", node, properties)] if properties else []
        await self._transact(("add", node), *described)

    async def remove_node(self, node: str) -> None:
        """Remove a node with its edges.

        Raises:
            Definite: it is not there.
            Indefinite: nobody said whether it is gone.
        """
        await self._transact(("remove", node))

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


class GraphClient(NodeClient):
    """Links nodes, and follows edges."""

    async def add_edge(
        self, edge: int, one: str, other: str, relationship: str, properties: Mapping[str, Any]
    ) -> None:
        """Add an edge, which has properties; raises as `remove_node` does."""
        items = tuple(sorted(properties.items()))
        await self._transact(("link", edge, one, other, relationship, items))

    async def scan(self) -> dict[str, list[tuple[Any, ...]]]:
        """All nodes, each with its edges: number, other end, relationship and properties."""
        (nodes,) = await self._ask("scan")
        return {
            node: [(*end, dict(properties)) for *end, properties in edges] for node, edges in nodes
        }

    async def switch(self, chain: str, via: str) -> None:
        """Lead a chain over another node; raises as `add_node` does."""
        # Two edges of it have numbers that are made of this one, far from those of people's.
        await self._ask("switch", self._node.random.randrange(2**32, 2**62), chain, via)

    async def path(self, chain: str) -> list[str] | None:
        """The nodes between a chain's ends."""
        (found,) = await self._ask("find_path", f"{chain}-start", f"{chain}-end", MAX_DEPTH)
        return None if found is None else list(found[1:-1])

    async def find_path(self, start: str, end: str, max_depth: int = MAX_DEPTH) -> list[str] | None:
        """A shortest path between two nodes, both included; None if there is none that short."""
        (found,) = await self._ask("find_path", start, end, max_depth)
        return None if found is None else list(found)

    async def connected_nodes(self, node: str) -> list[str]:
        """The other ends of a node's edges, each once."""
        return list((await self._ask("connected_nodes", node))[0])


class PropertyClient(NodeClient):
    """Asks for nodes by their properties: an item is a node with a color and a number."""

    async def put_item(self, key: str, color: str, number: int) -> None:
        """Have a node of this color; no other node has its number."""
        await self.add_node(key, (("color", color), ("number", number)))

    async def delete_item(self, key: str) -> None:
        """Have no node of this name."""
        with suppress(Definite):  # there is none
            await self.remove_node(key)

    async def find(self, color: str) -> list[list[Any]]:
        """The nodes of a color, each with its number."""
        (found,) = await self._ask("find", "color", color)
        return [[node, dict(properties).get("number")] for node, properties in found]

    async def scan(self) -> list[list[Any]]:
        """All nodes, each with its color and its number."""
        (found,) = await self._ask("properties")
        return [[node, *(value for _, value in properties)] for node, properties in found]
