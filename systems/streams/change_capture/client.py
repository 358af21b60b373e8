"""The client: writes to the database, and reads a view once that has what the database had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server
from splitbrain.systems.storage.server import OK, REFUSED

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
        self._session: int | None = None
        self._number = 0
        views = [n for n in node.peers if n.startswith("n") and n != self._database]
        self._view = server if server in views else min(views)

    async def put(self, key: str, value: str) -> int:
        """Give a key a value; return the position of that."""
        return await self._write(key, value.encode())

    async def delete(self, key: str) -> int:
        """Take a key away; return the position of that."""
        return await self._write(key, None)

    async def _write(self, key: str, value: bytes | None) -> int:
        if self._session is None:
            self._session, self._number = await self._ask(self._database, "open"), 0
        self._number += 1
        batch = ((key.encode(), value),)
        return int(await self._ask(self._database, "write", self._session, self._number, batch))

    async def view(self) -> Mapping[str, Any]:
        """The index, with all that was acknowledged before."""
        end = await self._ask(self._database, "end")
        position, entries = await self._ask(self._view, "view", end)
        return {"position": position, "entries": entries}

    async def _ask(self, server: str, *message: Any) -> Any:
        identity = self._node.random.getrandbits(63)
        while True:
            with trio.move_on_after(ATTEMPT_S):
                status, value = await request(self._node, server, *message, identity=identity)
                if status == OK:
                    return value
                if status == REFUSED:
                    raise Definite(str(value))
                self._session = None
                raise Indefinite(str(value))
