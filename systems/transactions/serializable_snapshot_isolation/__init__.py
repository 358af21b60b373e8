"""Serializable snapshot isolation; the essay is in `engine`."""

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.transactions.client import WORKLOADS, TransactionClient
from splitbrain.systems.transactions.serializable_snapshot_isolation.bugs import BUGS
from splitbrain.systems.transactions.serializable_snapshot_isolation.server import (
    SerializableSnapshotServer,
)

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="serializable-snapshot-isolation",
    title="serializable snapshot isolation (chapter 7)",
    server=SerializableSnapshotServer,
    client=TransactionClient,
    workloads=WORKLOADS,
    claims=Claims(("process", "net", "clock", "disk", "client", "scenario"), max_down="all"),
    nodes=1,
    sizes=SINGLE_SERVER,
    bugs=BUGS,
)
