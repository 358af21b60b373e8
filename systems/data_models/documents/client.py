"""The client: registers are fields of one document, elements of a set are documents.

A field is changed by reading its document, changing it, and writing it back whole, if it is still
the version that was read; else again.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Message, Node

ATTEMPT_S = 0.5
"""How long to wait for an answer."""

TRIES = 20
"""How often to try against others who change the same document."""

REGISTERS = "registers", "all"
"""The collection and the document that has the registers."""

ELEMENTS = "elements"
"""The collection that has the set."""


class DocumentClient:
    """Reads and writes documents.

    Args:
        node: the host that the client runs on.
        server: the server.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

    async def read(self, key: str) -> Any:
        """The field's value, None if it was never written."""
        _, fields = await self._registers()
        return fields.get(key)

    async def write(self, key: str, value: Any) -> None:
        """Set a field.

        Raises:
            Definite: others were always faster.
            Indefinite: nobody said whether it was written.
        """
        for _ in range(TRIES):
            version, fields = await self._registers()
            if await self._put(*REGISTERS, version, {**fields, key: value}):
                return
        raise Definite("the document was changed by others each time")

    async def cas(self, key: str, old: Any, new: Any) -> bool:
        """Set a field to `new` if it is `old`; whether it was. Raises as `write` does."""
        for _ in range(TRIES):
            version, fields = await self._registers()
            if fields.get(key) != old:
                return False
            if await self._put(*REGISTERS, version, {**fields, key: new}):
                return True
        raise Definite("the document was changed by others each time")

    async def add(self, element: int) -> None:
        """Insert a document with the element; raises as `write` does."""
        identity = f"e{element}-{self._node.random.getrandbits(32)}"
        fields = {"element": element, "kind": "element"}
        if not await self._put(ELEMENTS, identity, 0, fields):
            raise Definite("the element is there already")

    async def read_all(self) -> list[int]:
        """The elements, found by the index."""
        (found,) = await self._ask("find", ELEMENTS, (("kind", "element"),))
        return [dict(fields)["element"] for _, _, fields in found]

    async def _registers(self) -> tuple[int, dict[str, Any]]:
        answer = await self._ask("get", *REGISTERS)
        return (answer[0], dict(answer[1])) if answer else (0, {})

    async def _put(
        self, collection: str, identity: str, version: int, fields: dict[str, Any]
    ) -> bool:
        change = self._node.random.getrandbits(63)
        message = collection, identity, version, tuple(sorted(fields.items())), change
        try:
            await self._ask("put", *message)
        except _Conflicting:
            return False
        return True

    async def _ask(self, *message: Any) -> Message:
        with trio.move_on_after(ATTEMPT_S):
            match await request(self._node, self._server, *message):
                case ("ok", *result):
                    return tuple(result)
                case ("none",):
                    return ()
                case ("conflict", reason):
                    raise _Conflicting(reason)
                case (_, reason):
                    raise Definite(str(reason))
        raise Indefinite(f"{self._server} did not answer")


class _Conflicting(Exception):
    """The server refused a change."""
