"""The client: talks to one server, which answers by itself.

("add" | "remove", element) | ("increment", by) | ("assign", value)   -> ("ok",)
("insert", (letters, after)) | ("erase", letter)                      -> ("ok",)
("put", (key, context, value)) | ("take", (key, context))             -> ("ok",)
("text", None)                             -> ("ok", seen, letters)
("note", key)                              -> ("ok", seen, values, context)
("read", None)                             -> ("ok", seen, elements, counter, register)
                                           -> ("refused", why)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Message, Node

ATTEMPT_S = 0.4
"""How long to wait for each server that is asked what it has."""


class ReplicaClient:
    """Asks one server, and nobody else.

    Args:
        node: the host that the client runs on.
        server: the server to ask.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def _ask(self, server: str, f: str, argument: Any) -> Message:
        match await request(self._node, server, f, argument):
            case ("ok", *result):
                return tuple(result)
            case ("refused", reason):
                raise Definite(f"refused: {reason}")
        raise AssertionError(f"{server} gave an answer of another form")


class CrdtClient(ReplicaClient):
    """Updates and reads the set, the counter, the register and the text that one server has."""

    async def add(self, element: int) -> None:
        """Add an element to the set."""
        await self._ask(self._server, "add", element)

    async def remove(self, element: int) -> None:
        """Remove an element that the server has.

        Raises:
            Definite: it doesn't have it.
        """
        await self._ask(self._server, "remove", element)

    async def increment(self, by: int) -> None:
        """Add to the counter, or take away from it."""
        await self._ask(self._server, "increment", by)

    async def assign(self, value: int) -> None:
        """Set the register."""
        await self._ask(self._server, "assign", value)

    async def insert(self, letters: Sequence[int], after: int | None) -> None:
        """Type some letters behind another one, or at the beginning.

        Raises:
            Definite: the server doesn't have that one.
        """
        await self._ask(self._server, "insert", (tuple(letters), after))

    async def erase(self, letter: int) -> None:
        """Erase a letter; raises as `insert` does."""
        await self._ask(self._server, "erase", letter)

    async def text(self) -> dict[str, Any]:
        """The text that the server has, and which updates it has seen."""
        seen, letters = await self._ask(self._server, "text", None)
        return {"seen": dict(seen), "letters": list(letters)}

    async def read(self) -> dict[str, Any]:
        """What the server has, and which updates it has seen."""
        seen, elements, counter, register = await self._ask(self._server, "read", None)
        return {
            "seen": dict(seen),
            "elements": list(elements),
            "counter": counter,
            "register": register,
        }


class GrowingCounterClient(ReplicaClient):
    """Adds to the counter that one server has, and reads it."""

    async def add(self, amount: int) -> None:
        """Add to the counter.

        Raises:
            Definite: it would become less.
        """
        if amount < 0:
            raise Definite(f"{amount} is negative, and the counter only grows")
        await self._ask(self._server, "increment", amount)

    async def read(self) -> int:
        """What the server has counted and heard of."""
        _, _, counter, _ = await self._ask(self._server, "read", None)
        return int(counter)


class MapClient(ReplicaClient):
    """Reads, replaces and removes what is under the keys of the map that one server has."""

    def __init__(self, node: Node, server: str) -> None:
        super().__init__(node, server)
        self._read: dict[str, tuple[list[Any], Message]] = {}

    async def read(self, key: str) -> list[Any]:
        """The values under a key that nobody has overwritten."""
        _, values, context = await self._ask(self._server, "note", key)
        self._read[key] = sorted(values), context
        return sorted(values)

    async def write(self, key: str, value: Any, over: Sequence[Any]) -> None:
        """Write a value that replaces what was read.

        Raises:
            Definite: that is not what this client read last.
        """
        await self._ask(self._server, "put", (key, self._context(key, over), value))

    async def remove(self, key: str, over: Sequence[Any]) -> None:
        """Remove what was read; raises as `write` does."""
        await self._ask(self._server, "take", (key, self._context(key, over)))

    async def homes(self, key: str) -> dict[str, list[Any]]:
        """What each server that answers has under the key, by its name."""
        found: dict[str, list[Any]] = {}
        for server in self._node.peers:
            with trio.move_on_after(ATTEMPT_S):
                _, values, _ = await self._ask(server, "note", key)
                found[server] = sorted(values)
        return found

    def _context(self, key: str, over: Sequence[Any]) -> Message:
        if not over:
            return ()
        values, context = self._read.get(key, ([], ()))
        if sorted(over) != values:
            raise Definite(f"{list(over)} is not what was read last of {key}")
        return context
