"""The client: runs jobs at the coordinator, and reads what is published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from splitbrain.harness.client import request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.5
"""How long to wait for an answer before asking again, which does no harm."""


class BatchClient:
    """Runs jobs.

    Args:
        node: the host that the client runs on.
        server: not looked at: there is one coordinator.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._coordinator = first_server(node)
        self._workers = [name for name in node.peers if name != self._coordinator]

    async def run(self, job: int, function: str, text: str) -> Sequence[Sequence[Any]]:
        """Run a job; its output."""
        return await self._ask("run", job, function, text)

    async def published(self) -> Sequence[Sequence[Any]]:
        """All outputs so far."""
        return await self._ask("published")

    async def combine(self, tree: Sequence[Any]) -> Any:
        """What some worker makes of a tree of numbers."""
        while True:
            worker = self._node.random.choice(self._workers)
            with trio.move_on_after(ATTEMPT_S):
                _, result = await request(self._node, worker, "combine", frozen(tree))
                return result

    async def _ask(self, *message: Any) -> Sequence[Sequence[Any]]:
        """Ask until there is an answer, or the harness gives the operation up."""
        while True:
            with trio.move_on_after(ATTEMPT_S):
                _, result = await request(self._node, self._coordinator, *message)
                return result  # type: ignore[no-any-return]


def frozen(tree: Any) -> Any:
    """A tree of tuples, which may be sent."""
    return tuple(map(frozen, tree)) if isinstance(tree, Sequence) else tree
