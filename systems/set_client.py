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
from splitbrain.systems.member_changes import MemberChanges
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.4
"""How long to wait for a server's answer before another one is asked; twice as long the next time,
since servers that are slow only become slower by being asked again."""


class SetClient(MemberChanges):
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

    @property
    def servers(self) -> tuple[str, ...]:
        """All servers, members or not."""
        return self._node.peers

    async def members(self) -> tuple[int, tuple[str, ...]]:
        """The version of the members, and who they are."""
        version, members = await self._ask(first_server(self._node), "members")
        return version, tuple(members)

    async def toggle(self, version: int, server: str) -> tuple[int, tuple[str, ...]]:
        """See `splitbrain.systems.member_changes.Members.toggle`.

        Raises:
            Definite: there would be too few.
        """
        version, members = await self._ask(first_server(self._node), "change", version, server)
        return version, tuple(members)

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
