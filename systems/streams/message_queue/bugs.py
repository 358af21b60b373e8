"""Planted bugs of the message queue: it, with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.streams.message_queue.broker import Broker
from splitbrain.systems.streams.message_queue.servers import QueueServer


class TriesForEver(Broker):
    """Hands out again what could not be processed."""

    def failed(self, position: int) -> None:
        """And again."""
        self._out.pop(position, None)


class Swallows(Broker):
    """Is done with what could not be processed."""

    def failed(self, position: int) -> None:
        """An error is logged, and that is that."""
        self.end(position, "dropped")


class TakesAll(Broker):
    """Keeps whatever it is sent in memory."""

    def has_room(self) -> bool:
        """There is always room."""
        return True


class DropsTheOldest(Broker):
    """Makes room for new messages."""

    def has_room(self) -> bool:
        """By giving up the oldest that waits."""
        if not super().has_room():
            self.end(next(iter(self.waiting)), "dropped")
        return True


class ToWhoeverIsFree(Broker):
    """Hands out any message to any consumer."""

    def due(self) -> list[int]:
        """All that wait."""
        return list(self.waiting)


BUGS: tuple[Bug, ...] = (
    Bug(
        id="STR-16",
        title="a message that nobody can process is handed out for ever: its key stands still",
        server=planted(QueueServer, broker=TriesForEver),
        workload="deliveries",
        faults=("process.kill",),
        nodes=3,
        seeds=5,
        shows=("no-progress", "silent-server"),
        source="DDIA chapter 11, Acknowledgments and redelivery; Amazon SQS: dead-letter queues",
    ),
    Bug(
        id="STR-16-DROPPED",
        title="a message that nobody can process is passed over, and nobody hears of it",
        server=planted(QueueServer, broker=Swallows),
        workload="deliveries",
        faults=("process.kill",),
        nodes=3,
        seeds=5,
        shows=("lost",),
        source="DDIA chapter 11, Messaging Systems; Apache Kafka: errors.tolerance=all",
    ),
    Bug(
        id="STR-17",
        title="the broker takes whatever it is sent: what waits grows without bound",
        server=planted(QueueServer, broker=TakesAll),
        workload="deliveries",
        faults=("service.slow",),
        nodes=3,
        seeds=10,
        shows=("unbounded",),
        source="DDIA chapter 11, Messaging Systems (backpressure)",
    ),
    Bug(
        id="STR-17-DROPS",
        title="when too many messages wait, the oldest is dropped",
        server=planted(QueueServer, broker=DropsTheOldest),
        workload="deliveries",
        faults=("process.pause", "net.partition"),
        nodes=3,
        seeds=10,
        shows=("lost",),
        source="DDIA chapter 11, Messaging Systems (drop, buffer, or apply backpressure)",
    ),
    Bug(
        id="STR-18",
        title="messages of a key go to whoever is free: one that is handed out again comes late",
        server=planted(QueueServer, broker=ToWhoeverIsFree),
        workload="deliveries",
        faults=("process.kill", "net.loss"),
        nodes=3,
        seeds=10,
        shows=("out-of-order",),
        source="DDIA chapter 11, Acknowledgments and redelivery (figure 11-2)",
    ),
)
