"""Two-phase commit over partitions: every server has some of the keys, and coordinates for clients.

The problem (DDIA chapter 9, "Atomic Commit and Two-Phase Commit"): a transaction that touches
several servers must commit on all of them or on none, whatever fails on the way.

    client --begin, operate, commit--> n1 --do, prepare, decide--> n1, n2, n3
                                     coordinator                  participants

Guarantees, if servers fail by crash, power loss or pause, and messages are late, lost, doubled, out
of order, or cut off: atomic commit; strict serializability (two-phase locking on every server, and
every lock is held until all operations of the transaction are done everywhere); committed means
durable. Not: availability. A transaction in doubt keeps its locks until its coordinator is back;
with that it ends within a second.

`coordinator` and `participant` have the two halves and their invariants.

Left out: replicas of the partitions, without which a server that is down takes its keys with it;
the shortcuts for one participant and for those that only read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from splitbrain.harness.node import Message, Node
from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.manager import TransactionManager
from splitbrain.systems.transactions.two_phase_commit.coordinator import Coordinator
from splitbrain.systems.transactions.two_phase_commit.participant import Participant
from splitbrain.systems.transactions.two_phase_locking.engine import LockingEngine
from splitbrain.systems.transactions.two_phase_locking.server import LockingServer


class CommitCore:
    """Coordinator and participant of one server, over one log.

    Args:
        name: the server's name.
        peers: the others'.
        engine: its data, recovered.
        records: its log, from the beginning.
        boots: how often it started before.

    Attributes:
        announcements: what to tell the world: pairs of transaction and whether it committed here.
    """

    coordinator_class: type[Coordinator] = Coordinator
    participant_class: type[Participant] = Participant
    manager_class: type[TransactionManager] = TransactionManager

    def __init__(
        self,
        name: str,
        peers: Sequence[str],
        engine: LockingEngine,
        records: Sequence[Record],
        boots: int,
    ) -> None:
        self.announcements: list[tuple[str, bool]] = []
        self._engine = engine
        self._participant = self.participant_class(
            engine, boots, self._send, lambda txn, commit: self.announcements.append((txn, commit))
        )
        servers = sorted([name, *peers])
        self._coordinator = self.coordinator_class(servers, records, engine.log, self._send)
        self._manager = self.manager_class(name, self._coordinator, boots)
        self.messages = self._manager.messages

    @property
    def records(self) -> list[Record]:
        """See `splitbrain.systems.transactions.server.Core`."""
        return self._engine.records

    def receive(self, sender: str, message: Message, now: float) -> None:
        """See `splitbrain.systems.transactions.server.Core`."""
        self._coordinator.now = self._participant.now = now
        kind, *fields = message
        match kind:
            case "do":
                self._participant.do(*fields)
            case "prepare":
                self._participant.prepare(*fields)
            case "decide":
                self._participant.decide(*fields)
            case "did":
                self._coordinator.did(sender, *fields)
            case "vote":
                self._coordinator.voted(sender, *fields)
            case "ack":
                self._coordinator.acknowledged(sender, *fields)
            case "inquire":
                self._coordinator.asked(sender, *fields)
        self._participant.tell()
        self._manager.receive(sender, message, now)

    def tick(self, now: float) -> None:
        """See `splitbrain.systems.transactions.server.Core`."""
        self._coordinator.tick(now)
        self._participant.tick(now)
        self._participant.tell()
        self._manager.tick(now)

    def durable(self, lsn: int, now: float) -> None:
        """See `splitbrain.systems.transactions.server.Core`."""
        self._engine.durable(lsn)
        self._participant.tell()
        self._manager.durable(lsn, now)

    def _send(self, server: str, message: tuple[Any, ...]) -> None:
        self.messages.append((server, message))


class CommitServer(LockingServer):
    """Two-phase commit over strict two-phase locking; see the module."""

    core_class: type[CommitCore] = CommitCore

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.commit_core: CommitCore | None = None

    def recover(self, records: Sequence[Record]) -> CommitCore:
        """See `TransactionServer`."""
        boots = sum(record == ("boot",) for record in records)
        engine = self.engine(records)
        self.commit_core = self.core_class(self.node.name, self.node.peers, engine, records, boots)
        return self.commit_core

    def drain(self) -> None:
        """See `TransactionServer`; and announce what became of transactions here."""
        super().drain()
        if self.commit_core is not None:
            for txn, commit in self.commit_core.announcements:
                outcome = "commit" if commit else "abort"
                self.node.announce("decided", {"txn": txn, "outcome": outcome})
            self.commit_core.announcements.clear()
