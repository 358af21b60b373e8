"""A property graph: nodes come and go, edges are at both ends, paths are of one moment.

A few people, who are all there to begin with, are linked, and every other one is removed and comes
back; scans of all of it, whose edges are the same at both ends; two *chains*, whose ends are joined
over a node that is replaced again and again, and paths between these ends; routes between people,
which must be found or not found, but be answered; and whom somebody is linked with
(`splitbrain.checkers.graphs`; DDIA chapter 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from splitbrain.checkers.graphs import (
    atomic_visibility,
    no_dangling_edge,
    routes_lead,
    symmetric_edges,
)
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.keyed import remainder
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "graph"

SHARES = ("remove_node", "scan", "switch", "path", "find_path", "add_node", "connected_nodes")

OPTIONS = (
    Option("people", 6, "how many nodes there may be, besides those of chains", least=2),
    Option("add_node", 0.2, "share of nodes added", most=1),
    Option("remove_node", 0.1, "share of nodes removed", most=1),
    Option("scan", 0.15, "share of scans of all nodes and edges", most=1),
    Option("switch", 0.13, "share of switches of a chain's way", most=1),
    Option("path", 0.15, "share of paths along a chain", most=1),
    Option("find_path", 0.05, "share of routes between people", most=1),
    Option("connected_nodes", 0.05, "share of neighbours; edges added are what is left", most=1),
)

CHAINS = ("red", "blue")

RELATIONSHIPS = ("knows", "likes")


# Client protocol


class GraphClient(Protocol):
    """What a client must offer.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def add_node(self, node: str) -> None:
        """Add a node; nothing happens if it is there."""
        ...

    async def remove_node(self, node: str) -> None:
        """Remove a node with its edges. Raises `Definite` if it is not there."""
        ...

    async def add_edge(
        self, edge: int, one: str, other: str, relationship: str, properties: Mapping[str, int]
    ) -> None:
        """Add an edge. Raises `Definite` if a node is not there."""
        ...

    async def scan(self) -> Mapping[str, Sequence[tuple[int, str, str, Mapping[str, int]]]]:
        """All nodes, each with its edges as of one moment: number, other end, relationship,
        properties."""
        ...

    async def switch(self, chain: str, via: str) -> None:
        """Join a chain's ends over a new node, and no longer over the one before, at once."""
        ...

    async def path(self, chain: str) -> Sequence[str] | None:
        """The nodes between a chain's ends, None if there is no path."""
        ...

    async def find_path(self, start: str, end: str) -> Sequence[str] | None:
        """A shortest path between two people, both included; None if there is none."""
        ...

    async def connected_nodes(self, node: str) -> Sequence[str]:
        """The other ends of a node's edges; none if it is not there."""
        ...


_EDGE = "edge, one, other, relationship, properties"

METHODS = (
    Method("add_node", "add_node(node)", "adds", needed=True),
    Method("remove_node", "remove_node(node)", "removes", needed=True),
    Method("add_edge", f"add_edge({_EDGE})", "links", needed=True),
    Method("scan", "scan() -> {node: [(edge, other, ...), ...]}", "scans", needed=True),
    Method("switch", "switch(chain, via)", "switches a chain", needed=True),
    Method("path", "path(chain) -> nodes or None", "follows a chain", needed=True),
    Method("find_path", "find_path(start, end) -> nodes or None", "finds a route", needed=True),
    Method("connected_nodes", "connected_nodes(node) -> nodes", "finds neighbours", needed=True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f in ("add_node", "remove_node"):
        await getattr(client, f)(value)
        return value
    if f in ("add_edge", "switch"):
        await getattr(client, f)(*value)
        return value
    if f == "scan":
        return {node: [list(e) for e in edges] for node, edges in (await client.scan()).items()}
    if f == "path":
        found = await client.path(value)
        return None if found is None else list(found)
    if f == "find_path":
        found = await client.find_path(*value)
        return [*value, None if found is None else list(found)]
    if f == "connected_nodes":
        return [value, list(await client.connected_nodes(value))]
    raise ValueError(f"workload graph has no operation {f!r}: it has {', '.join(SHARES)}, add_edge")


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """All people are added, and each chain is led over a node, by random free clients; then endless
    operations in the shares that the options say."""
    people = [f"p{number}" for number in range(options["people"])]
    begin: list[tuple[str, Any]] = [("add_node", person) for person in people]
    begin += [("switch", [chain, f"v-{chain}"]) for chain in CHAINS]
    weights = remainder(NAME, {name: options[name] for name in SHARES}, "add_edge")

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        if number < len(begin):
            return Invocation(context.time, client, *begin[number])
        f = random.choices(tuple(weights), tuple(weights.values()))[0]
        value: Any = None
        if f in ("add_node", "connected_nodes"):
            value = random.choice(people)
        elif f == "remove_node":
            # Some stay, or where few are added nobody would be left to link.
            value = random.choice(people[::2])
        elif f in ("add_edge", "find_path"):
            value = random.sample(people, 2)
            if f == "add_edge":
                value = [number, *value, random.choice(RELATIONSHIPS), {"since": number}]
        elif f == "switch":
            value = [random.choice(CHAINS), f"v{number}"]
        elif f == "path":
            value = random.choice(CHAINS)
        return Invocation(context.time, client, f, value)

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """Of every server: all nodes and edges, each chain, and a route to nowhere."""
    reads: list[tuple[str, Any]] = [("scan", None), *(("path", chain) for chain in CHAINS)]
    reads += [("find_path", ["p0", "nowhere"]), ("connected_nodes", "p0")]
    return [FinalRead(f, value, server) for server in plan.servers for f, value in reads]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """Edges are at both ends and lead somewhere; paths are of one moment, and routes lead on."""
    return (symmetric_edges(), no_dangling_edge(), atomic_visibility(), routes_lead())


def found(f: str, argument: Any, result: Any) -> bool:
    """Whether a query found anything."""
    told = f in ("find_path", "connected_nodes") and isinstance(result, list) and result
    return bool(result[-1] if told else result)


KIND = WorkloadKind(
    name=NAME,
    description="a property graph: edges at both ends, nodes go with theirs, paths of a moment",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"scan", "path", "find_path", "connected_nodes"}),
    shows=found,
    refusable=frozenset({"remove_node", "add_edge"}),
    words={
        "add_node": Words("adds node {argument:name}", "+{argument:name}"),
        "remove_node": Words("removes node {argument:name}", "-{argument:name}"),
        "add_edge": Words(
            "links {argument.1:name} and {argument.2:name} (edge {argument.0}: {argument.3:name})",
            "{argument.1:name}-{argument.2:name}",
        ),
        "scan": Words("scans the graph[ -> {result}]", "scan"),
        "switch": Words(
            "leads {argument.0:name} over {argument.1:name}", "{argument.0:name}={argument.1:name}"
        ),
        "path": Words("follows {argument:name}[ -> {result}]", "{argument:name}->{result}"),
        "find_path": Words(
            "asks for a route from {argument.0:name} to {argument.1:name}[ -> {result.2}]",
            "{argument.0:name}..{argument.1:name}",
        ),
        "connected_nodes": Words(
            "asks whom {argument:name} is linked with[ -> {result.1}]",
            "{argument:name}--{result.1}",
        ),
    },
)


def graph(client: ClientFactory, **options: int | float | None) -> Workload:
    """A graph, for a client that offers `GraphClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
