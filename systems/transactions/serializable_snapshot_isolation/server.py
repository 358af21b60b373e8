"""A server with serializable snapshot isolation: the shell over its engine."""

from __future__ import annotations

from splitbrain.systems.transactions.serializable_snapshot_isolation.engine import (
    SerializableEngine,
)
from splitbrain.systems.transactions.snapshot_isolation.server import SnapshotServer


class SerializableSnapshotServer(SnapshotServer):
    """Serializable snapshot isolation."""

    engine_class = SerializableEngine
