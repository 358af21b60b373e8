"""Nodes with the edges at them, in versions, over a storage engine.

A transaction is some steps that are made at once::

    ("add", node)                  nothing if it is there
    ("set", node, properties)      its properties from now on, ((name, value), ...)
    ("link", edge, one, other, relationship, properties)    both nodes must be there
    ("remove", node)               with its edges, at their other ends too

The engine has, of each transaction in one batch (`splitbrain.systems.storage.committing`)::

    ("node", node)          -> its properties
    ("edge", node, edge)    -> (other, relationship, properties), at each end of an edge
    ("change", change)      -> why it was not made, and never will be; "" if it was

`change` is a number that whoever made it chose, so that one that comes again is known. So is one
that was refused: who heard that nothing was done counts on it, though a copy of the request comes
when it could be done. A *version* is how many transactions there were; what a node was at a version
stays known as long as somebody reads at it. Properties have no versions: a search is one step.
Their index is derived data: it is made again when the graph is opened.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

from splitbrain.harness.node import Disk
from splitbrain.systems.data_models.graph.forms import Refused, check_form
from splitbrain.systems.data_models.tree import DataTree
from splitbrain.systems.storage.committing import Commits, Parts, TooLong
from splitbrain.systems.storage.engine import Engine

Properties = tuple[tuple[str, Any], ...]


class End(NamedTuple):
    """An edge as it stands at one of its nodes: where it leads, and what it is."""

    other: str
    relationship: str
    properties: Properties


Edges = Mapping[int, End]
"""The edges at a node."""

Step = tuple[Any, ...]

Entries = dict[Parts, Any]
"""What a step changes, as the engine has it; None deletes."""


class Graph:
    """The graph of one server.

    Invariants: an edge is the same at both of its ends, which are there; a transaction is there as
    a whole or not at all, in every version and after any crash; a change is made once; the index
    has an entry for each property of each node, and no other.

    Args:
        disk: where the engine keeps its files.

    Attributes:
        engine_class: what engine that is.
    """

    engine_class: ClassVar[type[Engine]] = DataTree

    def __init__(self, disk: Disk) -> None:
        self.commits = Commits(self.engine_class(disk))
        self.nodes: dict[str, dict[int, End]] = {}
        self.properties: dict[str, Properties] = {}
        self.index: dict[tuple[str, Any], dict[str, None]] = {}
        self.version = 0
        self._history: dict[str, list[tuple[int, Edges | None]]] = {}
        self._readers: Counter[int] = Counter()
        self._changes: dict[int, str] = {}

    async def open(self) -> None:
        """Read what survived."""
        found = sorted(await self.commits.open(), key=lambda entry: entry[0][0] == "edge")
        for key, value in found:  # nodes come before edges
            self.place(key, value)
        for node in self.nodes:
            self._remember(node)

    async def transact(self, change: int, steps: Sequence[Step]) -> None:
        """Make some steps at once; nothing if the change was made before.

        Raises:
            Refused: a step cannot be made, or could not when the change came first.
        """
        if change not in self._changes:
            try:
                self.check(steps)
                self.make(change, steps)
            except Refused as refused:
                self.refuse(change, str(refused))
        self.say(change)

    def refuse(self, change: int, why: str) -> None:
        """Note that a change was not made, and never will be."""
        self._changes[change] = why
        self.commits.add(self.commits.batch({("change", change): why}))

    def say(self, change: int) -> None:
        """What became of a change that came before.

        Raises:
            Refused: it was not made.
        """
        if why := self._changes[change]:
            raise Refused(why)

    def check(self, steps: Sequence[Step]) -> None:
        """Whether the steps can be made, one after the other.

        Raises:
            Refused: one can't.
        """
        there = set(self.nodes)
        for position, step in enumerate(steps):
            at = f"steps[{position}]"
            check_form(step, at)
            f, *rest = step
            for node in rest[1:3] if f == "link" else rest[:1]:
                if f != "add" and node not in there:
                    raise Refused(f"{at}: there is no node {node}, so {f} cannot be made")
            if f == "link" and rest[1] == rest[2]:
                raise Refused(f"{at}: an edge leads from {rest[1]} to another node")
            if f == "add":
                there.add(rest[0])
            elif f == "remove":
                there.discard(rest[0])
            self._check_length(step, at)

    def _check_length(self, step: Step, at: str) -> None:
        """Whether the engine can keep what a step says.

        Raises:
            Refused: it can't.
        """
        try:
            self.commits.batch({("edge", *step[:3]): step[1:]})
        except TooLong as problem:
            raise Refused(f"{at}: {problem}") from None

    def make(self, change: int, steps: Sequence[Step]) -> None:
        """Make checked steps, as the next version, and have them written in one batch."""
        entries: Entries = {("change", change): ""}
        for step in steps:
            changed = self.entries(step)
            for key, value in changed.items():
                self.place(key, value)
            entries.update(changed)
        self.made(entries)

    def made(self, entries: Entries) -> None:
        """What was placed is a version of its own, and written in one batch."""
        self.version += 1
        for kind, name, *_ in entries:
            if kind == "change":
                self._changes[name] = ""
        for node in dict.fromkeys(name for kind, name, *_ in entries if kind != "change"):
            self._remember(node)
        self.commits.add(self.commits.batch(entries))

    def entries(self, step: Step) -> Entries:
        """What a step changes."""
        match step:
            case ("add", str() as node):
                return {("node", node): self.properties.get(node, ())}
            case ("link", int() as edge, str() as one, str() as other, relationship, properties):
                return {
                    ("edge", one, edge): End(other, relationship, properties),
                    ("edge", other, edge): End(one, relationship, properties),
                }
            case ("remove", str() as node):
                edges = self.nodes.get(node, {})
                ends = [(node, edge) for edge in edges]
                ends += [(end.other, edge) for edge, end in edges.items()]
                return {("node", node): None, **{("edge", *end): None for end in ends}}
            case ("set", str() as node, tuple() as properties):
                return {("node", node): properties}
        raise AssertionError(f"{step} is no step")

    def place(self, key: Parts, value: Any) -> None:
        """Have an entry in memory; None takes it away."""
        match key:
            case ("node", node) if value is None:
                self.nodes.pop(node, None)
                self.describe(node, ())
            case ("node", node):
                self.nodes.setdefault(node, {})
                self.describe(node, value)
            case ("edge", node, edge) if value is None:
                self.nodes.get(node, {}).pop(edge, None)
            case ("edge", node, edge):
                self.nodes[node][edge] = End(*value)
            case ("change", change):
                self._changes[change] = value

    # Properties

    def describe(self, node: str, properties: Properties) -> None:
        """Have a node's properties be these, and the index agree."""
        for entry in self.properties.pop(node, ()):
            self.leave(node, entry)
        if properties:
            self.properties[node] = properties
        for entry in properties:
            self.index.setdefault(entry, {})[node] = None

    def leave(self, node: str, entry: tuple[str, Any]) -> None:
        """A node has a property no more."""
        self.index[entry].pop(node, None)
        if not self.index[entry]:
            del self.index[entry]

    def find(self, name: str, value: Any) -> tuple[tuple[str, Properties], ...]:
        """The nodes with a property, by name, each with all of its properties."""
        found = sorted(self.index.get((name, value), ()))
        return tuple((node, self.properties.get(node, ())) for node in found)

    # Versions

    def _remember(self, node: str) -> None:
        """Note what a node is now, and forget what nobody can ask for any more."""
        versions = self._history.setdefault(node, [])
        edges = self.nodes.get(node)
        versions.append((self.version, None if edges is None else dict(edges)))
        oldest = min(self._readers, default=self.version)
        needed = max(0, bisect_right(versions, oldest, key=lambda version: version[0]) - 1)
        del versions[:needed]
        if versions[-1][1] is None and len(versions) == 1:
            del self._history[node]

    @contextmanager
    def reading(self) -> Iterator[int]:
        """The version now, which stays readable meanwhile."""
        version = self.version
        self._readers[version] += 1
        try:
            yield version
        finally:
            self._readers[version] -= 1
            self._readers += Counter()  # those with none are gone

    def edges(self, node: str, version: int) -> Edges | None:
        """The edges at a node as of a version that is being read; None if it was not there."""
        versions = self._history.get(node, [])
        at = bisect_right(versions, version, key=lambda each: each[0])
        return versions[at - 1][1] if at else None

    def all_edges(self) -> Mapping[str, Edges]:
        """All nodes there are, each with the edges at it."""
        return self.nodes
