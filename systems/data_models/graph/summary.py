"""A graph database as a page of code sketches it.

``add_node``, ``add_edge``, ``find_path`` (breadth first, edges walked both ways) and
``connected_nodes``, all in memory.

Guarantees: none. The design's weaknesses are kept, since they are what there is to see:

* Edges lead to nodes whether these are there or not.
* An edge is filed under the names of its nodes and its relationship, joined: another one of the
  same name takes its place.
* A node that goes leaves its edges behind.
* Each step of a query looks through all edges, as they are then.
* Nothing is on disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from splitbrain.harness.bug import planted
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import Disk
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.data_models.graph.client import GraphClient
from splitbrain.systems.data_models.graph.server import GraphServer
from splitbrain.systems.data_models.graph.store import Edges, End, Graph, Properties, Step


class SummaryGraph(Graph):
    """Nodes by name, and edges by what they are called."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk)
        self._edges: dict[str, tuple[int, str, str, str, Properties]] = {}

    async def open(self) -> None:
        """Nothing survives."""

    async def transact(self, change: int, steps: Sequence[Step]) -> None:
        """In memory alone; the sketch looks at nothing."""
        for step in steps:
            match step:
                case ("add", str() as node):
                    self.add_node(node)
                case ("remove", str() as node):
                    self.nodes.pop(node, None)
                case ("link", edge, one, other, relationship, properties):
                    self.add_edge(edge, one, other, relationship, properties)

    def add_node(self, node: str) -> None:
        """Have a node."""
        self.nodes[node] = {}

    def add_edge(
        self, edge: int, one: str, other: str, relationship: str, properties: Properties
    ) -> None:
        """Have an edge, and no other one that is called the same."""
        self._edges[f"{one}-{relationship}-{other}"] = edge, one, other, relationship, properties

    def edges(self, node: str, version: int) -> Edges:
        """Look through all edges for those of a node, whether that is there or not."""
        found = {}
        for edge, one, other, relationship, properties in self._edges.values():
            if node in (one, other):
                found[edge] = End(other if node == one else one, relationship, properties)
        return found

    def all_edges(self) -> Mapping[str, Edges]:
        """The nodes that are there, each with its edges."""
        return {node: self.edges(node, self.version) for node in self.nodes}


SYSTEM = System(
    name="graph-summary",
    title="a graph in memory whose edges lead anywhere, as sketched (chapter 2)",
    server=planted(GraphServer, graph_class=SummaryGraph),
    client=GraphClient,
    workloads=("graph",),
    claims=Claims(kinds=(), max_down=0),
    form="summary",
    nodes=1,
    sizes=SINGLE_SERVER,
)
