"""Serializable snapshot isolation: let transactions run on snapshots, and watch what they read.

The problem (DDIA chapter 7, "Serializable Snapshot Isolation"): under snapshot isolation two
transactions can each read what the other writes, and commit (write skew).

The idea (Cahill, Röhm and Fekete, "Serializable Isolation for Snapshot Databases", SIGMOD 2008): of
two concurrent transactions, if one reads something of which the other writes a later version, an
*rw-dependency* leads from the reader to the writer. Every cycle of dependencies that snapshot
isolation permits contains

    a --rw--> pivot --rw--> c        all concurrent with their neighbors; a and c may be the same

where c commits first of the three (Fekete et al., "Making Snapshot Isolation Serializable", TODS
2005). Whoever would complete such a pattern by committing is rolled back. Reading a prefix counts
as reading every key that begins so.

Guarantees: strict serializability, and strong snapshot isolation; committed means durable. (Order
in real time works like a dependency that leads from a commit to a later begin, so a cycle with such
steps contains the pattern as well. What PostgreSQL does to spare read-only transactions would cost
the strictness.)

Invariants:

1. What a transaction read is remembered, also when it has committed, until no transaction is left
   that began before that.
2. For every committed transaction it is noted which of those that committed before it wrote over
   what it read. (Those that commit after it need no note: they can't be the first of a pattern.)
3. No three committed transactions form the pattern above.

Some transactions are rolled back without need: not every pattern lies on a cycle (Ports and
Grittner, "Serializable Snapshot Isolation in PostgreSQL", VLDB 2012, section 3).
"""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.snapshot_isolation.engine import SnapshotEngine, Transaction


class SerializableEngine(SnapshotEngine):
    """See the module, and `splitbrain.systems.transactions.engine.Engine`."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._remembered: list[Transaction] = []
        self._outs: dict[Transaction, list[Transaction]] = {}
        super().__init__(records)

    def commit(self, txn: str) -> None:
        """See `Engine`."""
        transaction = self.active[txn]
        super().commit(txn)
        if transaction.ended:
            self.remember(transaction)

    def conflict(self, transaction: Transaction) -> str | None:
        """First committer wins; and no pattern of two rw-dependencies may be completed."""
        return super().conflict(transaction) or self._completes_pattern(transaction)

    def remember(self, transaction: Transaction) -> None:
        """Keep what a committed transaction read and wrote, for those that run beside it."""
        self._outs[transaction] = self.written_over(transaction)
        self._remembered.append(transaction)
        self._forget_old(transaction)

    def written_over(self, reader: Transaction) -> list[Transaction]:
        """Committed transactions that wrote later versions of what `reader` read."""
        return [
            writer
            for writer in self._remembered
            if writer.timestamp > reader.snapshot and _read_by(reader, writer)
        ]

    def readers_of(self, writer: Transaction) -> list[Transaction]:
        """Committed transactions beside `writer` that read what it writes later versions of."""
        return [
            reader
            for reader in self._remembered
            if _concurrent(reader, writer) and _read_by(reader, writer)
        ]

    def _completes_pattern(self, transaction: Transaction) -> str | None:
        writers = self.written_over(transaction)
        readers = self.readers_of(transaction)
        for first in writers:
            if any(reader is first or first.ended < reader.ended for reader in readers):
                return "it would be the pivot of two rw-dependencies"
        for pivot in writers:
            if any(first.ended < pivot.ended for first in self._outs[pivot]):
                return "it would make another the pivot of two rw-dependencies"
        return None

    def _forget_old(self, last: Transaction) -> None:
        running = [t for t in self.active.values() if not t.ended]
        began = min((t.began for t in running), default=last.ended + 1)
        snapshot = min((t.snapshot for t in running), default=self._latest)
        gone = [t for t in self._remembered if t.ended < began and t.timestamp <= snapshot]
        for transaction in gone:
            del self._outs[transaction]
        self._remembered = [t for t in self._remembered if t in self._outs]


def _concurrent(earlier: Transaction, later: Transaction) -> bool:
    """Whether one that committed did so beside `later`."""
    return earlier.ended > later.began or earlier.timestamp > later.snapshot


def _read_by(reader: Transaction, writer: Transaction) -> bool:
    return any(
        key in reader.keys or any(key.startswith(prefix) for prefix in reader.prefixes)
        for key in writer.writes
    )
