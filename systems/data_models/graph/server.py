"""The server: a graph, asked over the network.

("transact", change, steps)     -> ("ok",) or ("refused", why)      steps as ``store`` has them
("switch", change, chain, via)  -> ("ok",)
("scan",)                       -> ("ok", ((node, (edge, ...)), ...))   an edge as it is there:
                                   (number, other, relationship, properties)
("find_path", start, end, depth) -> ("ok", nodes) or ("ok", None)
("connected_nodes", node)       -> ("ok", nodes)   the other ends of its edges, each once
("find", name, value)           -> ("ok", ((node, properties), ...))   of nodes with this property
("properties",)                 -> the same, of all nodes that have any

Queries read a page for each node, which takes time, while others write.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Message, Node
from splitbrain.systems.data_models.graph.forms import Refused
from splitbrain.systems.data_models.graph.pictures import STEPS
from splitbrain.systems.data_models.graph.queries import Search
from splitbrain.systems.data_models.graph.store import Edges, Graph

PAGE_S = 0.002
"""How long it takes to read a page."""

WAY = "way"
"""What the edges of a chain are."""


class GraphServer:
    """The one server.

    Invariants: whatever it answers is durable; a query sees one version.

    Attributes:
        graph_class: what keeps the graph.
        search_class: what finds paths.
    """

    graph_class: type[Graph] = Graph
    search_class: type[Search] = Search

    def __init__(self, node: Node) -> None:
        self.node = node
        self.graph = self.graph_class(node.disk)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.graph.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.graph.commits.keep_house)
            while True:
                client, (_, number, *request) = await self.node.network.receive()
                nursery.start_soon(self._serve, client, number, request)

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        try:
            answer: Message = ("ok", *await self.do(*request))
        except Refused as refused:
            answer = ("refused", str(refused))
        await self.graph.commits.sync()
        self.node.network.send(client, ("reply", number, *answer))

    async def do(self, f: str, *arguments: Any) -> Message:
        """Do a request; the answer.

        Raises:
            Refused: it was not done.
        """
        match f, arguments:
            case "transact", (int() as change, tuple() as steps):
                await self.graph.transact(change, steps)
                self.node.trace(STEPS, steps)
                return ()
            case "switch", (int() as change, str() as chain, str() as via):
                steps = self.switch(change, chain, via)
                await self.graph.transact(change, steps)
                self.node.trace(STEPS, steps)
                return ()
            case "scan", ():
                nodes = self.graph.all_edges().items()
                return (tuple((n, tuple((e, *end) for e, end in at.items())) for n, at in nodes),)
            case "find", (str() as name, value):
                return (self.graph.find(name, value),)
            case "properties", ():
                return (tuple(self.graph.properties.items()),)
            case "find_path", (str() as start, str() as end, int() as depth) if depth >= 0:
                found = await self.find_path(start, end, depth)
                return (None if found is None else tuple(found),)
            case "connected_nodes", (str() as node,):
                return (await self.connected_nodes(node),)
            case "find_path", (start, end, depth):
                said = f"give two names of nodes and a number of edges, not {start!r}, {end!r}"
                raise Refused(f"find_path: {said}, {depth!r}")
        raise Refused(f"{f} with {len(arguments)} arguments is no request")

    def switch(self, change: int, chain: str, via: str) -> tuple[tuple[Any, ...], ...]:
        """The steps that lead a chain over another node."""
        start, end = f"{chain}-start", f"{chain}-end"
        edges = self.edges(start, self.graph.version) or {}
        before = dict.fromkeys(end.other for end in edges.values())
        return (
            *(("remove", node) for node in before),
            *(("add", node) for node in (start, via, end)),
            ("link", 2 * change, start, via, WAY, ()),
            ("link", 2 * change + 1, via, end, WAY, ()),
        )

    async def find_path(self, start: str, end: str, depth: int) -> list[str] | None:
        """A shortest path as of now, however long it takes to find."""
        with self.graph.reading() as version:

            async def read(node: str) -> Edges | None:
                await trio.sleep(PAGE_S)
                return self.edges(node, version)

            return await self.search_class(read).find_path(start, end, depth)

    async def connected_nodes(self, node: str) -> tuple[str, ...]:
        """The other ends of a node's edges as of now, each once; none if there is no such node."""
        with self.graph.reading() as version:
            await trio.sleep(PAGE_S)
            edges = self.edges(node, version) or {}
        return tuple(dict.fromkeys(end.other for end in edges.values()))

    def edges(self, node: str, version: int) -> Edges | None:
        """What a query that began at a version sees of a node."""
        return self.graph.edges(node, version)
