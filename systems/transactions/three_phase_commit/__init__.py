"""Three-phase commit, as far as it goes; the essay is in `core`."""

from splitbrain.checkers.invariants.commits import atomic_commit
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.transactions.client import TransactionClient
from splitbrain.systems.transactions.three_phase_commit.bugs import BUGS
from splitbrain.systems.transactions.three_phase_commit.core import ThreePhaseServer
from splitbrain.systems.transactions.two_phase_commit.pictures import COMMITS

__all__ = ["SYSTEM"]

KNOBS = (
    Knob(
        "silence",
        0.5,
        1.5,
        "longest silence of a coordinator before it counts as dead, in seconds",
        "core_class.participant_class.silence",
    ),
)

SYSTEM = System(
    name="three-phase-commit",
    title="three-phase commit, which takes silence for death (chapter 9)",
    server=ThreePhaseServer,
    client=TransactionClient,
    workloads=("list-append", "bank"),
    claims=Claims(("process.kill", "client"), max_down=1),
    checkers=(atomic_commit(),),
    form="summary",
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(COMMITS,),
)
