"""Two-phase commit whose decision is chosen by a majority: no one server's death blocks the others.

The problem (DDIA chapter 9, "Limitations of distributed transactions"): in two-phase commit the
decision is on one disk, the coordinator's. If it dies after the votes, the participants wait for it
with their locks held, for as long as it takes.

The idea (Gray and Lamport, "Consensus on Transaction Commit", ACM TODS 31(1), 2006): the decision
is a value that the servers agree on by Paxos (``deciding``). The coordinator proposes to commit
once all have voted yes. A participant that has waited for long finds out for itself: it proposes to
abort, and learns what is chosen: to commit, if the coordinator's proposal may have been.

    n1 --prepare--> n2, n3 --yes--> n1 --accept? commit--> n1, n2, n3 --accepted--> n1: told
                                     x  dies here
                    n2 --prepare?--> n1, n2, n3 --promise, "commit" accepted--> n2
                    n2 --accept? commit--> ...                      n2 commits, and so will n3

Guarantees: those of two-phase commit (`splitbrain.systems.transactions.two_phase_commit`), and:
while a majority of the servers is up, whichever these are, no transaction stays in doubt for more
than a few seconds. (The keys of a server that is down are out of reach: they have no replicas.)

Invariants, beyond those of the two halves and of ``deciding``:

1. The coordinator notes durably that it is about to propose, before it does. A coordinator that
   starts again and has no such note never has proposed, and never will: the transaction aborts. One
   that has it finds out what was chosen, and tells its client nothing before that.
2. A transaction that was not proposed to commit may be aborted by its coordinator alone.

Left out: their Paxos Commit runs one instance of Paxos for each participant's vote, and so saves
the delay between the votes and the proposal; forgetting what was decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from splitbrain.harness.node import Message
from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.manager import TransactionManager, Waiting
from splitbrain.systems.transactions.paxos_commit.deciding import Acceptor, Proposer
from splitbrain.systems.transactions.two_phase_commit.coordinator import (
    Branch,
    Coordinator,
    Distributed,
)
from splitbrain.systems.transactions.two_phase_commit.core import CommitCore, CommitServer
from splitbrain.systems.transactions.two_phase_commit.participant import Participant
from splitbrain.systems.transactions.two_phase_locking.engine import LockingEngine


class ProposingCoordinator(Coordinator):
    """A coordinator whose decision is a proposal."""

    proposer: Proposer

    def decide(self, txn: str, participants: tuple[str, ...]) -> None:
        """Note that commit is about to be proposed."""
        self._forcing.append((self.log(("propose", txn, participants)), txn))

    def announce(self, txn: str) -> None:
        """The note is durable: propose."""
        self._noted[txn] = None
        self.proposer.propose(txn)

    def tick(self, now: float) -> None:
        """See `Coordinator`; and find out about proposals of which nothing is heard."""
        super().tick(now)
        for txn in list(self._noted):
            self.proposer.find_out(txn)

    def learned(self, txn: str, commit: bool) -> None:
        """The servers have agreed on a transaction."""
        transaction = self._transactions.get(txn)
        if transaction is None or transaction.phase != "deciding":
            return
        self._noted.pop(txn, None)
        if commit:
            self._committed.add(txn)
            self.log(("decide", txn, tuple(transaction.branches)))
            super().announce(txn)
        else:
            self._committed.discard(txn)
            self.log(("dropped", txn))
            transaction.phase = "preparing"  # it is not decided to commit, and may be rolled back
            self.rollback(txn, "a participant was not heard of in time")

    def undecided(self, txn: str) -> bool:
        """Whether nobody knows yet what becomes of a transaction."""
        transaction = self._transactions.get(txn)
        return transaction is not None and transaction.phase == "deciding"

    def _recover(self, records: Iterable[Record]) -> None:
        records = list(records)
        super()._recover(records)
        self._noted: dict[str, None] = {}  # proposed, and not known to be chosen or not
        proposed: dict[str, tuple[str, ...]] = {}
        for record in records:
            match record:
                case ("propose", txn, participants):
                    proposed[txn] = participants
                case (("decide" | "dropped"), txn, *_):
                    proposed.pop(txn, None)
        for txn, participants in proposed.items():
            branches = {server: Branch() for server in participants}
            self._transactions[txn] = Distributed("deciding", branches)
            self._noted[txn] = None


class FindingParticipant(Participant):
    """A participant that finds out for itself.

    Attributes:
        silence: how long its coordinator may be silent before it does, in seconds.
    """

    proposer: Proposer
    silence: float = 0.6

    def __init__(
        self,
        engine: LockingEngine,
        boot: int,
        send: Callable[[str, Message], None],
        announce: Callable[[str, bool], None],
    ) -> None:
        super().__init__(engine, boot, send, announce)
        self._asked_since: dict[str, float] = {}

    def inquire(self, txn: str) -> None:
        """Ask the coordinator, and if it does not answer, all servers."""
        super().inquire(txn)
        if self.now - self._asked_since.setdefault(txn, self.now) > self.silence:
            self.proposer.find_out(txn)

    def learned(self, txn: str, commit: bool) -> None:
        """The servers have agreed on a transaction."""
        if txn in self.parts:
            self.decide(txn, commit)


class PatientManager(TransactionManager):
    """A manager that tells no client what it does not know."""

    undecided: Callable[[str], bool]

    def _commit(self, txn: str, waiting: Waiting, now: float) -> None:
        if txn in self.sessions or not self.undecided(txn):
            super()._commit(txn, waiting, now)


class PaxosCommitCore(CommitCore):
    """Coordinator, participant, acceptor and proposer of one server, over one log."""

    coordinator_class: type[ProposingCoordinator] = ProposingCoordinator
    participant_class: type[FindingParticipant] = FindingParticipant
    manager_class: type[PatientManager] = PatientManager
    acceptor_class: type[Acceptor] = Acceptor
    proposer_class: type[Proposer] = Proposer

    _coordinator: ProposingCoordinator
    _participant: FindingParticipant
    _manager: PatientManager

    def __init__(
        self,
        name: str,
        peers: Sequence[str],
        engine: LockingEngine,
        records: Sequence[Record],
        boots: int,
    ) -> None:
        super().__init__(name, peers, engine, records, boots)
        self._acceptor = self.acceptor_class(records, engine.log, self._send)
        servers = sorted([name, *peers])
        self._proposer = self.proposer_class(name, servers, self._send, self._learned)
        self._coordinator.proposer = self._participant.proposer = self._proposer
        self._manager.undecided = self._coordinator.undecided

    def receive(self, sender: str, message: Message, now: float) -> None:
        """See `CommitCore`."""
        self._proposer.now = now
        kind, *fields = message
        match kind:
            case "prepare?":
                self._acceptor.promise(sender, *fields)
            case "promise":
                self._proposer.promised(sender, *fields)
            case "accept?":
                self._acceptor.accept(sender, *fields)
            case "accepted":
                self._proposer.accepted(sender, *fields)
        super().receive(sender, message, now)

    def tick(self, now: float) -> None:
        """See `CommitCore`."""
        self._proposer.now = now
        super().tick(now)

    def durable(self, lsn: int, now: float) -> None:
        """See `CommitCore`."""
        self._proposer.now = now
        self._acceptor.durable(lsn)
        super().durable(lsn, now)

    def _learned(self, txn: str, commit: bool) -> None:
        self._coordinator.learned(txn, commit)
        self._participant.learned(txn, commit)


class PaxosCommitServer(CommitServer):
    """See the module."""

    core_class: type[PaxosCommitCore] = PaxosCommitCore
