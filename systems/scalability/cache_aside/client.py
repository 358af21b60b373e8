"""The client: it talks to one front."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node
from splitbrain.systems.roles import first_server

ATTEMPT_S = 1.9
"""How long to wait for an answer: longer than a front tries."""


class CacheClient:
    """Reads and writes, always at the same front.

    Args:
        node: the host that the client runs on.
        server: whom to ask, unless it is the database, which fronts alone talk to.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        fronts = [name for name in node.peers if name != first_server(node)]
        another = fronts[crc32(node.name.encode()) % len(fronts)]
        self._front = server if server in fronts else another

    async def read(self, key: str) -> Any:
        """The key's value, which may be a little old; None if it was never written."""
        return (await self._ask("read", key))[0]

    async def write(self, key: str, value: int) -> None:
        """Write a value.

        Raises:
            Indefinite: nobody said whether it was written.
        """
        await self._ask("write", key, value, self._node.random.getrandbits(63))

    async def _ask(self, *message: Any) -> Message:
        with trio.move_on_after(ATTEMPT_S):
            match await request(self._node, self._front, *message):
                case ("ok", *result):
                    return tuple(result)
                case (_, reason):
                    raise Definite(str(reason))
        raise Indefinite(f"{self._front} did not answer")
