"""The client: any server will do, again and again.

A change may be asked for as often as it takes: it is numbered, and done once. What the coordinator
is asked for is how things are to be, and does no harm twice.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Message, Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 0.3
"""How long to wait for a server's answer before another one is asked."""

PATIENCE_S = 0.8
"""How long to wait for the coordinator, which may have to move a range."""

PAUSE_S = 0.02
"""How long to wait when a range is on its way."""


class KeyClient:
    """Reads and changes keys.

    Args:
        node: the host that the client runs on.
        server: the server to ask; after one that is silent, the next one.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server
        self._session = node.random.getrandbits(63)
        self._number = 0

    async def get(self, key: str) -> Any:
        """The value of a key; None if it has none."""
        return await self._do("get", key)

    async def put(self, key: str, value: Any) -> None:
        """Set the value of a key."""
        await self._do("put", key, value)

    async def append(self, key: str, value: str) -> None:
        """Append to the string under a key."""
        await self._do("append", key, value)

    async def cas(self, key: str, old: Any, new: Any) -> bool:
        """Set the value of a key to `new` if it is `old`; whether it was."""
        return bool(await self._do("cas", key, old, new))

    async def delete(self, key: str) -> None:
        """Remove a key's value."""
        await self._do("delete", key)

    async def read(self, key: str) -> Any:
        """The value of a key; None if it has none."""
        return await self.get(key)

    async def write(self, key: str, value: Any) -> None:
        """Set the value of a key."""
        await self.put(key, value)

    async def _do(self, f: str, *arguments: Any) -> Any:
        """Read or change a key, once."""
        self._number += 1
        return await self._ask("do", self._session, self._number, f, *arguments)

    async def _ask(self, *body: Any) -> Any:
        """Ask one server after another, until the harness gives the operation up."""
        while True:
            answer: Message | None = None
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, self._server, *body)
            match answer:
                case ("ok", result):
                    return result
                case ("moved",):
                    await trio.sleep(PAUSE_S)
                case _:
                    servers = self._node.peers
                    self._server = servers[(servers.index(self._server) + 1) % len(servers)]


class DatabaseClient(KeyClient):
    """Reads and changes keys; splits, merges and moves ranges."""

    async def split_range(self, key: str) -> None:
        """Have a range begin with this key; raises as `move_range`."""
        await self._administer("split", key)

    async def merge_range(self, key: str) -> None:
        """Have no range begin with this key; raises as `move_range`."""
        await self._administer("merge", key)

    async def move_range(self, key: str, number: int) -> str:
        """Move the key's range to a server, by a number of any size; its name.

        Raises:
            Definite: it is refused, or was called off.
        """
        servers = self._node.peers
        target = servers[number % len(servers)]
        await self._administer("move", key, target)
        return target

    async def _administer(self, f: str, *arguments: Any) -> None:
        """Say how things are to be, until the coordinator answers."""
        while True:
            with trio.move_on_after(PATIENCE_S):
                answer = await request(self._node, first_server(self._node), f, *arguments)
                if answer[0] == "refused":
                    raise Definite(f"refused: {answer[1]}")
                return
