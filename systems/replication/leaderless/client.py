"""The client: any server will do.

    ("read", key)                    -> ("ok", values, context)
    ("write", key, context, value)   -> ("ok",)
    ("remove", key, context)         -> ("ok",)
    ("homes", key)                   -> ("ok", ((home, values), ...))
                                     -> ("unknown",)   too few answered

It remembers the context of what it read last of each key, and sends it with what replaces that. A
read may be asked of another server when one is silent; a write may not, it would be another write.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node

ATTEMPT_S = 1.0
"""How long to wait for a server's answer before another one is asked."""


class LeaderlessClient:
    """Reads, replaces and removes the siblings of keys.

    Args:
        node: the host that the client runs on.
        server: the server to ask; after one that is silent, the next one.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server
        self._seen: dict[str, tuple[list[Any], Message]] = {}

    async def read(self, key: str) -> list[Any]:
        """The values of a key that nobody has overwritten."""
        values, context = await self._repeat("read", key)
        self._seen[key] = sorted(values), context
        return sorted(values)

    async def homes(self, key: str) -> dict[str, list[Any]]:
        """What each home of the key has, by its name."""
        (answers,) = await self._repeat("homes", key)
        return {home: sorted(values) for home, values in answers}

    async def write(self, key: str, value: Any, over: Sequence[Any]) -> None:
        """Write a value that replaces what was read.

        Raises:
            Definite: that is not what this client read last.
            Indefinite: nobody said that it was written; it may have been.
        """
        await self._ask("write", key, self._context(key, over), value)

    async def remove(self, key: str, over: Sequence[Any]) -> None:
        """Remove what was read; raises as `write` does."""
        await self._ask("remove", key, self._context(key, over))

    def _context(self, key: str, over: Sequence[Any]) -> Message:
        if not over:
            return ()
        values, context = self._seen.get(key, ([], ()))
        if sorted(over) != values:
            raise Definite(f"{list(over)} is not what was read last of {key}")
        return context

    async def _repeat(self, *message: Any) -> Message:
        """Ask one server after another, until the harness gives the operation up."""
        while True:
            try:
                return await self._ask(*message)
            except Indefinite:
                continue

    async def _ask(self, *message: Any) -> Message:
        server = self._server
        with trio.move_on_after(ATTEMPT_S):
            return _result(await request(self._node, server, *message))
        servers = self._node.peers
        self._server = servers[(servers.index(server) + 1) % len(servers)]
        raise Indefinite(f"{server} did not say what became of it")


def _result(answer: Message) -> Message:
    match answer:
        case ("ok", *result):
            return tuple(result)
        case ("refused", reason):
            raise Definite(f"refused: {reason}")
    raise Indefinite("too few servers answered")
