"""Transactions as a page of code sketches them, made to run on a server.

DDIA chapter 7: a transaction manager (`TransactionManager.begin_transaction`, ``commit``,
``rollback``, with operations read, write and delete), a lock manager (`LockManager.acquire_lock`,
``release_lock``) and a log manager (`LogManager.log_commit`, ``log_operation``, ``flush_log``).

    begin --> operations are collected; reads look at the data as it is
    commit -> the commit is logged, then the operations are done, one after the other

Guarantees: none. Even without faults, transactions that commit at the same time mix their
operations, and a reader sees half of them. The one invariant: the operations of one transaction are
done in their order.

The design's weaknesses are kept, since they are what there is to see:

* Commit is logged before the operations are done, and the operations are never logged
  (``log_operation`` is there and nobody calls it): a crash loses what was acknowledged.
* ``rollback`` undoes each operation with ``undo``, which does nothing: a transaction that fails in
  the middle of its commit leaves what it did (dirty writes, aborted reads).
* The manager never takes a lock.
* The lock manager keeps one holder a key: a second shared holder overwrites the first, so the first
  one's release frees the lock under the second; a holder of a shared lock is granted an exclusive
  one without looking for others; a caller that is refused goes on as if it had been granted, since
  nothing makes it look at the answer; nobody looks for deadlocks.
* The log is never forced to disk: ``flush_log`` is there and nobody calls it.

Ours, to make it run at all: a server and its messages (those of
`splitbrain.systems.transactions.manager`), and that an operation takes a moment, as it does on any
store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec
import trio

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import Disk, Message, Node
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.transactions.client import WORKLOADS, TransactionClient
from splitbrain.systems.transactions.operations import (
    READS,
    Operation,
    Value,
    changed,
    problem,
    rows,
)

OPERATION_S = 0.002
"""How long the store takes for an operation, in seconds."""

LOG = "log"

Mode = Literal["shared", "exclusive"]


class LockManager:
    """One holder a key."""

    def __init__(self) -> None:
        self.locks: dict[str, tuple[str, Mode]] = {}

    def acquire_lock(self, key: str, txn: str, mode: Mode) -> bool:
        """Take a lock if nobody else's stands against it; whether it was taken."""
        holder = self.locks.get(key)
        if holder is not None:
            owner, held = holder
            if owner != txn and "exclusive" in (held, mode):
                return False
        self.locks[key] = (txn, mode)
        return True

    def release_lock(self, key: str, txn: str) -> None:
        """Release a key's lock, whoever it is that holds it now."""
        self.locks.pop(key, None)


class LogManager:
    """A log in the page cache."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def log_commit(self, txn: str) -> None:
        """Note that a transaction commits."""
        self._write(["commit", txn])

    def log_operation(self, txn: str, operation: Operation) -> None:
        """Note an operation."""
        self._write(["operation", txn, operation])

    async def flush_log(self) -> None:
        """Force the log to disk."""
        await self._disk.fsync(LOG)

    def _write(self, entry: list[object]) -> None:
        self._disk.append(LOG, msgspec.json.encode(entry) + b"\n")


@dataclass(slots=True)
class Transaction:
    """Operations to do, and how many are done."""

    id: str
    operations: list[Operation] = field(default_factory=list)
    done: int = 0


class TransactionManager:
    """Collects operations, and does them at the commit."""

    def __init__(self, log: LogManager) -> None:
        self.data: dict[str, Value] = {}
        self.log = log
        self.lock_manager = LockManager()

    def begin_transaction(self, txn: str) -> Transaction:
        """A new transaction."""
        return Transaction(txn)

    def read(self, transaction: Transaction, operation: Operation) -> Value:
        """Look at the data, with the transaction's own operations done to it."""
        values = dict(self.data)
        for own in transaction.operations:
            values[own[1]] = changed(own, values.get(own[1]))
        if operation[0] == "scan":
            return rows(values, operation[1])
        return values.get(operation[1])

    def write(self, transaction: Transaction, operation: Operation) -> None:
        """Collect an operation that changes something."""
        transaction.operations.append(operation)

    async def commit(self, transaction: Transaction) -> None:
        """Log the commit, and do the operations.

        Raises:
            KeyError: a key to be deleted is absent; what was done before it stays.
        """
        self.log.log_commit(transaction.id)
        try:
            for operation in transaction.operations:
                await trio.sleep(OPERATION_S)
                self._do(operation)
                transaction.done += 1
        except KeyError:
            self.rollback(transaction)
            raise

    def rollback(self, transaction: Transaction) -> None:
        """Undo what was done, last first."""
        for operation in reversed(transaction.operations[: transaction.done]):
            self.undo(operation)

    def undo(self, operation: Operation) -> None:
        """Nothing: what was there before is not known any more."""

    def _do(self, operation: Operation) -> None:
        key = operation[1]
        if operation[0] == "delete" and self.data.get(key) is None:
            raise KeyError(key)
        self.data[key] = changed(operation, self.data.get(key))


class SummaryServer:
    """Serves the manager's transactions to clients, each message in a task of its own."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.manager = TransactionManager(LogManager(node.disk))
        self._transactions: dict[str, Transaction] = {}
        self._outcomes: dict[str, Message] = {}
        self._prefix = node.random.getrandbits(32)

    async def run(self) -> None:
        """Serve until cancelled. There is nothing to recover: the log holds no operations."""
        async with trio.open_nursery() as nursery:
            while True:
                client, message = await self._node.network.receive()
                nursery.start_soon(self._answer, client, message)

    async def _answer(self, client: str, message: Message) -> None:
        match message:
            case ("request", int(id), *body):
                answer = await self._do(tuple(body))
                self._node.network.send(client, ("reply", id, *answer))

    async def _do(self, body: Message) -> Message:
        match body:
            case ("begin",):
                txn = f"{self._prefix}.{len(self._transactions)}"
                self._transactions[txn] = self.manager.begin_transaction(txn)
                return ("begun", txn)
            case (_, str(txn), *_) if txn not in self._transactions:
                return ("aborted", "there is no such transaction")
            case ("operate", str(txn), _, operation):
                return self._operate(self._transactions[txn], operation)
            case ("commit", str(txn)):
                return await self._commit(self._transactions[txn])
            case ("rollback", str(txn)):
                self.manager.rollback(self._transactions[txn])
                return ("aborted", "its client rolled it back")
        return ("aborted", f"{body!r} is no request")

    def _operate(self, transaction: Transaction, operation: Operation) -> Message:
        if (reason := problem(operation)) is not None:
            return ("aborted", reason)
        if operation[0] in READS:
            return ("done", self.manager.read(transaction, operation))
        self.manager.write(transaction, operation)
        return ("done", None)

    async def _commit(self, transaction: Transaction) -> Message:
        if transaction.id not in self._outcomes:
            self._outcomes[transaction.id] = ("committed",)  # a commit asked for again is done once
            try:
                await self.manager.commit(transaction)
            except KeyError as error:
                self._outcomes[transaction.id] = ("aborted", f"{error} is not there")
        return self._outcomes[transaction.id]


SYSTEM = System(
    name="transactions-summary",
    title="transactions as the summary sketches them (chapter 7)",
    server=SummaryServer,
    client=TransactionClient,
    workloads=WORKLOADS,
    claims=Claims(kinds=(), max_down=0),
    form="summary",
    nodes=1,
    sizes=SINGLE_SERVER,
)
