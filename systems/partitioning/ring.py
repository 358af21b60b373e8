"""Consistent hashing: nodes and keys on a circle, a key belongs to the next node clockwise.

Each node stands at many points, so that the arcs add up to much the same for each, and what a node
leaves is spread over all others. When a node comes, it takes keys from others; nothing moves
between these.

Source: Karger et al., "Consistent Hashing and Random Trees", STOC 1997, section 4; for bounded
loads Mirrokni, Thorup and Zadimoghaddam, SODA 2018, section 2.

>>> ring = Ring.of(["n1", "n2", "n3"])
>>> ring.owners("cart", 2) == Ring.of(["n3", "n2", "n1"]).owners("cart", 2)
True
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.systems.partitioning.hashing import point

VIRTUAL = 128
"""Points a node: loads then differ by some tenth from the mean."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring; it is never changed, `with_node` and `without_node` make another.

    Attributes:
        nodes: the nodes, sorted.
        points: where they stand, sorted: point, node.
        virtual: points a node.
    """

    nodes: tuple[str, ...]
    points: tuple[tuple[int, str], ...]
    virtual: int

    @classmethod
    def of(cls, nodes: Iterable[str], virtual: int = VIRTUAL) -> Ring:
        """A ring of these nodes.

        Raises:
            ValueError: there are no nodes, or a node has no points.
        """
        names = tuple(sorted(set(nodes)))
        if not names or virtual < 1:
            raise ValueError(f"a ring of {len(names)} nodes with {virtual} points each owns no key")
        points = sorted((point(f"{name}#{i}"), name) for name in names for i in range(virtual))
        return cls(names, tuple(points), virtual)

    def with_node(self, node: str) -> Ring:
        """The ring after a node came."""
        return Ring.of((*self.nodes, node), self.virtual)

    def without_node(self, node: str) -> Ring:
        """The ring after a node went.

        Raises:
            ValueError: it was the last one.
        """
        return Ring.of((each for each in self.nodes if each != node), self.virtual)

    def owner(self, key: str) -> str:
        """The node that has a key."""
        return self.owners(key, 1)[0]

    def owners(self, key: str, count: int) -> tuple[str, ...]:
        """The nodes for so many copies of a key: all different, though each stands at many points.

        Fewer if there are fewer nodes.
        """
        start = bisect_right(self.points, (point(key), chr(0x10FFFF)))
        found: dict[str, None] = {}
        for step in range(len(self.points)):
            found[self.points[(start + step) % len(self.points)][1]] = None
            if len(found) == min(count, len(self.nodes)):
                break
        return tuple(found)

    def bounded(self, keys: Iterable[str], factor: float = 1.25) -> Mapping[str, str]:
        """An owner for each key, where no node has more than `factor` times its share, rounded up.

        A key that finds its node full goes on clockwise. Which ones do depends on the order of
        keys, here that of their names.

        Raises:
            ValueError: the factor is below 1, so that not all keys fit.
        """
        names = sorted(set(keys))
        orders = {key: self.owners(key, len(self.nodes)) for key in names}
        return bounded(orders, len(self.nodes), factor)


def bounded(orders: Mapping[str, Sequence[str]], count: int, factor: float) -> dict[str, str]:
    """The same for keys of which each has an order of the nodes, taken one after the other.

    Args:
        orders: by key, the nodes that may have it, the best first: all, or all that matter.
        count: how many nodes there are.
        factor: how many times its share a node has at most, rounded up.

    Raises:
        ValueError: the factor is below 1, so that not all keys fit.
    """
    if factor < 1:
        raise ValueError(f"with at most {factor:g} times its share a node, not all keys fit")
    most = factor * len(orders) / count
    loads: Counter[str] = Counter()
    placed = {}
    for key, nodes in orders.items():
        node = next(each for each in nodes if loads[each] < most)
        loads[node] += 1
        placed[key] = node
    return placed
