"""The client: talks to one server, which answers by itself.

("add" | "remove", element) | ("increment", by) | ("assign", value)   -> ("ok",)
("insert", (letters, after)) | ("erase", letter)                      -> ("ok",)
("text", None)                             -> ("ok", seen, letters)
("read", None)                             -> ("ok", seen, elements, counter, register)
                                           -> ("refused", why)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Message, Node


class CrdtClient:
    """Updates and reads what one server has.

    Args:
        node: the host that the client runs on.
        server: the server to ask.
    """

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server

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

    async def _ask(self, server: str, f: str, argument: Any) -> Message:
        match await request(self._node, server, f, argument):
            case ("ok", *result):
                return tuple(result)
            case ("refused", reason):
                raise Definite(f"refused: {reason}")
        raise AssertionError(f"{server} gave an answer of another form")
