"""Strict two-phase locking over pages, with a write-ahead log.

The problem (DDIA chapter 7, "Two-Phase Locking"; chapter 7, "Durability"): transactions that run at
once must not get into each other's way, and a crash must leave of each all or nothing.

The idea: a transaction locks what it touches, shared to read, exclusive to change, a prefix to
scan, and keeps every lock until it has ended; whoever comes second waits. Changes are made in place
and noted in the log before, with the value before and after. Pages go to disk when it suits
(*steal*: even with changes not committed; *no force*: a commit writes none), so after a crash

    analysis   who had committed, who had voted, who was under way        one pass over the log
    redo       every change whose number is above its page's              repeats history
    undo       the changes of those under way, last first                 each noted as undone

as in ARIES (Mohan et al., TODS 1992, section 3; we keep one pass for analysis and redo, since the
log begins with the first record).

Guarantees: strict serializability; committed means durable.

Invariants:

1. A transaction that touched something holds the lock on it until its commit record is durable, or
   until all it did is undone.
2. No page goes to disk before the log records of all changes in it (the write-ahead rule).
3. A commit is answered when its record is durable, and so everything before it.
4. Undoing writes a record for each step, so undoing twice undoes once.
5. If transactions wait for each other in a circle, the one that began last is rolled back.

Left out: checkpoints and fuzzy ones; locks coarser than a key other than prefixes; lock escalation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

from splitbrain.systems.transactions.engine import Answers
from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.operations import Operation, Value, changed, problem, rows
from splitbrain.systems.transactions.two_phase_locking.locks import LockManager, Mode, Target
from splitbrain.systems.transactions.two_phase_locking.pages import EMPTY, Page, page_of

Change = tuple[str, Value]
"""A key, and its value before."""


class LockingEngine:
    """See the module, and `splitbrain.systems.transactions.engine.Engine`.

    Args:
        records: the log, from its beginning.
        pages: the pages on disk, by number.

    Attributes:
        values: the data, as of now.
        in_doubt: transactions that voted yes, or are about to, with the name of their coordinator.
    """

    locks_class: type[LockManager] = LockManager

    def __init__(self, records: Sequence[Record], pages: Mapping[int, Page]) -> None:
        self.answers: Answers = []
        self.records: list[Record] = []
        self.locks = self.locks_class()
        self.in_doubt: dict[str, str] = {}
        self.values: dict[str, Value] = {}
        self._committed: set[str] = set()
        self._lsn = len(records)
        self._durable = len(records)
        self._page_lsn = {number: page.lsn for number, page in pages.items()}
        self._dirty: dict[int, None] = {}
        self._changes: dict[str, list[Change]] = {}
        self._blocked: dict[str, Operation] = {}
        self._forcing: deque[tuple[int, str, str]] = deque()
        for page in pages.values():
            self.values.update(page.values)
        self._recover(records)

    @property
    def committed(self) -> Collection[str]:
        """See `Engine`."""
        return self._committed

    # Life of a transaction

    def begin(self, txn: str) -> None:
        """See `Engine`."""
        self._changes[txn] = []

    def operate(self, txn: str, operation: Operation) -> None:
        """See `Engine`."""
        reason = problem(operation)
        if reason is not None:
            self.rollback(txn, reason)
            return
        target, mode = self.lock_for(operation)
        if self.locks.acquire_lock(txn, target, mode):
            self._perform(txn, operation)
            return
        self._blocked[txn] = operation
        self.break_deadlock(txn)

    def commit(self, txn: str) -> None:
        """See `Engine`."""
        if not self._changes[txn] and txn not in self.in_doubt:
            self._finish(txn)
            return
        self._committed.add(txn)
        self.write_commit(txn)

    def prepare(self, txn: str, coordinator: str) -> None:
        """Promise to commit if told to, and to roll back only if told to; answered when durable.

        Locks for reading do not survive a crash. They need not: the coordinator prepares nobody
        before all operations of the transaction are done, so it asks for no lock any more, here or
        elsewhere, and two-phase locking lets it release some.
        """
        self.in_doubt[txn] = coordinator
        self.write_prepare(txn, coordinator)

    def rollback(self, txn: str, reason: str) -> None:
        """See `Engine`."""
        self._blocked.pop(txn, None)
        undone = self._undo(txn)
        if undone or txn in self.in_doubt:
            self.log(("end", txn))
        self._forget(txn)
        self.answers.append((txn, ("aborted", reason)))
        self.release(txn)

    def busy(self, txn: str) -> bool:
        """See `Engine`."""
        return txn in self._blocked or any(txn == waiting for _, waiting, _ in self._forcing)

    def active(self, txn: str) -> bool:
        """Whether the transaction has begun here and not ended."""
        return txn in self._changes

    def durable(self, lsn: int) -> None:
        """See `Engine`."""
        self._durable = lsn
        while self._forcing and self._forcing[0][0] <= lsn:
            _, txn, kind = self._forcing.popleft()
            if kind == "prepared":
                self.answers.append((txn, ("prepared",)))
            else:
                self._finish(txn)

    # What a planted bug may override

    def lock_for(self, operation: Operation) -> tuple[Target, Mode]:
        """The lock that an operation needs."""
        match operation:
            case ("read", key):
                return Target(key), "shared"
            case ("scan", prefix):
                return Target(prefix, prefix=True), "shared"
        return Target(operation[1]), "exclusive"

    def break_deadlock(self, txn: str) -> None:
        """If waiting has closed a circle, roll back whoever of it began last."""
        while cycle := self.locks.deadlock(txn):
            ages = list(self._changes)
            victim = max(cycle, key=ages.index)
            self.rollback(victim, "deadlock")

    def write_commit(self, txn: str) -> None:
        """Note the commit; it is complete when the note is durable."""
        self.log(("commit", txn))
        self._forcing.append((self._lsn, txn, "committed"))

    def write_prepare(self, txn: str, coordinator: str) -> None:
        """Note the promise; it is given when the note is durable."""
        self.log(("prepare", txn, coordinator))
        self._forcing.append((self._lsn, txn, "prepared"))

    def release(self, txn: str) -> None:
        """Release a transaction's locks, and do what waited for them."""
        for other in self.locks.release_locks(txn):
            self._perform(other, self._blocked.pop(other))

    # Pages

    def pages_to_write(self) -> list[tuple[int, Page]]:
        """Changed pages that may go to disk, since the log is there already (invariant 2)."""
        return [
            (number, self._page(number))
            for number in self._dirty
            if self._page_lsn[number] <= self._durable
        ]

    def page_written(self, number: int, page: Page) -> None:
        """This page is on disk, as it was."""
        if self._page_lsn[number] == page.lsn:
            self._dirty.pop(number, None)

    def _page(self, number: int) -> Page:
        held = {key: v for key, v in self.values.items() if page_of(key) == number}
        return Page(self._page_lsn[number], {k: v for k, v in held.items() if v is not None})

    # Inside

    def log(self, record: Record) -> int:
        """See `Engine`."""
        self.records.append(record)
        self._lsn += 1
        return self._lsn

    def _perform(self, txn: str, operation: Operation) -> None:
        match operation:
            case ("read", key):
                result = self.values.get(key)
            case ("scan", prefix):
                result = rows(self.values, prefix)
            case (_, key, *_):
                result = None
                before = self.values.get(key)
                after = changed(operation, before)
                self._changes[txn].append((key, before))
                self._set(self.log(("update", txn, key, before, after)), key, after)
        self.answers.append((txn, ("done", result)))

    def _finish(self, txn: str) -> None:
        self._forget(txn)
        self.answers.append((txn, ("committed",)))
        self.release(txn)

    def _undo(self, txn: str) -> bool:
        """Undo a transaction's changes, last first; whether there were any."""
        changes = self._changes.get(txn, [])
        undone = bool(changes)
        while changes:
            key, before = changes.pop()
            self._set(self.log(("compensate", txn, key, before)), key, before)
        return undone

    def _set(self, lsn: int, key: str, value: Value) -> None:
        number = page_of(key)
        self.values[key] = value
        self._page_lsn[number] = lsn
        self._dirty[number] = None

    # Recovery

    def _recover(self, records: Iterable[Record]) -> None:
        for lsn, record in enumerate(records, 1):
            match record:
                case ("update", txn, key, before, after):
                    self._changes.setdefault(txn, []).append((key, before))
                    self._redo(lsn, key, after)
                case ("compensate", txn, key, before):
                    self._changes[txn].pop()
                    self._redo(lsn, key, before)
                case ("prepare", txn, coordinator):
                    self.in_doubt[txn] = coordinator
                    self._changes.setdefault(txn, [])
                case ("commit", txn):
                    self._committed.add(txn)
                    self._forget(txn)
                case ("end", txn):
                    self._forget(txn)
        self.lock_in_doubt()
        self.undo_losers()

    def lock_in_doubt(self) -> None:
        """Lock again what transactions in doubt changed."""
        for txn in self.in_doubt:
            for key, _ in self._changes[txn]:
                self.locks.acquire_lock(txn, Target(key), "exclusive")

    def undo_losers(self) -> None:
        """Undo the changes of transactions that were under way."""
        for txn in [txn for txn in self._changes if txn not in self.in_doubt]:
            self._undo(txn)
            self.log(("end", txn))
            del self._changes[txn]

    def _forget(self, txn: str) -> None:
        self._changes.pop(txn, None)
        self.in_doubt.pop(txn, None)

    def _redo(self, lsn: int, key: str, value: Value) -> None:
        if lsn > self._page_lsn.get(page_of(key), EMPTY.lsn):
            self._set(lsn, key, value)
