"""The client: any server will do.

    ("read", key) | ("read-all",)              -> ("ok", value)
    ("write", key, value) | ("add", element)   -> ("ok", None)
                                               -> ("unknown",)   no quorum answered

A read, and an add, may be asked of another server when one is silent. A write may not: the other
server would give it another version, and so do it a second time, perhaps over a later write.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node

ATTEMPT_S = 1.0
"""How long to wait for a server's answer before another one is asked."""


class QuorumClient:
    """Reads and writes registers and a set.

    Args:
        node: the host that the client runs on.
        server: the server to ask; after one that is silent, the next one.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def read(self, key: Any) -> Any:
        """The value of a register, None if it was never written."""
        return await self._repeat("read", key)

    async def read_all(self) -> list[Any]:
        """The elements of the set."""
        return sorted(await self._repeat("read-all"))

    async def write(self, key: Any, value: Any) -> None:
        """Set a register.

        Raises:
            Indefinite: nobody said that it was written; it may have been.
        """
        await self._ask("write", key, value)

    async def add(self, element: Any) -> None:
        """Add an element to the set; raises as `write` does."""
        await self._repeat("add", element)

    async def _repeat(self, *message: Any) -> Any:
        """Ask one server after another, until the harness gives the operation up."""
        while True:
            try:
                return await self._ask(*message)
            except Indefinite:
                continue

    async def _ask(self, *message: Any) -> Any:
        server = self._server
        with trio.move_on_after(ATTEMPT_S):
            return _result(await request(self._node, server, *message))
        servers = self._node.peers
        self._server = servers[(servers.index(server) + 1) % len(servers)]
        raise Indefinite(f"{server} did not say what became of it")


def _result(answer: Message) -> Any:
    match answer:
        case ("ok", result):
            return result
        case ("refused", reason):
            raise Definite(f"refused: {reason}")
    raise Indefinite("no quorum answered")
