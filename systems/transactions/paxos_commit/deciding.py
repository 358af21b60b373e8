"""One decision a transaction, chosen by Paxos among all servers.

    proposer                                   acceptors (all servers)
    ("prepare?", txn, ballot)             ->
                                          <-   ("promise", txn, ballot, accepted ballot, outcome)
    ("accept?", txn, ballot, outcome)     ->
                                          <-   ("accepted", txn, ballot, outcome)

Ballot 0 is the coordinator's: it proposes to commit, once all participants have voted yes, and
needs no promises, since nobody can have accepted anything below it. Any other ballot is of who has
waited for the decision for too long: it proposes what a majority may have accepted, or else to
abort. The ballots of a server are its own.

Source: Lamport, "Paxos Made Simple", 2001, section 2.2.

Invariants:

1. An acceptor accepts nothing below a ballot that it has promised; promises and what it accepted
   are durable before it tells them.
2. Commit is proposed in ballot 0 by the coordinator alone, and once; in a later ballot only by who
   has heard that some acceptor accepted it.
3. An outcome is chosen when a majority has accepted it in one ballot; it is the only one ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.node import Message
from splitbrain.systems.transactions.log import Record

NOTHING = -1
"""The ballot of what was never accepted."""

Send = Callable[[str, Message], None]


class Acceptor:
    """What one server has promised and accepted.

    Args:
        records: the log, from its beginning.
        log: adds a record to the log; returns its number.
        send: sends a message to a server.
    """

    def __init__(self, records: Iterable[Record], log: Callable[[Record], int], send: Send) -> None:
        self.promised: dict[str, int] = {}
        self.accepted: dict[str, tuple[int, bool]] = {}
        self._log = log
        self._send = send
        self._waiting: deque[tuple[int, str, Message]] = deque()
        for record in records:
            self._replay(record)

    def promise(self, proposer: str, txn: str, ballot: int) -> None:
        """Promise to accept nothing below a ballot, unless a greater one was promised."""
        if ballot > self.promised.get(txn, NOTHING):
            ballot_, outcome = self.accepted.get(txn, (NOTHING, False))
            answer = ("promise", txn, ballot, ballot_, outcome)
            self._note(("promised", txn, ballot), proposer, answer)

    def accept(self, proposer: str, txn: str, ballot: int, outcome: bool) -> None:
        """Accept an outcome, unless a greater ballot was promised."""
        if ballot >= self.promised.get(txn, NOTHING):
            answer = ("accepted", txn, ballot, outcome)
            self._note(("accepted", txn, ballot, outcome), proposer, answer)

    def durable(self, lsn: int) -> None:
        """All records up to this number are on disk."""
        while self._waiting and self._waiting[0][0] <= lsn:
            _, proposer, answer = self._waiting.popleft()
            self._send(proposer, answer)

    def _note(self, record: Record, proposer: str, answer: Message) -> None:
        self._replay(record)
        self._waiting.append((self._log(record), proposer, answer))

    def _replay(self, record: Record) -> None:
        match record:
            case ("promised", txn, ballot):
                self.promised[txn] = ballot
            case ("accepted", txn, ballot, outcome):
                self.promised[txn], self.accepted[txn] = ballot, (ballot, outcome)


@dataclass(slots=True)
class Attempt:
    """A ballot under way.

    Attributes:
        ballot: its number.
        outcome: what it proposes; known once a majority has promised.
        since: when it began.
        best: the greatest ballot in which somebody accepted something before.
        promises: who has promised.
        accepted: who has accepted.
    """

    ballot: int
    outcome: bool
    since: float
    best: int = NOTHING
    promises: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)


class Proposer:
    """Has decisions chosen, or finds out which were.

    Args:
        name: this server.
        servers: all servers, sorted.
        send: sends a message to a server.
        learned: called with each transaction and whether it commits.
    """

    patience: float = 0.3

    def __init__(
        self, name: str, servers: Sequence[str], send: Send, learned: Callable[[str, bool], None]
    ) -> None:
        self.now = 0.0
        self._servers = servers
        self._index = servers.index(name)
        self._send = send
        self._learned = learned
        self._attempts: dict[str, Attempt] = {}

    def propose(self, txn: str) -> None:
        """Propose to commit, as the coordinator, in ballot 0."""
        attempt = self._attempts[txn] = Attempt(0, True, self.now)
        self._ask_all(("accept?", txn, attempt.ballot, True))

    def find_out(self, txn: str) -> None:
        """Begin a greater ballot of one's own, unless one is under way."""
        last = self._attempts.get(txn)
        # Two that begin at once do not do so again: each has a patience of its own.
        if last is not None and self.now - last.since < self.patience * (1 + self._index):
            return
        size = len(self._servers)
        number = 1 if last is None else last.ballot // size + 1
        attempt = self._attempts[txn] = Attempt(number * size + self._index, False, self.now)
        self._ask_all(("prepare?", txn, attempt.ballot))

    def promised(
        self, server: str, txn: str, ballot: int, accepted_ballot: int, outcome: bool
    ) -> None:
        """An acceptor has promised."""
        attempt = self._attempts.get(txn)
        if attempt is None or attempt.ballot != ballot or self._is_majority(attempt.promises):
            return
        attempt.promises.add(server)
        if accepted_ballot > attempt.best:
            attempt.best, attempt.outcome = accepted_ballot, outcome
        if self._is_majority(attempt.promises):
            self._ask_all(("accept?", txn, ballot, attempt.outcome))

    def accepted(self, server: str, txn: str, ballot: int, outcome: bool) -> None:
        """An acceptor has accepted."""
        attempt = self._attempts.get(txn)
        if attempt is None or attempt.ballot != ballot:
            return
        attempt.accepted.add(server)
        if self._is_majority(attempt.accepted):
            del self._attempts[txn]
            self._learned(txn, outcome)

    def _is_majority(self, servers: set[str]) -> bool:
        return len(servers) > len(self._servers) // 2

    def _ask_all(self, message: Message) -> None:
        for server in self._servers:
            self._send(server, message)
