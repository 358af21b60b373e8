"""The coordinator's half of two-phase commit: transactions over several servers.

To the transaction manager it is an engine (`splitbrain.systems.transactions.engine.Engine`): begin,
operate, commit, rollback. An operation goes to the server that has the key. A commit is in two
phases:

    1  ask every participant to prepare; all must vote yes, in time
    2  force the decision to disk (the commit point); then tell the client and the participants,
       again and again until all have acknowledged; then forget it

Presumed abort (Mohan, Lindsay and Obermarck, "Transaction Management in the R* Distributed Database
Management System", TODS 1986): only commits are logged and acknowledged. A coordinator that finds
nothing in its log about a transaction knows that it has not committed and never will.

Invariants:

1. A decision to commit is durable before anyone hears of it.
2. It is taken only when every participant has voted yes, and is never taken back.
3. It is forgotten only when every participant has made it durable.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from splitbrain.harness.node import Message
from splitbrain.systems.transactions.engine import Answer, Answers
from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.operations import Operation, problem
from splitbrain.systems.transactions.two_phase_commit.messages import partition_of

PREPARE_S = 1.0
"""How long participants may take to vote, in seconds."""

RESEND_S = 0.2
"""How long to wait for an answer before asking again, in seconds."""

Phase = Literal["active", "preparing", "deciding", "decided"]


@dataclass(slots=True)
class Branch:
    """What a participant does for a transaction.

    Attributes:
        operations: how many operations were sent to it.
        boot: the number of the participant's start that did them.
    """

    operations: int = 0
    boot: int | None = None


@dataclass(slots=True)
class Distributed:
    """A transaction as its coordinator sees it.

    Attributes:
        phase: how far it is.
        branches: the participants.
        doing: the participant that does the current operation.
        missing: participants that have not voted, or not acknowledged.
        since: when it began to prepare.
        asked: when participants were asked last.
    """

    phase: Phase = "active"
    branches: dict[str, Branch] = field(default_factory=dict)
    doing: str | None = None
    missing: list[str] = field(default_factory=list)
    since: float = 0.0
    asked: float = 0.0


class Coordinator:
    """See the module.

    Args:
        servers: all servers, sorted.
        records: the log, from its beginning.
        log: adds a record to the log; returns its number.
        send: sends a message to a server.
    """

    prepare_within: float = PREPARE_S
    resend_after: float = RESEND_S

    def __init__(
        self,
        servers: Sequence[str],
        records: Iterable[Record],
        log: Callable[[Record], int],
        send: Callable[[str, Message], None],
    ) -> None:
        self.answers: Answers = []
        self.records: list[Record] = []  # stays empty: the log is the participant's
        self.log = log
        self.send = send
        self.now = 0.0
        self._servers = servers
        self._transactions: dict[str, Distributed] = {}
        self._committed: set[str] = set()
        self._forcing: list[tuple[int, str]] = []
        self._recover(records)

    @property
    def committed(self) -> Collection[str]:
        """Transactions decided to commit."""
        return self._committed

    # The client's side

    def begin(self, txn: str) -> None:
        """See `Engine`."""
        self._transactions[txn] = Distributed()

    def operate(self, txn: str, operation: Operation) -> None:
        """See `Engine`."""
        reason = problem(operation)
        if reason is not None:
            self.rollback(txn, reason)
            return
        transaction = self._transactions[txn]
        server = partition_of(operation[1], self._servers)
        branch = transaction.branches.setdefault(server, Branch())
        branch.operations += 1
        transaction.doing = server
        self.send(server, ("do", txn, branch.operations, operation))

    def commit(self, txn: str) -> None:
        """See `Engine`."""
        transaction = self._transactions[txn]
        if not transaction.branches:
            del self._transactions[txn]
            self.answers.append((txn, ("committed",)))
            return
        transaction.phase = "preparing"
        transaction.missing = list(transaction.branches)
        transaction.since = self.now
        self._ask(txn, transaction)

    def rollback(self, txn: str, reason: str) -> None:
        """See `Engine`."""
        transaction = self._transactions.pop(txn)
        assert transaction.phase in ("active", "preparing"), f"{txn} is decided already"
        for server in transaction.branches:
            self.send(server, ("decide", txn, False))
        self.answers.append((txn, ("aborted", reason)))

    def busy(self, txn: str) -> bool:
        """See `Engine`."""
        transaction = self._transactions.get(txn)
        return transaction is None or transaction.phase != "active"

    def durable(self, lsn: int) -> None:
        """See `Engine`."""
        while self._forcing and self._forcing[0][0] <= lsn:
            self.announce(self._forcing.pop(0)[1])

    def tick(self, now: float) -> None:
        """Ask again those who have not answered; give up a preparation that takes too long."""
        self.now = now
        for txn, transaction in list(self._transactions.items()):
            if transaction.phase == "preparing" and now - transaction.since > self.prepare_within:
                self.rollback(txn, "a participant did not vote in time")
            elif transaction.missing and now - transaction.asked > self.resend_after:
                self._ask(txn, transaction)

    # The participants' side

    def did(self, server: str, txn: str, number: int, boot: int, answer: Answer) -> None:
        """A participant has done an operation, or could not."""
        transaction = self._transactions.get(txn)
        if transaction is None or transaction.phase != "active" or transaction.doing != server:
            return
        branch = transaction.branches[server]
        if number != branch.operations:
            return
        if answer[0] == "aborted":
            self.rollback(txn, str(answer[1]))
            return
        branch.boot = boot if branch.boot is None else branch.boot
        transaction.doing = None
        self.answers.append((txn, answer))

    def voted(self, server: str, txn: str, yes: bool, reason: str) -> None:
        """A participant has voted."""
        transaction = self._transactions.get(txn)
        if transaction is None or transaction.phase != "preparing":
            return
        if not yes:
            self.rollback(txn, reason)
            return
        if server in transaction.missing:
            transaction.missing.remove(server)
        if not transaction.missing:
            transaction.phase = "deciding"
            self._committed.add(txn)
            self.decide(txn, tuple(transaction.branches))

    def acknowledged(self, server: str, txn: str) -> None:
        """A participant has committed, durably."""
        transaction = self._transactions.get(txn)
        if transaction is None or transaction.phase != "decided":
            return
        if server in transaction.missing:
            transaction.missing.remove(server)
        if not transaction.missing:
            self.log(("forget", txn))
            del self._transactions[txn]

    def asked(self, server: str, txn: str) -> None:
        """A participant in doubt asks what became of a transaction."""
        transaction = self._transactions.get(txn)
        if transaction is None:
            self.send(server, ("decide", txn, False))
        elif transaction.phase == "decided":
            self.send(server, ("decide", txn, True))

    # What a planted bug may override

    def decide(self, txn: str, participants: tuple[str, ...]) -> None:
        """Decide to commit: force it to disk before anyone hears of it."""
        self._forcing.append((self.log(("decide", txn, participants)), txn))

    def announce(self, txn: str) -> None:
        """The decision is durable: tell everyone."""
        transaction = self._transactions[txn]
        transaction.phase = "decided"
        transaction.missing = list(transaction.branches)
        self.answers.append((txn, ("committed",)))
        self._ask(txn, transaction)

    # Inside

    def _ask(self, txn: str, transaction: Distributed) -> None:
        transaction.asked = self.now
        for server in transaction.missing:
            branch = transaction.branches[server]
            if transaction.phase == "preparing":
                self.send(server, ("prepare", txn, branch.operations, branch.boot))
            else:
                self.send(server, ("decide", txn, True))

    def _recover(self, records: Iterable[Record]) -> None:
        """Go on telling those who have not acknowledged; of everything else, presume the abort."""
        for record in records:
            match record:
                case ("decide", txn, participants):
                    self._committed.add(txn)
                    branches = {server: Branch() for server in participants}
                    self._transactions[txn] = Distributed(
                        "decided", branches, missing=list(participants)
                    )
                case ("forget", txn):
                    del self._transactions[txn]
