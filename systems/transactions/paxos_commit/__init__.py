"""Commit over partitions that no one server's death blocks; the essay is in `core`."""

from splitbrain.checkers.invariants.commits import atomic_commit
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.transactions.client import TransactionClient
from splitbrain.systems.transactions.paxos_commit.bugs import BUGS
from splitbrain.systems.transactions.paxos_commit.core import PaxosCommitServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("page_interval", 0.01, 1.0, "how often changed pages are written, in seconds"),
    Knob(
        "silence",
        0.1,
        1.5,
        "longest silence of a coordinator after the vote, in seconds",
        "core_class.participant_class.silence",
    ),
    Knob(
        "prepare_within",
        0.5,
        2.0,
        "longest wait for votes, in seconds",
        "core_class.coordinator_class.prepare_within",
    ),
)

SYSTEM = System(
    name="paxos-commit",
    title="commit over partitions whose decision a majority chooses (chapter 9)",
    server=PaxosCommitServer,
    client=TransactionClient,
    workloads=("list-append", "bank"),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"), max_down="all"
    ),
    checkers=(atomic_commit(),),
    bugs=BUGS,
    knobs=KNOBS,
)
