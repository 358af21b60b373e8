"""A global index: entries by color, partitioned apart from the items (DDIA chapter 6, "Partitioning
Secondary Indexes by Term").

    client -> server   ("request", id, "item", session, number, key, item)   -> ("ok", None)

The entries of a color are one more value of the database, under a key that no item has. So a search
asks two servers or three, and a change of an item is one of several servers, which is not atomic.
It is right nevertheless, for entries are hints: one is made before its item is written, and removed
once the item is another; who searches reads the items that the entries name, and takes those that
are of the color by then. What is left undone when somebody dies is an entry too many.

Each step has a number of the client's own, so that the client may ask another server for the whole
change, and each step is done once.
"""

from __future__ import annotations

from math import inf
from typing import Any

import trio

from splitbrain.harness.node import Message
from splitbrain.systems.partitioning.database.gathering import Item
from splitbrain.systems.partitioning.database.indexing import color_of
from splitbrain.systems.partitioning.database.server import PATIENCE_S, DatabaseServer

RESEND_S = 0.1
"""How long to wait for an owner's answer before asking again."""


class GlobalIndexServer(DatabaseServer):
    """A server that keeps a global index for its clients, as a client of the others."""

    _answers: dict[int, trio.MemorySendChannel[Message]]

    async def run(self) -> None:
        """Serve until cancelled."""
        self._answers = {}
        await super().run()

    def _hear(self, nursery: trio.Nursery, sender: str, message: Message) -> None:
        match message:
            case ("request", number, "item", session, step, key, item):
                nursery.start_soon(self._item, sender, number, session, step, key, item)
            case ("request", number, "search", str() as color):
                nursery.start_soon(self._find, sender, number, color)
            case ("reply", number, *answer):
                if number in self._answers:
                    self._answers[number].send_nowait(tuple(answer))
            case _:
                super()._hear(nursery, sender, message)

    async def _item(
        self, client: str, number: int, session: int, step: int, key: str, item: Any
    ) -> None:
        with trio.move_on_after(PATIENCE_S):
            await self.change_item(session, step, key, item)
            self.node.network.send(client, ("reply", number, "ok", None))

    async def change_item(self, session: int, step: int, key: str, item: Any) -> None:
        """First the entry, then the item, and then what is obsolete goes."""
        await self.enter(session, step, key, item)
        before = await self.ask(session, step + 1, "replace", key, item)
        await self.leave(session, step + 2, key, before)

    async def enter(self, session: int, step: int, key: str, item: Any) -> None:
        """Make an entry of an item, if it is one."""
        if (color := color_of(item)) is not None:
            await self.ask(session, step, "enter", term(color), (key, item[1]))

    async def leave(self, session: int, step: int, key: str, item: Any) -> None:
        """Remove the entry of what is no item any more, if it was one."""
        if (color := color_of(item)) is not None:
            await self.ask(session, step, "leave", term(color), (key, item[1]))

    async def _find(self, client: str, number: int, color: str) -> None:
        """Look up the items that the entries of a color name."""
        with trio.move_on_after(PATIENCE_S):
            entries = await self.ask(0, 0, "get", term(color)) or ()
            named = dict.fromkeys(entries)
            items = await self.items(tuple(named), color)
            self.node.network.send(client, ("reply", number, "ok", items))

    async def items(self, entries: tuple[Item, ...], color: str) -> tuple[Item, ...]:
        """Those of the items that have the color now, each once. All are asked for at once: one
        after the other, on slow disks, they would take longer than anybody waits."""
        keys = dict.fromkeys(key for key, _ in entries)
        found: dict[str, Any] = {}

        async def look(key: str) -> None:
            found[key] = await self.ask(0, 0, "get", key)

        async with trio.open_nursery() as nursery:
            for key in keys:
                nursery.start_soon(look, key)
        return tuple((key, found[key]) for key in keys if color_of(found[key]) == color)

    async def ask(self, session: int, step: int, f: str, key: str, *arguments: Any) -> Any:
        """Have the owner of a key do something, however often it takes."""
        number = self.node.random.getrandbits(63)
        request = ("request", number, "do", session, step, f, key, *arguments)
        self._answers[number], answers = trio.open_memory_channel[Message](inf)
        try:
            while True:
                self.node.network.send(self.storage.map.owner(key), request)
                with trio.move_on_after(RESEND_S):
                    answer = await answers.receive()
                    if answer[0] == "ok":
                        return answer[1]
                    await trio.sleep_forever()  # it is on its way to somebody else
        finally:
            del self._answers[number]


def term(color: str) -> str:
    """The key under which a color's entries are; items have other keys."""
    return f"#{color}"
