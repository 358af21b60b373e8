"""Serializable snapshot isolation; the essay is in `engine`."""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.transactions.client import WORKLOADS, TransactionClient
from splitbrain.systems.transactions.serializable_snapshot_isolation.bugs import BUGS
from splitbrain.systems.transactions.serializable_snapshot_isolation.server import (
    SerializableSnapshotServer,
)

__all__ = ["SYSTEM"]

KNOBS = (
    Knob(
        "idle",
        0.5,
        2.0,
        "a transaction whose client is silent for so long is rolled back, in seconds",
        "manager_class.idle",
    ),
)

SYSTEM = System(
    name="serializable-snapshot-isolation",
    title="serializable snapshot isolation (chapter 7)",
    server=SerializableSnapshotServer,
    client=TransactionClient,
    workloads=WORKLOADS,
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"), max_down="all"
    ),
    nodes=1,
    sizes=SINGLE_SERVER,
    bugs=BUGS,
    knobs=KNOBS,
)
