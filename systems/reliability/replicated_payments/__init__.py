"""Payments with effect exactly once that survive their server: keys replicated with the effects.

    client --pay 17--> leader, n1 --log--> majority        n1 dies before it answers
           --pay 17--> n2 ... "n3 leads" --> n3: 17 is in the ledger already: ok

The problem (DDIA chapter 11, "Idempotence"; chapter 12, "The End-to-End Argument for Databases"): a
payment whose answer is lost is sent again, to another server perhaps, since the first one is gone;
whoever leads then has to know that it was paid.

The idea: the ledger is a state machine over Raft's log (`splitbrain.systems.consensus.raft`), and
the client's number of a payment, its *idempotency key*, is part of the command: whether it is known
is decided when the command is applied, by every server alike, and keys are in the snapshots. The
client uses the library of `splitbrain.systems.reliability.calling`: retries with jitter within a
budget, deadlines, and a circuit breaker for each server, so that one that is dead is not waited for
again and again.

Guarantees, under what Raft survives: an acknowledged payment is in the ledger once and stays there;
one that was told as failed never is.

Invariant: all that decides whether a payment is made is part of the replicated state.

Layout: ``ledger`` is the replicated state, ``server`` Raft's with it, ``client`` asks; ``bugs`` has
them with one decision wrong.

Left out: forgetting old keys.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.consensus.shell import SURVIVES
from splitbrain.systems.log_grid import LOGS
from splitbrain.systems.reliability.replicated_payments.bugs import BUGS
from splitbrain.systems.reliability.replicated_payments.client import ReplicatedPaymentsClient
from splitbrain.systems.reliability.replicated_payments.server import LedgerServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="payments-replicated",
    title="payments with effect exactly once, also when their server fails (chapters 9 and 11)",
    server=LedgerServer,
    client=ReplicatedPaymentsClient,
    workloads=("payments",),
    claims=Claims((*SURVIVES, "clock"), notices=("disk.bitrot",)),
    bugs=BUGS,
    knobs=(
        Knob(
            "snapshot_every",
            8,
            128,
            "entries applied between two snapshots",
            "settings.snapshot_every",
        ),
    ),
    pictures=LOGS,
)
