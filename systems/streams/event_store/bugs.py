"""Planted bugs of the event store and its outbox: they, with one decision wrong."""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.streams.event_store.servers import EventServer
from splitbrain.systems.streams.event_store.store import Store
from splitbrain.systems.streams.event_store.streams import Append, Streams
from splitbrain.systems.streams.event_store.topic import Topic


class TakesTwice(Topic):
    """Takes whatever is sent, unless it is older than the last."""

    def accepts(self, before: int, position: int) -> bool:
        """Sent again, it is there again."""
        return before <= self.position <= position


class TakesInAnyOrder(Topic):
    """Takes what it has not taken, in the order in which that comes."""

    def __init__(self, node: Any) -> None:
        super().__init__(node)
        self._taken: set[int] = set()

    def _take(self, position: int, stream: str, version: int, values: tuple[int, ...]) -> None:
        self._taken.add(position)
        super()._take(position, stream, version, values)

    def accepts(self, before: int, position: int) -> bool:
        """Whatever is before it."""
        return position not in self._taken


class TellsTooEarly(Store):
    """Acknowledges what is in memory."""

    async def settle(self) -> None:
        """And takes it for durable."""
        self.durable = len(self.streams.appends)


class EventByEvent(Store):
    """Writes each event of an append by itself."""

    async def write(self, append: Append) -> None:
        """One after the other, each durable before the next."""
        for at, value in enumerate(append.values):
            self.streams.write(Append(append.stream, append.version + at, (value,)))
            await self.sync()


GROUP_S = 0.05
"""How long appends wait for others that share their sync."""


class SnapshotsFirst(Store):
    """Takes a snapshot as soon as events are in memory."""

    async def settle(self) -> None:
        """The log comes second, when others may share its sync."""
        await self.snapshot()
        await trio.sleep(GROUP_S)
        await self.sync()


class Unguarded(Streams):
    """Writes snapshots of what is in memory."""

    async def before_snapshot(self) -> None:
        """The log will be durable some time."""


_SLOW_DISK = {"disk": {"fsync_latency": 0.02}}

BUGS: tuple[Bug, ...] = (
    Bug(
        id="STR-14",
        title="the relay sends again what was not acknowledged, and the topic takes it again",
        server=planted(EventServer, topic=TakesTwice),
        workload="outbox",
        faults=("net.loss", "process.kill"),
        nodes=3,
        seeds=20,
        shows=("published-twice",),
        source="Richardson, Microservices Patterns (2018), section 3.3 (transactional outbox)",
    ),
    Bug(
        id="STR-14-ORDER",
        title="the topic takes events in the order in which they come",
        server=planted(EventServer, topic=TakesInAnyOrder),
        workload="outbox",
        faults=("net.latency", "net.loss"),
        nodes=3,
        seeds=20,
        shows=("out-of-order", "unpublished"),
        source="DDIA chapter 11, Change Data Capture (order of events); Richardson 2018",
    ),
    Bug(
        id="STR-15",
        title="appends are acknowledged while they are in memory alone",
        server=planted(EventServer, store=TellsTooEarly),
        workload="event-store",
        faults=("process.power_loss", "disk.slow"),
        nodes=3,
        seeds=40,
        shows=("lost-append", "both-accepted", "rewritten", "went-back"),
        options=_SLOW_DISK,
        source="DDIA chapter 11, Event Sourcing; chapter 7, Durability",
    ),
    Bug(
        id="STR-15-BATCH",
        title="each event of an append is written by itself: a crash leaves some of them",
        server=planted(EventServer, store=EventByEvent),
        workload="event-store",
        faults=("process.power_loss", "disk.slow"),
        nodes=3,
        seeds=60,
        shows=("torn-append",),
        options=_SLOW_DISK,
        source="DDIA chapter 11, Event Sourcing (commands); Young, CQRS Documents (2010)",
    ),
    Bug(
        id="STR-15-SNAPSHOT",
        title="a snapshot knows events that are not durable in the log",
        server=planted(EventServer, store=planted(SnapshotsFirst, streams_class=Unguarded)),
        workload="event-store",
        faults=("process.power_loss", "disk.slow"),
        nodes=3,
        seeds=60,
        shows=("live-differs",),
        options={**_SLOW_DISK, "system": {"snapshot": 1}},
        source="DDIA chapter 11, Deriving current state from the event log (snapshots)",
    ),
)
