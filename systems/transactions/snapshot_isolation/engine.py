"""Snapshot isolation: many versions of each key, and the first committer wins.

The problem (DDIA chapter 7, "Snapshot Isolation and Repeatable Read"): a long reader should see one
consistent state, without stopping writers.

The idea: every commit has a timestamp and adds versions; a transaction reads, of each key, the
latest version that was committed when it began, and keeps what it writes to itself until it
commits.

    key x    1: [1]      4: [1 2]     7: [1 2 3]
                   |
                   a transaction that began at 3 reads [1], and may not commit a write of x:
                   another committed one after it began (first committer wins)

Guarantees: strong snapshot isolation (Berenson et al., "A Critique of ANSI SQL Isolation Levels",
SIGMOD 1995, section 4.2, with the latest snapshot at each begin; the strong form by Daudjee and
Salem, VLDB 2006); committed means durable. Write skew is possible, and so is the read-only anomaly.

Invariants:

1. Timestamps grow in the order of commit records in the log, also across crashes.
2. A version can be read when its commit record is durable, not before.
3. Of two transactions that write one key, neither of which sees the other's version, one commits at
   most. A commit whose record is on its way to disk counts already.

Left out: removing versions that no snapshot needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from splitbrain.systems.transactions.engine import Answers
from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.operations import (
    Operation,
    Rows,
    Value,
    changed,
    keys_with,
    problem,
)


@dataclass(slots=True, eq=False)
class Transaction:
    """A transaction.

    Attributes:
        id: its name.
        snapshot: it sees commits with timestamps up to this.
        began: number of its begin, among all begins and commits.
        writes: what it writes, by key; seen by itself only.
        keys: keys that it read from its snapshot.
        prefixes: prefixes that it scanned.
        timestamp: that of its commit.
        ended: number of its commit, among all begins and commits.
    """

    id: str
    snapshot: int
    began: int
    writes: dict[str, Value] = field(default_factory=dict)
    keys: dict[str, None] = field(default_factory=dict)
    prefixes: dict[str, None] = field(default_factory=dict)
    timestamp: int = 0
    ended: int = 0


class SnapshotEngine:
    """See the module, and `splitbrain.systems.transactions.engine.Engine`.

    Args:
        records: the log, from its beginning.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self.answers: Answers = []
        self.records: list[Record] = []
        self.active: dict[str, Transaction] = {}
        self.committing: deque[tuple[int, Transaction]] = deque()
        self._versions: dict[str, list[tuple[int, Value]]] = {}
        self._committed: set[str] = set()
        self._lsn = len(records)
        self._latest = 0  # timestamp of the last commit that can be seen
        self._timestamp = 0  # the last one given
        self._moment = 0
        self._recover(records)

    @property
    def committed(self) -> Collection[str]:
        """See `Engine`."""
        return self._committed

    # Life of a transaction

    def begin(self, txn: str) -> None:
        """See `Engine`."""
        self.active[txn] = Transaction(txn, self._latest, self.moment())

    def operate(self, txn: str, operation: Operation) -> None:
        """See `Engine`."""
        reason = problem(operation)
        if reason is not None:
            self.rollback(txn, reason)
            return
        transaction = self.active[txn]
        result: Value = None
        match operation:
            case ("read", key):
                transaction.keys[key] = None
                result = self.read(transaction, key)
            case ("scan", prefix):
                transaction.prefixes[prefix] = None
                result = self._scan(transaction, prefix)
            case (_, key, *_):
                value = changed(operation, self._own_or_seen(transaction, key))
                transaction.writes[key] = value
        self.answers.append((txn, ("done", result)))

    def commit(self, txn: str) -> None:
        """See `Engine`."""
        transaction = self.active[txn]
        reason = self.conflict(transaction)
        if reason is not None:
            self.rollback(txn, reason)
            return
        transaction.ended = self.moment()
        if not transaction.writes:
            self.finish(transaction)
            return
        self._timestamp += 1
        transaction.timestamp = self._timestamp
        self._committed.add(txn)
        writes = tuple(transaction.writes.items())
        lsn = self.log(("commit", txn, self._timestamp, writes))
        self.committing.append((lsn, transaction))

    def rollback(self, txn: str, reason: str) -> None:
        """See `Engine`."""
        self.active.pop(txn, None)
        self.answers.append((txn, ("aborted", reason)))

    def busy(self, txn: str) -> bool:
        """See `Engine`."""
        return any(transaction.id == txn for _, transaction in self.committing)

    def durable(self, lsn: int) -> None:
        """See `Engine`."""
        while self.committing and self.committing[0][0] <= lsn:
            _, transaction = self.committing.popleft()
            self.install(transaction.timestamp, transaction.writes.items())
            self.finish(transaction)

    def log(self, record: Record) -> int:
        """See `Engine`."""
        self.records.append(record)
        self._lsn += 1
        return self._lsn

    # What serializable snapshot isolation, or a planted bug, overrides

    def read(self, transaction: Transaction, key: str) -> Value:
        """What a transaction reads of a key."""
        return self._own_or_seen(transaction, key)

    def seen(self, transaction: Transaction, key: str) -> Value:
        """The latest version in a transaction's snapshot; None if there is none."""
        for timestamp, value in reversed(self._versions.get(key, [])):
            if self.sees(transaction, timestamp):
                return value
        return None

    def sees(self, transaction: Transaction, timestamp: int) -> bool:
        """Whether a commit is in a transaction's snapshot."""
        return timestamp <= transaction.snapshot

    def conflict(self, transaction: Transaction) -> str | None:
        """Why a transaction must not commit; None if it may."""
        for key in transaction.writes:
            versions = self._versions.get(key, [])
            if any(not self.sees(transaction, timestamp) for timestamp, _ in versions):
                return f"another transaction committed a write of {key} first"
            if any(key in other.writes for other in self.being_committed()):
                return f"another transaction is committing a write of {key}"
        return None

    def being_committed(self) -> Iterable[Transaction]:
        """Transactions that may commit, and whose record is on its way to disk."""
        return [transaction for _, transaction in self.committing]

    def install(self, timestamp: int, writes: Iterable[tuple[str, Value]]) -> None:
        """Add the versions of a commit, and let them be seen."""
        for key, value in writes:
            self._versions.setdefault(key, []).append((timestamp, value))
        self._latest = timestamp

    def finish(self, transaction: Transaction) -> None:
        """A transaction has committed."""
        self.active.pop(transaction.id, None)
        self.answers.append((transaction.id, ("committed",)))

    # Inside

    def moment(self) -> int:
        """A number greater than all before."""
        self._moment += 1
        return self._moment

    def _own_or_seen(self, transaction: Transaction, key: str) -> Value:
        if key in transaction.writes:
            return transaction.writes[key]
        return self.seen(transaction, key)

    def _scan(self, transaction: Transaction, prefix: str) -> Rows:
        keys = keys_with([*self._versions, *transaction.writes], prefix)
        found = ((key, self.read(transaction, key)) for key in keys)
        return tuple((key, value) for key, value in found if value is not None)

    def _recover(self, records: Iterable[Record]) -> None:
        for record in records:
            match record:
                case ("commit", txn, timestamp, writes):
                    self._committed.add(txn)
                    self.install(timestamp, writes)
        self.continue_clock()

    def continue_clock(self) -> None:
        """Go on with timestamps where the log ends (invariant 1)."""
        self._timestamp = self._latest
