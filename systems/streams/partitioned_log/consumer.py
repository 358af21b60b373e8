"""A consumer: fetches events of the partitions that are its own, and commits what they come to.

It keeps nothing: where to go on, the broker tells it with each assignment. What it has processed
and not committed, it or another one processes again; only what is committed counts.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.partitioned_log.partitions import Event

POLL_S = 0.04
"""How often it says that it is alive, and asks for events."""


class Consumer:
    """One member of the group."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.broker = first_server(node)
        self.generation = 0
        self.offsets: dict[int, int] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._poll)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("assigned", generation, mine):
                        self._assigned(generation, dict(mine))
                    case ("events", partition, offset, events) if events:
                        if self.offsets.get(partition) == offset:
                            self.process(partition, offset, events)
                    case ("committed", partition, upto):
                        self.committed(partition, upto)
                    case ("request", number, *_):
                        answer = ("reply", number, "refused", f"ask {self.broker}")
                        self.node.network.send(sender, answer)

    async def _poll(self) -> None:
        while True:
            self.node.network.send(self.broker, ("join",))
            for partition, offset in self.offsets.items():
                self.node.network.send(self.broker, ("fetch", partition, offset))
            await trio.sleep(POLL_S)

    def _assigned(self, generation: int, mine: dict[int, int]) -> None:
        self.generation = generation
        self.offsets = mine

    def committed(self, partition: int, upto: int) -> None:
        """What was committed is done."""
        if partition in self.offsets:
            self.offsets[partition] = max(upto, self.offsets[partition])

    def process(self, partition: int, offset: int, events: tuple[Event, ...]) -> None:
        """Commit what some events come to, and that they are done, in one message."""
        upto = offset + len(events)
        self.commit(partition, offset, upto, tuple(self.effect(event) for event in events))

    def commit(self, partition: int, offset: int, upto: int, effects: tuple[Any, ...]) -> None:
        """Tell the broker."""
        message = ("commit", self.generation, partition, offset, upto, effects)
        self.node.network.send(self.broker, message)

    def effect(self, event: Event) -> Event:
        """What an event comes to: a booking, here the same again."""
        return event
