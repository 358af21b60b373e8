"""The client: writes to the database, and reads a view once that has what the database had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.client import Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.4
"""How long to wait for an answer before asking again, which does no harm."""


class ChangeClient:
    """Writes, and reads of one view.

    Args:
        node: the host that the client runs on.
        server: whose view it reads; the first server has none, so another's instead.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._database = first_server(node)
        self._writer = f"{node.name}/{node.random.getrandbits(62)}"
        self._number = 0
        views = [n for n in node.peers if n.startswith("n") and n != self._database]
        self._view = server if server in views else min(views)

    async def put(self, key: str, value: str) -> int:
        """Give a key a value; return the position of that."""
        return await self._write(key, value)

    async def delete(self, key: str) -> int:
        """Take a key away; return the position of that."""
        return await self._write(key, None)

    async def _write(self, key: str, value: str | None) -> int:
        self._number += 1
        (position,) = await self._ask(
            self._database, "write", self._writer, self._number, key, value
        )
        return int(position)

    async def view(self) -> Mapping[str, Any]:
        """The index, with all that was acknowledged before."""
        (end,) = await self._ask(self._database, "end")
        position, entries = await self._ask(self._view, "view", end)
        return {"position": position, "entries": entries}

    async def _ask(self, server: str, *message: Any) -> tuple[Any, ...]:
        while True:
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, server, *message)
                if answer[0] != "ok":
                    raise Indefinite(str(answer[1]))
                return answer[1:]
