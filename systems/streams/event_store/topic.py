"""A topic: has the events of some streams as they were published, for whoever subscribes.

client -> topic   ("request", id, "published")   -> stream, version, value each

Records of its log (`splitbrain.systems.log_file`)::

    ("published", position, stream, version, values)

`splitbrain.systems.streams.event_store.store` has what passes between it and the store.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.log_file import LogFile
from splitbrain.systems.roles import first_server

_START = 0x544F5043  # what the first frame's checksum continues


class Topic:
    """A server that keeps what is published.

    Invariants: an append is taken once, behind the one that was before it at the store; its
    position is in the same record, so that after a crash the store goes on behind it.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.store = first_server(node)
        self.log = LogFile(node.disk, "topic", _START)
        self.events: list[tuple[str, int, int]] = []
        self.position = 0

    async def run(self) -> None:
        """Serve until cancelled."""
        for _, *published in await self.log.open():
            self._take(*published)
        async with trio.open_nursery() as nursery:
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("where", life):
                        nursery.start_soon(self._tell, life)
                    case ("publish", life, before, *published):
                        if self.accepts(before, published[0]):
                            self.log.append([("published", *published)])
                            self._take(*published)
                        nursery.start_soon(self._tell, life)

    def _take(self, position: int, stream: str, version: int, values: tuple[int, ...]) -> None:
        self.position = max(self.position, position)
        self.events += [(stream, version + at, value) for at, value in enumerate(values, 1)]

    def accepts(self, before: int, position: int) -> bool:
        """Whether an append is the next one."""
        return before == self.position

    async def _tell(self, life: int) -> None:
        position = self.position
        await self.log.sync()
        self.node.network.send(self.store, ("at", life, position))

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["published"]:
                events = tuple(self.events)
                await self.log.sync()
                answer: tuple[Any, ...] = ("ok", events)
            case _:
                answer = ("refused", f"ask {self.store}")
        self.node.network.send(client, ("reply", number, *answer))
