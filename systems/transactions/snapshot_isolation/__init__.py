"""Snapshot isolation, the first committer wins; the essay is in `engine`."""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.transactions.client import SNAPSHOT_WORKLOADS, TransactionClient
from splitbrain.systems.transactions.snapshot_isolation.bugs import BUGS
from splitbrain.systems.transactions.snapshot_isolation.server import SnapshotServer

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
    name="snapshot-isolation",
    title="snapshot isolation, the first committer wins (chapter 7)",
    server=SnapshotServer,
    client=TransactionClient,
    workloads=SNAPSHOT_WORKLOADS,
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"), max_down="all"
    ),
    consistency="strong-snapshot-isolation",
    nodes=1,
    sizes=SINGLE_SERVER,
    bugs=BUGS,
    knobs=KNOBS,
)
