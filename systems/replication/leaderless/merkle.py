"""Merkle trees over cells: two servers that have much in common find what differs.

Keys stand on a circle by their hash, which is halved again and again. A leaf is a range of the
circle, and its digest one of the cells of its keys; above, a digest is one of the two below. Equal
digests mean equal cells; of two trees that differ, one follows the nodes that do, from the root
down, and sends the cells of the few leaves where they end.

That takes ranges that begin and end at the same points for both: here they are the same for all,
whatever a server holds.

Sources: Merkle, "A Digital Signature Based on a Conventional Encryption Function", CRYPTO '87;
DeCandia et al., "Dynamo", SOSP 2007, section 4.7.

>>> from splitbrain.systems.replication.leaderless.siblings import EMPTY, written
>>> cells = {"x": written(EMPTY, (), "a", 1), "y": written(EMPTY, (), "a", 2)}
>>> tree, other = MerkleTree(cells, 4), MerkleTree({"x": cells["x"]}, 4)
>>> node = ROOT
>>> while not tree.is_leaf(node):
...     (node,) = [n for n in below(node) if tree.digest(n) != other.digest(n)]
>>> [key for key, _ in tree.cells(node)]
['y']
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from splitbrain.systems.partitioning.hashing import BITS, point
from splitbrain.systems.replication.leaderless.siblings import Cell

ROOT = 1
"""Nodes are numbered as in a heap: below n are 2n and 2n + 1, which halve its range."""


class MerkleTree:
    """A tree of some cells.

    Args:
        cells: by key.
        depth: how often the circle is halved.
    """

    def __init__(self, cells: Mapping[str, Cell], depth: int) -> None:
        self._first_leaf = 1 << depth
        self._leaves: dict[int, list[tuple[str, Cell]]] = {}
        for key in sorted(cells):
            leaf = self._first_leaf + (point(key) >> (BITS - depth))
            self._leaves.setdefault(leaf, []).append((key, cells[key]))
        self._digests: dict[int, bytes] = {}

    def __contains__(self, node: int) -> bool:
        """Whether there is such a node."""
        return ROOT <= node < 2 * self._first_leaf

    def is_leaf(self, node: int) -> bool:
        """Whether a node is a leaf."""
        return node >= self._first_leaf

    def cells(self, leaf: int) -> tuple[tuple[str, Cell], ...]:
        """The cells of a leaf, by key."""
        return tuple(self._leaves.get(leaf, ()))

    def digest(self, node: int) -> bytes:
        """The digest of all that is below a node."""
        known = self._digests.get(node)
        if known is None:
            parts = self.cells(node) if self.is_leaf(node) else tuple(map(self.digest, below(node)))
            packed = msgspec.msgpack.encode(parts)
            known = self._digests[node] = blake2b(packed, digest_size=8).digest()
        return known


def below(node: int) -> tuple[int, int]:
    """The two nodes below a node."""
    return 2 * node, 2 * node + 1
