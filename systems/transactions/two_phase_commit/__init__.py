"""Two-phase commit over partitions; the essay is in `core`."""

from splitbrain.checkers.invariants.atomic_commit import atomic_commit
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.transactions.client import WORKLOADS, TransactionClient
from splitbrain.systems.transactions.two_phase_commit.bugs import BUGS
from splitbrain.systems.transactions.two_phase_commit.core import CommitServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="two-phase-commit",
    title="two-phase commit over partitions with two-phase locking (chapters 7 and 9)",
    server=CommitServer,
    client=TransactionClient,
    workloads=WORKLOADS,
    claims=Claims(("process", "net", "clock", "disk", "client", "scenario"), max_down="all"),
    checkers=(atomic_commit(),),
    bugs=BUGS,
)
