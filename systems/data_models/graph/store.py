"""Nodes with the edges at them, in versions, over a log on disk.

A record of the log (`splitbrain.systems.log_file`) is a transaction, ``(change, step, ...)``, whose
steps are made at once::

    ("add", node)                  nothing if it is there
    ("set", node, properties)      its properties from now on, ((name, value), ...)
    ("link", edge, one, other)     both must be there
    ("remove", node)               with its edges, at their other ends too
    ("refused", why)               the only one: the transaction was not made, and won't be

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
from typing import Any

from splitbrain.harness.node import Disk
from splitbrain.systems.data_models.graph.forms import Refused, check_form
from splitbrain.systems.log_file import LogFile

Edges = Mapping[int, str]
"""The edges at a node, with their other ends."""

Step = tuple[Any, ...]

Properties = tuple[tuple[str, Any], ...]

PATH = "graph"
_START = 0x47524150  # what the first frame's checksum continues


class Graph:
    """The graph of one server.

    Invariants: an edge is at both of its ends, which are there; a transaction is there as a whole
    or not at all, in every version and after any crash; a change is made once; the index has an
    entry for each property of each node, and no other.

    Args:
        disk: where the log is.
    """

    def __init__(self, disk: Disk) -> None:
        self.log = LogFile(disk, PATH, _START)
        self.nodes: dict[str, dict[int, str]] = {}
        self.properties: dict[str, Properties] = {}
        self.index: dict[tuple[str, Any], dict[str, None]] = {}
        self.version = 0
        self._history: dict[str, list[tuple[int, Edges | None]]] = {}
        self._readers: Counter[int] = Counter()
        self._changes: dict[int, str | None] = {}  # with why they were refused

    async def open(self) -> None:
        """Read what survived, cut off a torn tail, and make both durable."""
        for change, *steps in await self.log.open():
            self.apply(change, steps)

    async def transact(self, change: int, steps: Sequence[Step]) -> None:
        """Make some steps at once; nothing if the change was made before.

        Raises:
            Refused: a step cannot be made, or could not when the change came first.
        """
        if change not in self._changes:
            steps = self.checked(steps)
            self.log.append([(change, *steps)])
            self.apply(change, steps)
        self.say(change)

    def say(self, change: int) -> None:
        """What became of a change that came before.

        Raises:
            Refused: it was not made.
        """
        if (why := self._changes[change]) is not None:
            raise Refused(why)

    def checked(self, steps: Sequence[Step]) -> Sequence[Step]:
        """The steps if they can be made, else a record of why not."""
        try:
            self.check(steps)
        except Refused as refused:
            return (("refused", str(refused)),)
        return steps

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
            for node in rest[1:] if f == "link" else rest[:1]:
                if f != "add" and node not in there:
                    raise Refused(f"{at}: there is no node {node}, so {f} cannot be made")
            if f == "link" and rest[1] == rest[2]:
                raise Refused(f"{at}: an edge leads from {rest[1]} to another node")
            if f == "add":
                there.add(rest[0])
            elif f == "remove":
                there.discard(rest[0])

    def apply(self, change: int, steps: Sequence[Step]) -> None:
        """Make checked steps in memory, as the next version."""
        match steps:
            case [("refused", str() as why)]:
                self._changes[change] = why
                return
        self.version += 1
        self._changes[change] = None
        touched: dict[str, None] = {}
        for step in steps:
            touched.update(dict.fromkeys(self.make(step)))
        for node in touched:
            self._remember(node)

    def make(self, step: Step) -> list[str]:
        """Make one step; the nodes that it changed."""
        match step:
            case ("add", str() as node):
                self.nodes.setdefault(node, {})
                return [node]
            case ("link", int() as edge, str() as one, str() as other):
                self.nodes[one][edge] = other
                self.nodes[other][edge] = one
                return [one, other]
            case ("remove", str() as node):
                edges = self.nodes.pop(node)
                self.describe(node, ())
                for edge, other in edges.items():
                    self.nodes[other].pop(edge, None)
                return [node, *edges.values()]
            case ("set", str() as node, tuple() as properties):
                self.describe(node, properties)
                return [node]
        raise AssertionError(f"{step} is no step")

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
