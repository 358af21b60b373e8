"""A server with snapshot isolation: the shell over its engine."""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.systems.transactions.log import Record
from splitbrain.systems.transactions.server import TransactionServer
from splitbrain.systems.transactions.snapshot_isolation.engine import SnapshotEngine


class SnapshotServer(TransactionServer):
    """Snapshot isolation; see `splitbrain.systems.transactions.snapshot_isolation.engine`."""

    engine_class: type[SnapshotEngine] = SnapshotEngine

    def engine(self, records: Sequence[Record]) -> SnapshotEngine:
        """Recover from the log."""
        return self.engine_class(records)
