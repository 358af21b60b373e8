"""The client: registers are fields of one document, elements of a set are documents, so are
accounts, and who holds the lock has the document that there may be one of.

A field is changed by reading its document, changing it, and writing it back whole, if it is still
the version that was read; else again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
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

ACCOUNTS = "accounts"
"""The collection that has the bank."""

NAMES, VERSIONS = "names", "versions"
"""The collections that have users' names, and documents that are read with their versions."""

ITEMS = "items"
"""The collection of what is found by queries, and changed by updates."""

LOCKS = "locks"
"""The collection in which a document holds the lock."""


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
        if not await self._insert(ELEMENTS, identity, fields):
            raise Definite("the element is there already")

    async def read_all(self) -> list[int]:
        """The elements, found by the index."""
        found = await self._find(ELEMENTS, {"kind": "element"})
        return [dict(fields)["element"] for _, _, fields in found]

    async def transfer(self, source: str, target: str, amount: int, opening: int) -> bool:
        """Move money between two documents at once; whether there was enough. Raises as `write`
        does."""
        for _ in range(TRIES):
            (one, had), (other, has) = await self._accounts((source, target), opening)
            if had < amount:
                return False
            puts = (
                (source, one, (("balance", had - amount),)),
                (target, other, (("balance", has + amount),)),
            )
            if await self._change("put_all", ACCOUNTS, puts):
                return True
        raise Definite("the documents were changed by others each time")

    async def balances(self, accounts: Sequence[str], opening: int) -> dict[str, int]:
        """What each account holds, as of one moment."""
        found = await self._accounts(tuple(accounts), opening)
        return {name: balance for name, (_, balance) in zip(accounts, found, strict=True)}

    async def acquire(self) -> int | bool:
        """Put the document that holds the lock: its number, or False if there was one."""
        number = self._node.random.getrandbits(32)
        took = await self._insert(LOCKS, f"l{number}", {"element": 0})
        return took and number

    async def release(self, token: int) -> None:
        """Take it away again."""
        await self._change("delete", LOCKS, f"l{token}")

    async def claim(self, name: str, owner: int) -> int:
        """Put the document of a name, of which there may be one; its owner.

        Raises:
            Definite: somebody has the name, and nobody said who.
        """
        while True:
            found = await self.owner(name)
            if found is not None:
                return found
            identity = f"u{self._node.random.getrandbits(62)}"
            if await self._insert(NAMES, identity, {"element": name, "owner": owner}):
                return owner

    async def owner(self, name: str) -> int | None:
        """Who has a name, found by the index."""
        found = await self._find(NAMES, {"element": name})
        return dict(found[0][2])["owner"] if found else None

    async def write_version(self, key: str, value: int) -> int:
        """Make the document of a key hold a value; the version that it has then. Raises as `write`
        does."""
        for _ in range(TRIES):
            version, _ = await self.read_version(key)
            if await self._put(VERSIONS, key, version, {"value": value}):
                return version + 1
        raise Definite("the document was changed by others each time")

    async def read_version(self, key: str) -> tuple[int, Any]:
        """A key's version, 0 if there is none, and its value."""
        answer = await self._ask("get", VERSIONS, key)
        return (answer[0], dict(answer[1])["value"]) if answer else (0, None)

    async def put_item(self, key: str, color: str, number: int) -> None:
        """Have the item of a key be of this color and number. Raises as `write` does."""
        update = {"$set": {"color": color, "number": number}, "$inc": {"changes": 1}}
        await self._change("update", ITEMS, key, json.dumps(update))

    async def delete_item(self, key: str) -> None:
        """Have no item under a key."""
        await self._change("delete", ITEMS, key)

    async def find(self, color: str) -> list[list[Any]]:
        """The items of a color, each with its key and its number."""
        return [[key, number] for key, _, number in await self._items({"color": color})]

    async def scan(self) -> list[list[Any]]:
        """All items, each with its key, its color and its number."""
        return await self._items({"number": {"$gte": 0}})

    async def _items(self, query: dict[str, Any]) -> list[list[Any]]:
        found = await self._find(ITEMS, query)
        items = ((key, dict(fields)) for key, _, fields in found)
        return [[key, fields["color"], fields["number"]] for key, fields in items]

    async def _accounts(self, names: tuple[str, ...], opening: int) -> list[tuple[int, int]]:
        (found,) = await self._ask("get_all", ACCOUNTS, names)
        return [(version, dict(fields).get("balance", opening)) for version, fields in found]

    async def _registers(self) -> tuple[int, dict[str, Any]]:
        answer = await self._ask("get", *REGISTERS)
        return (answer[0], dict(answer[1])) if answer else (0, {})

    async def _find(self, collection: str, query: dict[str, Any]) -> Any:
        (found,) = await self._ask("find", collection, json.dumps(query))
        return found

    async def _insert(self, collection: str, identity: str, fields: dict[str, Any]) -> bool:
        items = tuple(sorted(fields.items()))
        return await self._change("insert", collection, identity, items)

    async def _put(
        self, collection: str, identity: str, version: int, fields: dict[str, Any]
    ) -> bool:
        message = collection, identity, version, tuple(sorted(fields.items()))
        return await self._change("put", *message)

    async def _change(self, *message: Any) -> bool:
        """Whether a change was made; False if it conflicts with another."""
        try:
            await self._ask(*message, self._node.random.getrandbits(63))
        except _Conflicting:
            return False
        return True

    async def _ask(self, *message: Any) -> Message:
        match await self.answer(message):
            case ("ok", *result):
                return tuple(result)
            case ("none",):
                return ()
            case ("conflict", reason):
                raise _Conflicting(reason)
            case (_, reason):
                raise Definite(str(reason))
        raise Indefinite("the answer was none")

    async def answer(self, message: Message) -> Message:
        """What the server says to a request.

        Raises:
            Indefinite: nothing.
        """
        with trio.move_on_after(ATTEMPT_S):
            return await request(self._node, self._server, *message)
        raise Indefinite(f"{self._server} did not answer")


class _Conflicting(Exception):
    """The server refused a change."""
