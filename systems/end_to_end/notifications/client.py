"""The client: makes and ends friendships, posts, and reads who was notified at one view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.client import Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.end_to_end.notifications.entries import BEFRIEND, POST, UNFRIEND
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.4
"""How long to wait for an answer before asking again, which does no harm."""


class FriendsClient:
    """A user.

    Args:
        node: the host that the client runs on.
        server: whose view it reads; the first server has none, so another's instead.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._log = first_server(node)
        views = [n for n in node.peers if n.startswith("n") and n != self._log]
        self._view = server if server in views else min(views)

    async def befriend(self, user: int, friend: int) -> int:
        """Make a friendship; return its position in the log."""
        return await self._add(BEFRIEND, user, friend)

    async def unfriend(self, user: int, friend: int) -> int:
        """End a friendship; return its position in the log."""
        return await self._add(UNFRIEND, user, friend)

    async def post(self, user: int, number: int) -> int:
        """Post something to all friends; return its position in the log."""
        return await self._add(POST, user, number)

    async def _add(self, kind: int, user: int, subject: int) -> int:
        own = self._node.random.getrandbits(62)
        (position,) = await self._ask(self._log, "add", kind, user, subject, own)
        return int(position)

    async def notified(self) -> Mapping[str, Any]:
        """Who was notified of what, by all that was acknowledged before."""
        (end,) = await self._ask(self._log, "end")
        position, rows = await self._ask(self._view, "notified", end)
        return {"position": position, "notified": rows}

    async def _ask(self, server: str, *message: Any) -> tuple[Any, ...]:
        while True:
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, server, *message)
                if answer[0] != "ok":
                    raise Indefinite(f"{server} says: {answer[0]}")
                return answer[1:]
