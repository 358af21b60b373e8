"""Strict two-phase locking with a write-ahead log; the essay is in `engine`."""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.transactions.client import WORKLOADS, TransactionClient
from splitbrain.systems.transactions.two_phase_locking.bugs import BUGS
from splitbrain.systems.transactions.two_phase_locking.server import LockingServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("page_interval", 0.01, 1.0, "how often changed pages are written, in seconds"),
    Knob(
        "idle",
        0.5,
        2.0,
        "a transaction whose client is silent for so long is rolled back, in seconds",
        "manager_class.idle",
    ),
)

SYSTEM = System(
    name="two-phase-locking",
    title="strict two-phase locking with a write-ahead log (chapter 7)",
    server=LockingServer,
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
