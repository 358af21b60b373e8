"""The client: goes by a map, asks the owner, and is told a later map by whom it asked wrongly."""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.client import Definite, request
from splitbrain.harness.node import Message, Node
from splitbrain.systems.member_changes import MemberChanges
from splitbrain.systems.partitioning.database.client import (
    ATTEMPT_S,
    PATIENCE_S,
    PAUSE_S,
    KeyClient,
)
from splitbrain.systems.partitioning.database.keymap import KeyMap, map_of
from splitbrain.systems.roles import by_number, first_server
from splitbrain.systems.scalability.sharded.shards import LOWS, first_map, located

ELEMENT = "element"
"""The color of items that are elements of the set."""


class ShardedClient(KeyClient, MemberChanges):
    """Reads and changes keys, adds elements; has servers join and leave.

    Args:
        node: the host that the client runs on.
        server: the server to ask for the map; after one that is silent, the next one.

    Attributes:
        lows: where each shard begins.
    """

    lows = LOWS

    def __init__(self, node: Node, server: str) -> None:
        super().__init__(node, server)
        self._map: KeyMap = first_map(by_number(node.peers), self.lows)

    def located(self, key: str) -> str:
        """A key with its shard in front."""
        return located(key)

    async def add(self, element: int) -> None:
        """Add an element."""
        await self._do("put", f"e{element}", (ELEMENT, element))

    async def read_all(self) -> list[int]:
        """All elements, of all shards."""
        items = await self._ask("search", ELEMENT)
        return sorted(element for _, (_, element) in items)

    async def move_range(self, key: str, number: int) -> str:
        """Have the key's shard moved to a server, by a number of any size; its name.

        Raises:
            Definite: the server is no member.
        """
        target = self._node.peers[number % len(self._node.peers)]
        await self._administer("move", self.located(key), target)
        return target

    @property
    def servers(self) -> tuple[str, ...]:
        """All servers, members or not."""
        return self._node.peers

    async def members(self) -> tuple[int, tuple[str, ...]]:
        """The version of the members, and who they are."""
        version, members = await self._administer("members")
        return version, tuple(members)

    async def toggle(self, version: int, server: str) -> tuple[int, tuple[str, ...]]:
        """See `splitbrain.systems.member_changes.Members.toggle`.

        Raises:
            Definite: nobody would be left.
        """
        version, members = await self._administer("change", version, server)
        return version, tuple(members)

    async def _administer(self, f: str, *arguments: Any) -> Any:
        """Say how things are to be, until the coordinator answers."""
        while True:
            with trio.move_on_after(PATIENCE_S):
                answer = await request(self._node, first_server(self._node), f, *arguments)
                if answer[0] == "refused":
                    raise Definite(f"refused: {answer[1]}")
                return answer[-1]

    async def _do(self, f: str, *arguments: Any) -> Any:
        """Read or change a key, once: `arguments` begin with it."""
        self._number += 1
        key, *rest = arguments
        body = self._session, self._number, f, self.located(key), *rest
        while True:
            owner, answer = self._map.owner(body[3]), None
            with trio.move_on_after(ATTEMPT_S):
                answer = await request(self._node, owner, "shard", self._map.version, *body)
            match answer:
                case ("ok", result):
                    return result
                case ("moved", None):
                    await trio.sleep(PAUSE_S)
                case ("moved", known):
                    self._learn(known)
                case _:
                    self._learn(await self._ask("map"))

    def _learn(self, known: Message) -> None:
        """Go by a map, if it is a later one."""
        if map_of(known).version > self._map.version:
            self._map = map_of(known)
