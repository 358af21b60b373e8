"""Planted bugs of the graph: it, with one decision wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.data_models.graph.forms import Refused
from splitbrain.systems.data_models.graph.queries import MAX_DEPTH, Search
from splitbrain.systems.data_models.graph.server import PAGE_S, GraphServer
from splitbrain.systems.data_models.graph.store import Edges, Entries, Graph, Step

LOOKUP_S = 5 * PAGE_S
"""How long it takes to look nodes up: an index has several pages."""


class OneEndAtATime(Graph):
    """Writes an edge at one end, durably, and then at the other."""

    async def transact(self, change: int, steps: Sequence[Step]) -> None:
        """A crash in between leaves half an edge."""
        match steps:
            case [("link", *_) as step] if change not in self._changes and self.can_be_made(steps):
                for key, value in self.entries(step).items():
                    if key[1] in self.nodes:
                        self.place(key, value)
                        self.made({("change", change): "", key: value})
                        await self.commits.sync()
            case _:
                await super().transact(change, steps)

    def can_be_made(self, steps: Sequence[Step]) -> bool:
        """Whether they can."""
        try:
            self.check(steps)
        except Refused:
            return False
        return True


class ChecksFirst(Graph):
    """Looks whether both nodes are there, and then writes."""

    async def transact(self, change: int, steps: Sequence[Step]) -> None:
        """One of them may be removed in between."""
        if change not in self._changes:
            try:
                self.check(steps)
            except Refused as refused:
                self.refuse(change, str(refused))
            else:
                await trio.sleep(LOOKUP_S)
                self.make(change, steps)
        self.say(change)

    def entries(self, step: Step) -> Entries:
        """An edge is at the ends that are there."""
        entries = super().entries(step)
        if step[0] != "link":
            return entries
        return {key: value for key, value in entries.items() if key[1] in self.nodes}


class AtTheFirstEnd(Graph):
    """Writes what an edge is where it leads from."""

    def entries(self, step: Step) -> Entries:
        """Its other end has an edge without properties."""
        entries = super().entries(step)
        if step[0] == "link":
            last = ("edge", step[3], step[1])
            entries[last] = entries[last]._replace(properties=())
        return entries


class IndexOnlyGrows(Graph):
    """Enters what nodes are now, and leaves what they were."""

    def leave(self, node: str, entry: tuple[str, Any]) -> None:
        """It is looked at when a node is found; or not."""


class IndexOfNewNodes(Graph):
    """Keeps the index with what is written, and makes none of what was there at the start."""

    async def open(self) -> None:
        """After a crash nodes are there, and not found."""
        await super().open()
        self.index.clear()

    def leave(self, node: str, entry: tuple[str, Any]) -> None:
        """It may be one of those."""
        if entry in self.index:
            super().leave(node, entry)


class ForgetsRefusals(Graph):
    """Says that a change can't be made, and makes it when it comes again."""

    async def transact(self, change: int, steps: Sequence[Step]) -> None:
        """What could not be removed may be there when a late copy of the request comes."""
        if change not in self._changes:
            self.check(steps)
        await super().transact(change, steps)


class LatestOfEach(GraphServer):
    """Reads each node as it is when the query comes there."""

    def edges(self, node: str, version: int) -> Edges | None:
        """What was replaced meanwhile is a way that leads nowhere."""
        return self.graph.nodes.get(node)


class GoesInCircles(Search):
    """Follows every way, as far as it goes."""

    async def find_path(self, start: str, end: str, max_depth: int = MAX_DEPTH) -> list[str] | None:
        """Around a cycle it goes for ever, if what it looks for isn't there."""
        ways = [[start]]
        while ways:
            way = ways.pop(0)
            for other, *_ in ((await self.read(way[-1])) or {}).values():
                if other == end:
                    return [*way, other]
                ways.append([*way, other])
        return None


def _graph(graph: type[Graph]) -> type[GraphServer]:
    return planted(GraphServer, graph_class=graph)


BUGS: tuple[Bug, ...] = (
    Bug(
        id="GRAPH-01",
        title="an edge is written at one end and then at the other",
        server=_graph(OneEndAtATime),
        workload="graph",
        faults=("process.kill", "disk.slow"),
        nodes=1,
        seeds=20,
        shows=("one-sided",),
        source="DDIA chapter 2, Property Graphs (edges indexed at both ends)",
    ),
    Bug(
        id="GRAPH-02",
        title="a node is removed between the check that it is there and an edge to it",
        server=_graph(ChecksFirst),
        workload="graph",
        faults=("net.latency",),
        nodes=1,
        seeds=60,
        shows=("dangling",),
        source="DDIA chapter 7, Write Skew and Phantoms",
    ),
    Bug(
        id="GRAPH-03",
        title="a path is followed through several versions of the graph",
        server=LatestOfEach,
        workload="graph",
        faults=("net.latency",),
        nodes=1,
        seeds=40,
        shows=("fractured",),
        source="LDBC ACID test suite, observed transaction vanishes (TPCTC 2020)",
    ),
    Bug(
        id="GRAPH-06",
        title="what an edge is stands at the end that it leads from, and not at the other",
        server=_graph(AtTheFirstEnd),
        workload="graph",
        faults=(),
        nodes=1,
        seeds=5,
        shows=("one-sided",),
        source="DDIA chapter 2, Property Graphs (edges have properties, and two ends)",
    ),
    Bug(
        id="GRAPH-05",
        title="a query goes round a cycle for ever",
        server=planted(GraphServer, search_class=GoesInCircles),
        workload="graph",
        faults=("net.latency",),
        nodes=1,
        seeds=20,
        shows=("progress", "unanswered", "message-storm", "memory-growth"),
        source="DDIA chapter 2, Graph Queries in SQL (recursive queries)",
    ),
)

PROPERTY_BUGS: tuple[Bug, ...] = (
    Bug(
        id="GRAPH-INDEX",
        title="an index keeps what nodes were: they are found by a property that they had",
        server=_graph(IndexOnlyGrows),
        workload="scan",
        faults=(),
        nodes=1,
        seeds=10,
        shows=("index-agreement",),
        source="DDIA chapter 2, Property Graphs; chapter 3, Other Indexing Structures",
    ),
    Bug(
        id="GRAPH-INDEX-CRASH",
        title="the index of properties is not made again after a crash",
        server=_graph(IndexOfNewNodes),
        workload="scan",
        faults=("process.kill",),
        nodes=1,
        seeds=20,
        shows=("index-agreement",),
        source="DDIA chapter 3, Other Indexing Structures",
    ),
    Bug(
        id="GRAPH-REFUSED",
        title="a removal that was refused is done when a late copy of the request comes",
        server=_graph(ForgetsRefusals),
        workload="scan",
        faults=("client.duplicate",),
        nodes=1,
        options={"keys": 12, "delete_item": 0.35},
        seeds=60,
        shows=("index-agreement",),
        source="DDIA chapter 8, Timeouts and Unbounded Delays; chapter 12, Operation Identifiers",
    ),
)
