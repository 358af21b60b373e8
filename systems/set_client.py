"""The client of a set that any server serves, while the first one says who is a member.

Asking again does no harm: to add an element twice changes nothing, and a change of the members is
of one version of them.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import trio

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.4
"""How long to wait for a server's answer before another one is asked; twice as long the next time,
since servers that are slow only become slower by being asked again."""


class SetClient:
    """Adds and reads elements; has servers join and leave.

    Args:
        node: the host that the client runs on.
        server: the server to ask; after one that is silent, the next one.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def add(self, element: int) -> None:
        """Add an element."""
        await self._ask(None, "add", element)

    async def read_all(self) -> list[int]:
        """All elements, in order."""
        (elements,) = await self._ask(None, "read")
        return sorted(elements)

    async def change(self, number: int) -> list[str]:
        """Have a server be a member that is none, or the other way round, by a number of any size.
        The members then.

        Raises:
            Definite: there would be too few.
        """
        first = first_server(self._node)
        version, _ = await self._ask(first, "members")
        server = self._node.peers[number % len(self._node.peers)]
        _, members = await self._ask(first, "change", version, server)
        return list(members)

    async def _ask(self, server: str | None, *message: Any) -> tuple[Any, ...]:
        """Ask this server, or one after another, until the harness gives the operation up."""
        for attempt in count():
            with trio.move_on_after(ATTEMPT_S * 2.0**attempt):
                answer = await request(self._node, server or self._server, *message)
                if answer[0] == "refused":
                    raise Definite(f"refused: {answer[1]}")
                return answer[1:]
            servers = self._node.peers
            self._server = servers[(servers.index(self._server) + 1) % len(servers)]
        raise AssertionError("unreachable")  # `count` has no end
