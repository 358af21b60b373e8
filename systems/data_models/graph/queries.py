"""Paths through a graph, read page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from splitbrain.systems.data_models.graph.store import Edges

Read = Callable[[str], Awaitable[Edges | None]]
"""The edges at a node; None if there is no such node."""

MAX_DEPTH = 5
"""How many edges a path has at most, unless somebody says otherwise."""


class Search:
    """Breadth first: a shortest path, found in time in proportion to what can be reached.

    Args:
        read: reads a node.
    """

    def __init__(self, read: Read) -> None:
        self.read = read

    async def find_path(self, start: str, end: str, max_depth: int = MAX_DEPTH) -> list[str] | None:
        """The nodes of a shortest path, both ends included; None if there is none that short."""
        came_from: dict[str, str | None] = {start: None}
        frontier = [start]
        for _ in range(max_depth):
            reached: list[str] = []
            for node in frontier:
                for other, *_ in ((await self.read(node)) or {}).values():
                    if other not in came_from:
                        came_from[other] = node
                        reached.append(other)
                    if other == end:
                        return _back(came_from, end)
            frontier = reached
        return None


def _back(came_from: dict[str, str | None], end: str) -> list[str]:
    path = [end]
    while (before := came_from[path[-1]]) is not None:
        path.append(before)
    return path[::-1]
