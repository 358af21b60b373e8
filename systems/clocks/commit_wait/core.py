"""One server: a shard, a coordinator for the clients that ask it, and a timekeeper over one log.

Invariant: a server that starts serves no client until every timestamp in its log is past. What it
decided before it crashed may be told then, as if it had waited all the time.
"""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.harness.node import Message
from splitbrain.systems.clocks.commit_wait.coordinator import Coordinator
from splitbrain.systems.clocks.commit_wait.journal import Journal
from splitbrain.systems.clocks.commit_wait.shard import Shard
from splitbrain.systems.clocks.commit_wait.timekeeping import Timekeeper
from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.manager import TransactionManager
from splitbrain.systems.transactions.server import TransactionServer


class CommitWaitCore:
    """See the module, and `splitbrain.systems.transactions.server.Core`.

    Args:
        name: the server's name.
        peers: the others'.
        records: its log, from the beginning.
        boots: how often it started before.
    """

    timekeeper_class: type[Timekeeper] = Timekeeper
    coordinator_class: type[Coordinator] = Coordinator
    shard_class: type[Shard] = Shard

    def __init__(
        self, name: str, peers: Sequence[str], records: Sequence[Record], boots: int
    ) -> None:
        servers = sorted([name, *peers])
        journal = Journal(len(records))
        self.time = self.timekeeper_class(name, servers[0], boots, self._send)
        self.shard = self.shard_class(records, journal, self.time, self._send)
        self.coordinator = self.coordinator_class(servers, records, journal, self.time, self._send)
        self.highest = max(self.shard.highest, self.coordinator.highest)
        self._manager = TransactionManager(name, self.coordinator, boots)
        self.messages = self._manager.messages

    @property
    def records(self) -> list[Record]:
        """What to write to the log."""
        return self.coordinator.records

    @property
    def ready(self) -> bool:
        """Whether clients may be served."""
        return self.time.past(self.highest)

    def receive(self, sender: str, message: Message, now: float) -> None:
        """Take in a message."""
        self.time.now = now
        kind, *fields = message
        match kind:
            case "time?":
                self.time.asked(sender, *fields)
            case "time":
                self.time.told(*fields)
                self.shard.serve()
                self.coordinator.tell()
            case "read":
                self.shard.read(*fields)
            case "prepare":
                self.shard.prepare(*fields)
            case "decide":
                self.shard.decide(*fields)
            case "did":
                self.coordinator.did(*fields)
            case "vote":
                self.coordinator.voted(sender, *fields)
            case "ack":
                self.coordinator.acknowledged(sender, *fields)
            case "inquire":
                self.coordinator.asked(sender, *fields)
        # A client's request waits for its next attempt, anything else only wakes the manager.
        if kind != "request" or self.ready:
            self._manager.receive(sender, message, now)

    def tick(self, now: float) -> None:
        """Time has passed."""
        self.time.now = now
        self.time.ask()
        self.shard.tick()
        self.coordinator.tick()
        self._manager.tick(now)

    def durable(self, lsn: int, now: float) -> None:
        """All records up to this number are on disk."""
        self.time.now = now
        self._manager.durable(lsn, now)

    def _send(self, server: str, message: Message) -> None:
        self.messages.append((server, message))


class CommitWaitServer(TransactionServer):
    """Snapshot isolation on timestamps, over shards; see the package."""

    core_class: type[CommitWaitCore] = CommitWaitCore

    def recover(self, records: Sequence[Record]) -> CommitWaitCore:
        """See `TransactionServer`."""
        boots = sum(record == ("boot",) for record in records)
        return self.core_class(self.node.name, self.node.peers, records, boots)
