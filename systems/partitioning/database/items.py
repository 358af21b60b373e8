"""Clients of items, which have a color and a number that no other item has."""

from __future__ import annotations

from typing import Any

from splitbrain.systems.partitioning.database.client import DatabaseClient

STEPS = 3
"""Changes of keys that one of an item may be, each with a number of its own."""


class ItemsClient(DatabaseClient):
    """Writes items, and finds them by the servers' local indexes."""

    async def put_item(self, key: str, color: str, number: int) -> None:
        """Have an item of this color; no other item has its number."""
        await self._do("put", key, (color, number))

    async def delete_item(self, key: str) -> None:
        """Have no item under a key."""
        await self._do("delete", key)

    async def find(self, color: str) -> list[list[Any]]:
        """The items of a color, each with its key and its number."""
        items = await self._ask("search", color)
        return [[key, number] for key, (_, number) in items]

    async def scan(self) -> list[list[Any]]:
        """All items, each with its key, its color and its number."""
        return [[key, *item] for key, item in await self._ask("search", None)]


class GlobalIndexClient(ItemsClient):
    """Has the server that it asks keep the global index, too."""

    async def put_item(self, key: str, color: str, number: int) -> None:
        """Have an item of this color; no other item has its number."""
        await self._change(key, (color, number))

    async def delete_item(self, key: str) -> None:
        """Have no item under a key."""
        await self._change(key, None)

    async def _change(self, key: str, item: tuple[str, int] | None) -> None:
        self._number += STEPS
        await self._ask("item", self._session, self._number, key, item)
