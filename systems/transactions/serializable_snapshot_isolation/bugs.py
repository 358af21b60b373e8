"""Planted bugs of serializable snapshot isolation."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.transactions.serializable_snapshot_isolation.engine import (
    SerializableEngine,
)
from splitbrain.systems.transactions.serializable_snapshot_isolation.server import (
    SerializableSnapshotServer,
)
from splitbrain.systems.transactions.snapshot_isolation.engine import Transaction


class WatchesNothing(SerializableEngine):
    """Plain snapshot isolation by another name."""

    def remember(self, transaction: Transaction) -> None:
        """Nothing."""


class ForgetsReaders(SerializableEngine):
    """Forgets what a transaction read when it commits: one of two rw-dependencies is seen."""

    def readers_of(self, writer: Transaction) -> list[Transaction]:
        """Nobody any more."""
        return []


class TrustsReaders(SerializableEngine):
    """Takes it that a transaction that only reads is in nobody's way."""

    def remember(self, transaction: Transaction) -> None:
        """Only those that wrote."""
        if transaction.writes:
            super().remember(transaction)

    def conflict(self, transaction: Transaction) -> str | None:
        """None for those that only read."""
        return super().conflict(transaction) if transaction.writes else None


BUGS: tuple[Bug, ...] = (
    Bug(
        id="TX-06",
        title="no rw-dependency is watched: plain snapshot isolation",
        server=planted(SerializableSnapshotServer, engine_class=WatchesNothing),
        workload="doctors",
        faults=(),
        nodes=1,
        seeds=50,
        shows=("write-skew",),
        source="DDIA 7; PostgreSQL 12.3 (Jepsen)",
    ),
    Bug(
        id="TX-08",
        title="what a transaction read is forgotten when it commits",
        server=planted(SerializableSnapshotServer, engine_class=ForgetsReaders),
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=50,
        shows=("G2-item",),
        source="Cahill et al., section 3.3; PostgreSQL 12.3 (Jepsen)",
    ),
    Bug(
        id="TX-09",
        title="transactions that only read are not watched",
        server=planted(SerializableSnapshotServer, engine_class=TrustsReaders),
        workload="list-append",
        faults=(),
        nodes=1,
        seeds=50,
        shows=("G2-item",),
        source="Fekete, O'Neil and O'Neil, SIGMOD Record 2004",
    ),
)
