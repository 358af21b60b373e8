"""A graph database as a page of code sketches it.

``add_node``, ``add_edge``, ``find_path`` (breadth first, edges walked both ways) and
``connected_nodes``, all in memory.

Guarantees: none. The design's weaknesses are kept, since they are what there is to see:

* Edges are one list, and lead to nodes whether these are there or not.
* A node that goes leaves its edges behind.
* Each step of a query looks through all edges, as they are then.
* Nothing is on disk.
"""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.harness.bug import planted
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.data_models.graph.client import GraphClient
from splitbrain.systems.data_models.graph.server import GraphServer
from splitbrain.systems.data_models.graph.store import Edges, Graph, Step


class SummaryGraph(Graph):
    """A set of nodes and a list of edges."""

    def check(self, steps: Sequence[Step]) -> None:
        """The sketch looks at nothing."""

    async def open(self) -> None:
        """Nothing survives."""
        await self.log.replace([])

    async def transact(self, change: int, steps: Sequence[Step]) -> None:
        """In memory alone."""
        for step in steps:
            self.make(step)

    def make(self, step: Step) -> list[str]:
        """``add_edge`` puts an edge at both ends, made up if they are not there."""
        match step:
            case ("link", int() as edge, str() as one, str() as other):
                self.nodes.setdefault(one, {})[edge] = other
                self.nodes.setdefault(other, {})[edge] = one
            case ("remove", str() as node):
                self.nodes.pop(node, None)
            case ("add", str() as node):
                self.nodes.setdefault(node, {})
        return []


class SummaryServer(GraphServer):
    """Reads the graph as it is at each step."""

    def edges(self, node: str, version: int) -> Edges | None:
        """See `GraphServer.edges`."""
        return self.graph.nodes.get(node)


SYSTEM = System(
    name="graph-summary",
    title="a graph in memory whose edges lead anywhere, as sketched (chapter 2)",
    server=planted(SummaryServer, graph_class=SummaryGraph),
    client=GraphClient,
    workloads=("graph",),
    claims=Claims(kinds=(), max_down=0),
    form="summary",
    nodes=1,
    sizes=SINGLE_SERVER,
)
