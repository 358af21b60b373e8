"""The server that has the streams, and relays their events to the topics.

client -> store   ("request", id, "append", stream, version, values)   -> version behind them
                  ("request", id, "put", stream, value)                -> version behind it
                  ("request", id, "live" or "rebuilt", stream)         -> version, state, events
                  ("request", id, "settled")     answered when all that is there is published
store -> topic    ("where", life)
                  ("publish", before, position, stream, version, values)
topic -> store    ("at", life, position)         the last append that it has

An append of a stream goes to one topic. The log itself is the outbox: an event that is durable will
be published, and none that isn't. Where to go on, the topic says, which keeps its position with
what it has: so nothing is published twice, or in another order.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import trio

from splitbrain.checkers.streams.rebuilding import folded
from splitbrain.harness.node import Node
from splitbrain.systems.roles import first_server
from splitbrain.systems.streams.event_store.streams import Append, Streams

RELAY_S = 0.04
"""How often what is not known to be published is sent again."""

_BURST = 8


class Store:
    """The one server that is written to.

    Invariants: an append happens at the version that it names, or not at all; clients and topics
    are told of events once they are durable; a topic gets its appends in the order of the log.

    Attributes:
        streams_class: what keeps the streams.
    """

    streams_class: type[Streams] = Streams

    def __init__(self, node: Node) -> None:
        self.node = node
        self.topics = sorted(name for name in node.peers if name != first_server(node))
        self.streams = self.streams_class(node.disk)
        self.life = node.random.getrandbits(62)
        self.at: dict[str, int] = {}
        self.durable = 0
        self._snapshotting = trio.Lock()
        self._moved = trio.Event()

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.streams.open()
        self.durable = len(self.streams.appends)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._relay)
            while True:
                sender, message = await self.node.network.receive()
                match message:
                    case ("request", number, *request):
                        nursery.start_soon(self._serve, sender, number, request)
                    case ("at", life, position) if life == self.life:
                        if position > self.at.get(sender, -1):
                            self.at[sender] = position
                            self._moved.set()
                            self._moved = trio.Event()
                            self._publish(sender)

    # Appending

    async def _serve(self, client: str, number: int, request: list[Any]) -> None:
        match request:
            case ["append", str() as stream, int() as version, tuple() as values]:
                answer = await self._append(Append(stream, version, values))
            case ["put", str() as stream, int() as value]:
                answer = await self._put(stream, value)
            case ["live", str() as stream]:
                live = self.streams.live.get(stream, (0, 0))
                events = tuple(self.streams.events.get(stream, ()))
                await self.sync()
                answer = ("ok", *live, events)
            case ["rebuilt", str() as stream]:
                events = tuple(self.streams.rebuilt(stream))
                await self.sync()
                answer = ("ok", len(events), folded(events, 0), events)
            case ["settled"]:
                upto = len(self.streams.appends)
                while not self._is_published(upto):
                    await self._moved.wait()
                answer = ("ok",)
            case _:
                answer = ("refused", "no such request")
        self.node.network.send(client, ("reply", number, *answer))

    async def _append(self, append: Append) -> tuple[Any, ...]:
        events = self.streams.events.get(append.stream, [])
        end = append.version + len(append.values)
        if tuple(events[append.version : end]) != append.values:  # else it came before
            if append.version != len(events):
                return ("conflict", len(events))
            await self.write(append)
        await self.settle()
        return ("ok", end)

    async def write(self, append: Append) -> None:
        """Put an append into the log, in one piece."""
        self.streams.write(append)

    async def _put(self, stream: str, value: int) -> tuple[Any, ...]:
        """Append an event, whatever there is, unless it is there: values are all different."""
        events = self.streams.events.get(stream, [])
        if value not in events:
            self.streams.write(Append(stream, len(events), (value,)))
        version = self.streams.events[stream].index(value) + 1
        await self.settle()
        return ("ok", version)

    async def settle(self) -> None:
        """What is waited for before an append is acknowledged."""
        await self.sync()
        await self.snapshot()

    async def sync(self) -> None:
        """Wait until all appends that are there now are durable."""
        upto = len(self.streams.appends)
        await self.streams.sync()
        self.durable = max(self.durable, upto)

    async def snapshot(self) -> None:
        """Take a snapshot if one is due."""
        async with self._snapshotting:
            await self.streams.snapshot()

    # Publishing

    def topic(self, stream: str) -> str:
        """Which server has a stream's events."""
        return self.topics[crc32(stream.encode()) % len(self.topics)]

    async def _relay(self) -> None:
        while True:
            for topic in self.topics:
                if topic in self.at:
                    self._publish(topic)
                else:
                    self.node.network.send(topic, ("where", self.life))
            await trio.sleep(RELAY_S)

    def _due(self, topic: str, upto: int) -> list[int]:
        """Positions of appends that a topic is not known to have."""
        appends = self.streams.appends
        behind = range(self.at.get(topic, 0), upto)
        return [at + 1 for at in behind if self.topic(appends[at].stream) == topic]

    def _publish(self, topic: str) -> None:
        """Send a topic what comes next, each with what is before it."""
        before = self.at[topic]
        for position in self._due(topic, self.durable)[:_BURST]:
            message = (before, position, *self.streams.appends[position - 1])
            self.node.network.send(topic, ("publish", self.life, *message))
            before = position

    def _is_published(self, upto: int) -> bool:
        return all(topic in self.at and not self._due(topic, upto) for topic in self.topics)
