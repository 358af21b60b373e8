"""The server of the database: takes writes, and gives its changes to who follows them.

client -> database   ("request", id, "write", writer, number, key, value)        -> position
                     ("request", id, "end")                                      -> last position
view -> database     ("follow", life, position)
                     ("snapshot", life, part)
database -> view     ("changes", life, from, changes, whether that is all)
                     ("restart", life)                 what is missing can't be told any more
                     ("part", life, part, of how many, position, keys and values)
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.streams.change_capture.changes import Changes, as_message

COMPACT_S = 0.25


class Database:
    """The one server that is written to.

    Invariants: a change is told to others once it is durable; a view's snapshot is of one position.

    Attributes:
        batch: most changes, or keys, in a message.
        changes_class: what keeps the data.
    """

    batch = 4
    changes_class: type[Changes] = Changes

    def __init__(self, node: Node) -> None:
        self.node = node
        self.changes = self.changes_class(node.disk)
        self._snapshots: dict[str, tuple[int, tuple[tuple[str, str], ...]]] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.changes.open()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._compact)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("follow", life, position):
                        nursery.start_soon(self._follow, sender, life, position)
                    case ("snapshot", life, part):
                        nursery.start_soon(self._snapshot, sender, life, part)

    async def _compact(self) -> None:
        length = 0
        while True:
            await trio.sleep(COMPACT_S)
            if len(self.changes.log) > length + self.batch:
                await self.changes.compact()
                length = len(self.changes.log)

    async def _follow(self, view: str, life: int, position: int) -> None:
        if not self.changes.may_follow(position):
            self.node.network.send(view, ("restart", life))
            return
        changes = self.changes.behind(position, self.batch)
        upto = changes[-1].position if changes else position
        is_all = not self.changes.behind(upto, 1)
        await self.changes.sync()
        told = ("changes", life, position, as_message(changes), is_all)
        self.node.network.send(view, told)

    async def _snapshot(self, view: str, life: int, part: int) -> None:
        """A part of all keys and values as they were when the first part was asked for."""
        if part == 0:
            self._snapshots[view] = self.changes.end, tuple(sorted(self.changes.values.items()))
        if view not in self._snapshots:
            self.node.network.send(view, ("restart", life))
            return
        position, items = self._snapshots[view]
        parts = max(1, -(-len(items) // self.batch))
        some = items[part * self.batch : (part + 1) * self.batch]
        await self.changes.sync()
        told = ("part", life, part, parts, position, some, self.changes.end)
        self.node.network.send(view, told)

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["write", str() as writer, int() as own, str() as key, str() | None as value]:
                position = await self.written(key, value, writer, own)
                answer: tuple[Any, ...] = ("ok", position)
                if position is None:
                    answer = ("refused", "another request came since")
            case ["end"]:
                end = self.changes.end
                await self.changes.sync()
                answer = ("ok", end)
            case _:
                answer = ("refused", "no such request")
        self.node.network.send(client, ("reply", number, *answer))

    async def written(self, key: str, value: str | None, writer: str, number: int) -> int | None:
        """Change a key; see `Changes.write`."""
        return await self.changes.write(key, value, writer, number)
