"""PostgreSQL's isolation levels and row locks over our transactions.

Versions, snapshots and serializability are those of
`splitbrain.systems.transactions.serializable_snapshot_isolation.engine`, locks those of
`splitbrain.systems.transactions.two_phase_locking.locks`. What PostgreSQL does beside that
(chapter 13 of its documentation, "Concurrency Control"):

* Whoever changes a row, or selects it FOR UPDATE, locks it until its transaction has ended.
* READ COMMITTED, the default, takes a new snapshot for each statement; having waited for a row, it
  goes on with the row's newest version. Lost updates and skews are possible.
* REPEATABLE READ is snapshot isolation: a row that was changed since cannot be changed (40001).
* SERIALIZABLE is that with rw-dependencies watched, among the transactions of that level.

A circle of transactions that wait for each other ends at once with an error for the one that
closed it (the real one looks after a second).
"""

from __future__ import annotations

from collections.abc import Sequence

import trio

from splitbrain.systems.standins.postgres.errors import (
    DEADLOCK,
    LOCKED,
    SERIALIZATION,
    SqlError,
)
from splitbrain.systems.transactions.engine import Answer
from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.operations import Rows, Value
from splitbrain.systems.transactions.serializable_snapshot_isolation.engine import (
    SerializableEngine,
)
from splitbrain.systems.transactions.snapshot_isolation.engine import (
    SnapshotEngine,
    Transaction,
)
from splitbrain.systems.transactions.two_phase_locking.locks import LockManager, Mode, Target

READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE = (
    "read committed",
    "repeatable read",
    "serializable",
)


class PostgresEngine(SerializableEngine):
    """See the module.

    Args:
        records: the log, from its beginning.

    Attributes:
        levels: the isolation level of each transaction that has not ended.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self.levels: dict[str, str] = {}
        self._locks = LockManager()
        self._waiting: dict[str, trio.Event] = {}
        super().__init__(records)

    def statement_begins(self, txn: str) -> None:
        """READ COMMITTED sees what has been committed until now."""
        if self.levels[txn] == READ_COMMITTED:
            self.active[txn].snapshot = self._latest

    # Reading and writing

    def scan(self, txn: str, prefix: str) -> Rows:
        """What a transaction sees of the keys with a prefix, sorted."""
        self.operate(txn, ("scan", prefix))
        rows: Rows = self._answer(txn)[1]
        return rows

    def look(self, txn: str, key: str) -> Value:
        """What a transaction sees of a key."""
        self.operate(txn, ("read", key))
        return self._answer(txn)[1]

    def put(self, txn: str, key: str, value: Value) -> None:
        """Set a key, or remove it (None)."""
        self.operate(txn, ("write", key, value))
        self._answer(txn)

    def newest(self, txn: str, key: str) -> tuple[Value, bool]:
        """A key's newest committed version, or the transaction's own, and whether the transaction's
        snapshot has it. Nothing depends on this read: who asks holds the lock."""
        transaction = self.active[txn]
        if key in transaction.writes:
            return transaction.writes[key], True
        versions = self._versions.get(key)
        if not versions:
            return None, True
        timestamp, value = versions[-1]
        return value, self.sees(transaction, timestamp)

    def newest_with(self, prefix: str) -> Rows:
        """All committed keys with a prefix in their newest versions."""
        found = [
            (key, versions[-1][1])
            for key, versions in self._versions.items()
            if key.startswith(prefix)
        ]
        return tuple(sorted(pair for pair in found if pair[1] is not None))

    def _answer(self, txn: str) -> Answer:
        asked, answer = self.answers.pop()
        assert asked == txn
        return answer

    # Row locks

    async def lock(self, txn: str, key: str, mode: Mode = "exclusive", wait: str = "wait") -> bool:
        """Lock a row; whether that was done, which only ``skip`` leaves open.

        Args:
            wait: what to do if another holds it: ``wait``, ``skip`` or ``nowait``.

        Raises:
            SqlError: another holds it (``nowait``), or waits for this transaction.
        """
        if self._locks.acquire_lock(txn, Target(key), mode):
            return True
        try:
            if wait == "skip":
                return False
            if wait == "nowait":
                raise SqlError(LOCKED, "could not obtain lock on row")
            if self._locks.deadlock(txn):
                raise SqlError(DEADLOCK, "deadlock detected")
            self._waiting[txn] = trio.Event()
            await self._waiting[txn].wait()
            return True
        finally:
            self._waiting.pop(txn, None)
            self._go_on(self._locks.give_up(txn))

    def _release(self, txn: str) -> None:
        self._go_on(self._locks.release_locks(txn))

    def _go_on(self, granted: Sequence[str]) -> None:
        for txn in granted:
            self._waiting[txn].set()

    # Ends

    def conflict(self, transaction: Transaction) -> str | None:
        """Why a transaction must not commit, by its level."""
        match self.levels[transaction.id]:
            case "read committed":
                return None
            case "repeatable read":
                return SnapshotEngine.conflict(self, transaction)
        return super().conflict(transaction)

    def remember(self, transaction: Transaction) -> None:
        """Only transactions that are serializable themselves are watched."""
        if self.levels.get(transaction.id) == SERIALIZABLE:
            super().remember(transaction)

    def finish(self, transaction: Transaction) -> None:
        """It has committed: whoever waited for its rows goes on."""
        super().finish(transaction)
        self._release(transaction.id)

    def rollback(self, txn: str, reason: str) -> None:
        """See `Engine`."""
        super().rollback(txn, reason)
        self._release(txn)


def not_serializable(reason: str) -> SqlError:
    """The transaction is to be tried again."""
    return SqlError(SERIALIZATION, f"could not serialize access: {reason}")
