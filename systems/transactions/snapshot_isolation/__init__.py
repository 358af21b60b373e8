"""Snapshot isolation, the first committer wins; the essay is in `engine`."""

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.transactions.client import TransactionClient
from splitbrain.systems.transactions.snapshot_isolation.bugs import BUGS
from splitbrain.systems.transactions.snapshot_isolation.server import SnapshotServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="snapshot-isolation",
    title="snapshot isolation, the first committer wins (chapter 7)",
    server=SnapshotServer,
    client=TransactionClient,
    workloads=("list-append", "rw-register", "bank"),
    claims=Claims(("process", "net", "clock", "disk", "client", "scenario"), max_down="all"),
    consistency="strong-snapshot-isolation",
    nodes=1,
    sizes=SINGLE_SERVER,
    bugs=BUGS,
)
