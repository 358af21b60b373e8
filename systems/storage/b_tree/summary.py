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

from splitbrain.harness.client import request
from splitbrain.harness.node import Node
from splitbrain.harness.system import SINGLE_SERVER, System

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
        node = self.root
        while True:
            place = bisect_left(node.keys, key)
            if place < len(node.keys) and node.keys[place] == key:
                return node.values[place] if place < len(node.values) else None
            if not node.children:
                return None
            node = node.children[place]


class SummaryServer:
    """The tree on the network: one request after the other."""

    def __init__(self, node: Node) -> None:
        self._network = node.network
        self._tree = SummaryTree()

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            client, (_, id, f, *arguments) = await self._network.receive()
            done = self._tree.search if f == "search" else self._tree.insert
            self._network.send(client, ("reply", id, done(*arguments)))


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
)
"""The system, by its name in plans."""
