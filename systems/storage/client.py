"""Clients of storage servers: what the workloads ``store`` and ``kv`` call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from splitbrain.harness.client import Definite, Indefinite, request
from splitbrain.harness.node import Node
from splitbrain.systems.storage.server import OK, REFUSED


class StorageClient:
    """Keys and values are strings; on the wire and on disk they are UTF-8."""

    def __init__(self, node: Node, server: str) -> None:
        self._node = node
        self._server = server
        self._session: int | None = None
        self._number = 0

    async def get(self, key: str) -> str | None:
        """The key's value; None if it is absent."""
        value = await self._ask("get", key.encode())
        return None if value is None else _text(value)

    async def put(self, key: str, value: str) -> None:
        """Make `value` the key's value."""
        await self.batch([(key, value)])

    async def delete(self, key: str) -> None:
        """Make the key absent, if it is not."""
        await self.batch([(key, None)])

    async def batch(self, writes: Sequence[tuple[str, str | None]]) -> None:
        """Do all these puts, and deletes where the value is None, or none of them.

        Raises:
            Definite: the store refused.
            Indefinite: the store, or its disk, failed meanwhile.
        """
        batch = tuple((k.encode(), None if v is None else v.encode()) for k, v in writes)
        if self._session is None:
            self._session, self._number = await self._ask("open"), 0
        self._number += 1
        await self._ask("write", self._session, self._number, batch)

    async def scan(self) -> list[tuple[str, str]]:
        """All keys with their values, at one moment.

        Raises:
            Definite: the store refused, or has forgotten the moment.
        """
        number = await self._ask("snapshot")
        found: list[tuple[bytes, bytes]] = []
        while True:
            page = await self._ask("page", number, found[-1][0] if found else None)
            if page is None:
                raise Definite("the snapshot is gone")
            more, pairs = page
            found += pairs
            if not more:
                return [(_text(key), _text(value)) for key, value in found]

    async def flush(self) -> None:
        """Write out what is in memory alone."""
        await self._ask("flush")

    async def compact(self) -> None:
        """Rewrite the files without what is obsolete."""
        await self._ask("compact")

    async def verify(self) -> list[str]:
        """What is wrong with the store's files."""
        return list(await self._ask("verify"))

    async def _ask(self, f: str, *arguments: Any) -> Any:
        status, value = await request(self._node, self._server, f, *arguments)
        if status == OK:
            return value
        if status == REFUSED:
            raise Definite(value)
        self._session = None
        raise Indefinite(value)


def _text(data: bytes) -> str:
    """What a damaged store may return is no UTF-8."""
    return data.decode(errors="replace")
