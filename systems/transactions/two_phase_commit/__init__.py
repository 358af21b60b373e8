"""Two-phase commit over partitions; the essay is in `core`."""

from splitbrain.checkers.invariants.commits import atomic_commit
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.transactions.client import WORKLOADS, TransactionClient
from splitbrain.systems.transactions.two_phase_commit.bugs import BUGS
from splitbrain.systems.transactions.two_phase_commit.core import CommitServer
from splitbrain.systems.transactions.two_phase_commit.pictures import COMMITS

__all__ = ["SYSTEM"]

_PARTICIPANT = "core_class.participant_class."
_COORDINATOR = "core_class.coordinator_class."

KNOBS = (
    Knob("page_interval", 0.01, 1.0, "how often changed pages are written, in seconds"),
    Knob("lock_wait", 0.1, 1.0, "longest wait for a lock, in seconds", _PARTICIPANT + "lock_wait"),
    Knob(
        "patience",
        1.0,
        3.0,
        "longest silence of a coordinator before the vote, in seconds",
        _PARTICIPANT + "patience",
    ),
    Knob(
        "inquire_after",
        0.05,
        0.5,
        "how often the outcome is asked for, in seconds",
        _PARTICIPANT + "inquire_after",
    ),
    Knob(
        "prepare_within",
        0.5,
        2.0,
        "longest wait for votes, in seconds",
        _COORDINATOR + "prepare_within",
    ),
    Knob(
        "resend_after",
        0.1,
        0.5,
        "how often the outcome is told again, in seconds",
        _COORDINATOR + "resend_after",
    ),
)

SYSTEM = System(
    name="two-phase-commit",
    title="two-phase commit over partitions with two-phase locking (chapters 7 and 9)",
    server=CommitServer,
    client=TransactionClient,
    # Two that empty one queue over partitions lock each other out until one gives up.
    workloads=tuple(name for name in WORKLOADS if name != "queue"),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"), max_down="all"
    ),
    checkers=(atomic_commit(),),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(COMMITS,),
)
