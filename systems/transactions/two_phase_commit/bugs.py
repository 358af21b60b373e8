"""Planted bugs of two-phase commit."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.transactions.two_phase_commit.coordinator import Coordinator
from splitbrain.systems.transactions.two_phase_commit.core import CommitCore, CommitServer
from splitbrain.systems.transactions.two_phase_commit.messages import coordinator_of
from splitbrain.systems.transactions.two_phase_commit.participant import Participant
from splitbrain.systems.transactions.two_phase_locking.engine import LockingEngine


class RollsBackAfterYes(Participant):
    """Rolls back what it voted for, when the coordinator is silent for too long."""

    def inquire(self, txn: str) -> None:
        """Take the silence for a no."""
        self.engine.rollback(txn, "the coordinator was silent for too long")

    def commit_again(self, txn: str) -> None:
        """Too late."""
        self.send(coordinator_of(txn), ("ack", txn))


class KeepsDoubt(Participant):
    """Waits for the decision, and never asks."""

    def inquire(self, txn: str) -> None:
        """Wait on."""


class CommitsAnything(Participant):
    """Acknowledges a decision on a transaction that it knows nothing of."""

    def commit_again(self, txn: str) -> None:
        """It must have been long ago."""
        self.send(coordinator_of(txn), ("ack", txn))


class VotesTooEarly(LockingEngine):
    """Gives its promise without a note of it on disk."""

    def write_prepare(self, txn: str, coordinator: str) -> None:
        """Answer at once."""
        self.answers.append((txn, ("prepared",)))


class TellsTooEarly(Coordinator):
    """Tells the decision before it is durable; the note of it is written when there is time."""

    def decide(self, txn: str, participants: tuple[str, ...]) -> None:
        """Tell everyone."""
        self.announce(txn)

    def acknowledged(self, server: str, txn: str) -> None:
        """Nothing was written, so there is nothing to forget in the log."""
        transaction = self._transactions.get(txn)
        if transaction is not None and server in transaction.missing:
            transaction.missing.remove(server)
            if not transaction.missing:
                del self._transactions[txn]


RollsBackAfterYesCore = planted(CommitCore, participant_class=RollsBackAfterYes)
KeepsDoubtCore = planted(CommitCore, participant_class=KeepsDoubt)
CommitsAnythingCore = planted(CommitCore, participant_class=CommitsAnything)
TellsTooEarlyCore = planted(CommitCore, coordinator_class=TellsTooEarly)

BUGS: tuple[Bug, ...] = (
    Bug(
        id="TX-20",
        title="a participant rolls back on its own after voting yes",
        server=planted(CommitServer, core_class=RollsBackAfterYesCore),
        workload="list-append",
        faults=("process.pause", "net.latency"),
        nodes=3,
        seeds=100,
        shows=("split-decision",),
        source="DDIA 9; Bernstein et al., section 7.4",
    ),
    Bug(
        id="TX-21",
        title="a decision is told before it is durable",
        server=planted(CommitServer, core_class=TellsTooEarlyCore),
        workload="list-append",
        faults=("process.kill", "net.loss"),
        nodes=3,
        seeds=200,
        shows=("split-decision", "G-single", "G0", "G1", "incompatible-order", "lost-update"),
        source="DDIA 9; Bernstein et al., section 7.4",
    ),
    Bug(
        id="TX-22",
        title="a participant in doubt never asks",
        server=planted(CommitServer, core_class=KeepsDoubtCore),
        workload="list-append",
        faults=("process.power_loss",),
        nodes=3,
        seeds=100,
        shows=("no-progress",),
        source="DDIA 9",
    ),
    Bug(
        id="TX-23",
        title="a vote is not noted; a lost transaction's commit is acknowledged",
        server=planted(CommitServer, engine_class=VotesTooEarly, core_class=CommitsAnythingCore),
        workload="list-append",
        faults=("process.power_loss",),
        nodes=3,
        seeds=100,
        shows=("G-single", "G0", "G1", "incompatible-order", "lost-update", "split-decision"),
        source="Mohan, Lindsay and Obermarck, TODS 1986",
    ),
)
