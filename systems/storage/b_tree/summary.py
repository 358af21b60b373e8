"""A B-tree as a page of code sketches it: insert and search, in memory.

DDIA chapter 3, "B-Trees". A node of minimum degree 2 has one to three keys with their values; a
full one is split on the way down, around its middle key, which moves up to the parent::

    insert 4 into [1 2 3]:        [2]
                                 /   \\
                               [1]   [3 4]

The operations are `SummaryTree.insert` and `search`. The design's weaknesses are kept, since they
are what there is to see, and other writes are enough to see them:

* A split copies the middle key up, and leaves it, with its value, below: the parent has keys and
  values that do not belong together, and a search that ends there returns another key's value.
* A key that is inserted again is there twice, and a search finds one of them.
* Nothing is on disk: whatever ends the process loses everything. There is no delete and no scan.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import zip_longest

from splitbrain.harness.client import request
from splitbrain.harness.node import Node
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.storage.b_tree.summary_pictures import PATHS

DEGREE = 2
"""A node has at most twice as many children."""


@dataclass(slots=True)
class BTreeNode:
    """Keys in order, their values, and between them the nodes below; a leaf has none."""

    keys: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    children: list[BTreeNode] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether it has to be split before a key goes into it."""
        return len(self.keys) == 2 * DEGREE - 1


class SummaryTree:
    """The tree; see the module."""

    def __init__(self) -> None:
        self.root = BTreeNode()

    def insert(self, key: str, value: str) -> None:
        """Put a key into the tree."""
        if self.root.full:
            self.root = BTreeNode(children=[self.root])
            self._split(self.root, 0)
        node = self.root
        while node.children:
            place = bisect_left(node.keys, key)
            if node.children[place].full:
                self._split(node, place)
                place = bisect_left(node.keys, key)
            node = node.children[place]
        place = bisect_left(node.keys, key)
        node.keys.insert(place, key)
        node.values.insert(place, value)

    def _split(self, parent: BTreeNode, place: int) -> None:
        """Split a full child of `parent` around its middle key."""
        child = parent.children[place]
        other = BTreeNode(child.keys[DEGREE:], child.values[DEGREE:], child.children[DEGREE:])
        parent.keys.insert(place, child.keys[DEGREE - 1])
        parent.children.insert(place + 1, other)
        del child.keys[DEGREE:], child.values[DEGREE:], child.children[DEGREE:]

    def search(self, key: str) -> str | None:
        """The value of a key; None if it is not in the tree."""
        node = self.path(key)[-1]
        place = bisect_left(node.keys, key)
        found = node.keys[place : place + 1] == [key] and place < len(node.values)
        return node.values[place] if found else None

    def path(self, key: str) -> list[BTreeNode]:
        """The nodes that a search looks at, from the root on."""
        path = [self.root]
        while (node := path[-1]).children:
            place = bisect_left(node.keys, key)
            if node.keys[place : place + 1] == [key]:
                break
            path.append(node.children[place])
        return path


class SummaryServer:
    """The tree on the network: one request after the other."""

    def __init__(self, node: Node) -> None:
        self._network = node.network
        self._trace = node.trace
        self._tree = SummaryTree()

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            client, (_, id, f, key, *values) = await self._network.receive()
            for value in values:
                self._tree.insert(key, value)
            answer = self._tree.search(key) if f == "search" else None
            path = self._tree.path(key)
            told = tuple(tuple(zip_longest(node.keys, node.values)) for node in path)
            self._trace(f, key, answer or "".join(values), told)
            self._network.send(client, ("reply", id, answer))


class SummaryClient:
    """Puts and gets."""

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def get(self, key: str) -> str | None:
        """The key's value; None if it has none."""
        value = (await request(self._node, self._server, "search", key))[0]
        return None if value is None else str(value)

    async def put(self, key: str, value: str) -> None:
        """Make `value` the key's value."""
        await request(self._node, self._server, "insert", key, value)


SYSTEM = System(
    name="b-tree-summary",
    title="a B-tree as a page sketches it (chapter 3)",
    server=SummaryServer,
    client=SummaryClient,
    workloads=("store", "kv"),
    form="summary",
    nodes=1,
    sizes=SINGLE_SERVER,
    pictures=(PATHS,),
)
"""The system, by its name in plans."""
