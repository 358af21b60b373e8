"""Planted bugs of the partitioned log: it, with one decision wrong."""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.streams.partitioned_log.broker import Broker
from splitbrain.systems.streams.partitioned_log.consumer import Consumer
from splitbrain.systems.streams.partitioned_log.partitions import Event, Partitions
from splitbrain.systems.streams.partitioned_log.servers import StreamServer


class CommitsFirst(Consumer):
    """Commits the offset, and books what it stands for once that is answered."""

    def __init__(self, node: Any) -> None:
        super().__init__(node)
        self.held: dict[int, tuple[int, tuple[Event, ...]]] = {}

    def process(self, partition: int, offset: int, events: tuple[Event, ...]) -> None:
        """Only the offset; the events are in memory."""
        self.held[partition] = offset + len(events), events
        self.commit(partition, offset, offset + len(events), ())

    def committed(self, partition: int, upto: int) -> None:
        """Now what they come to: a commit of no events, with their effects."""
        super().committed(partition, upto)
        if partition in self.held and self.held[partition][0] == upto:
            _, events = self.held.pop(partition)
            self.commit(partition, upto, upto, tuple(self.effect(event) for event in events))


class TwoRecords(Partitions):
    """Writes an output and its offset one after the other."""

    async def commit(self, partition: int, upto: int, effects: tuple[Any, ...]) -> None:
        """First the output, durably; then the offset."""
        await super().commit(partition, self.committed[partition], effects)
        await super().commit(partition, upto, ())


class Unfenced(Broker):
    """Takes what anybody commits."""

    def admits(self, consumer: str, generation: int, partition: int, offset: int) -> bool:
        """Whoever it is, and wherever the last one ended."""
        return True


class ForgetsProducers(Partitions):
    """Keeps the numbers of requests in memory only."""

    def remember(self) -> None:
        """A new life begins without a past."""


def _broker(**instead: Any) -> type[StreamServer]:
    return planted(StreamServer, broker=planted(Broker, **instead))


BUGS: tuple[Bug, ...] = (
    Bug(
        id="STR-01",
        title="offsets are committed before what they stand for is booked",
        server=planted(StreamServer, consumer=CommitsFirst),
        workload="payments",
        faults=("process.kill", "net.loss"),
        nodes=3,
        seeds=20,
        shows=("lost",),
        source="DDIA chapter 11, Message delivery and replay; Jepsen: Kafka 0.8 and later",
    ),
    Bug(
        id="STR-02",
        title="an output and its offset are two records: a crash between them books again",
        server=_broker(log_class=TwoRecords),
        workload="payments",
        faults=("process.kill", "disk.slow"),
        nodes=3,
        seeds=30,
        shows=("duplicated",),
        source="DDIA chapter 11, Fault Tolerance (atomic commit revisited)",
    ),
    Bug(
        id="STR-06",
        title="commits of a consumer that no longer owns the partition are taken",
        server=planted(StreamServer, broker=Unfenced),
        workload="payments",
        faults=("process.pause", "net.latency"),
        nodes=3,
        seeds=20,
        shows=("duplicated", "lost"),
        source="DDIA chapter 11, Load balancing and fan-out; Kafka: KIP-98 (fencing of zombies)",
    ),
    Bug(
        id="STR-03",
        title="numbers of requests are kept in memory: a repeated one is an event of its own",
        server=_broker(log_class=ForgetsProducers),
        workload="payments",
        faults=("process.kill", "net.loss"),
        nodes=3,
        seeds=40,
        shows=("duplicated",),
        source="DDIA chapter 12, Duplicate suppression; Kafka: KIP-98 (idempotent producer)",
    ),
)
