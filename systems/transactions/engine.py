"""What an engine is: transactions over one server's data, without network, disk or clock.

An engine is a state machine. Its methods return nothing; what comes of them is added to two lists,
which its owner empties after each call:

* ``answers``: pairs of a transaction and what to tell its client: ``("done", result)``,
  ``("committed",)``, ``("prepared",)`` or ``("aborted", reason)``. An operation that must wait
  is answered later, when another transaction's end lets it go on.
* ``records``: for the log, numbered on from those it was recovered with. The owner writes them in
  order and calls `Engine.durable` when they are on disk.

A transaction does one thing at a time: the next operation comes after the answer to the last.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.operations import Operation

Answer = tuple[Any, ...]
Answers = list[tuple[str, Answer]]


class Engine(Protocol):
    """Transactions over one server's data."""

    answers: Answers
    records: list[Record]

    @property
    def committed(self) -> Collection[str]:
        """Transactions whose commit record is in the log, durable or not."""
        ...

    def begin(self, txn: str) -> None:
        """Begin a transaction."""
        ...

    def operate(self, txn: str, operation: Operation) -> None:
        """Do an operation; answered now or later."""
        ...

    def commit(self, txn: str) -> None:
        """Commit; answered when it is durable, or refused."""
        ...

    def rollback(self, txn: str, reason: str) -> None:
        """Undo the transaction and answer that it is aborted."""
        ...

    def log(self, record: Record) -> int:
        """Add a record to the log; its number."""
        ...

    def busy(self, txn: str) -> bool:
        """Whether the transaction waits for something (a lock, the disk), not for its client."""
        ...

    def durable(self, lsn: int) -> None:
        """All records up to this number are on disk."""
        ...
