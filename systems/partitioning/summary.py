"""The ring as the book's summary sketches it, with what is wrong with it.

The hash is a polynomial in the letters, so names that differ in their last letter stand side by
side: a node's three points are one, and keys that are numbered land on the same arc (PART-07). Two
points that collide overwrite one another, and the ring is sorted anew at each look-up.

Source: DDIA chapter 6, summary.
"""

from __future__ import annotations

from collections.abc import Iterable

VIRTUAL = 3


class SketchedRing:
    """A ring by point; see the module."""

    def __init__(self, nodes: Iterable[str]) -> None:
        self.points: dict[int, str] = {}
        for node in nodes:
            self.add_node(node)

    def add_node(self, node: str) -> None:
        """Put a node at its points."""
        for i in range(VIRTUAL):
            self.points[_hash(f"{node}-{i}")] = node

    def remove_node(self, node: str) -> None:
        """Take a node's points away."""
        self.points = {at: each for at, each in self.points.items() if each != node}

    def node_for(self, key: str) -> str:
        """The node that has a key."""
        order = sorted(self.points)
        at = next((at for at in order if at >= _hash(key)), order[0])
        return self.points[at]


def _hash(text: str) -> int:
    value = 0
    for letter in text:
        value = (value * 31 + ord(letter)) & 0xFFFFFFFF
    return value
