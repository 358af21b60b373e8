"""Transactions that write registers and read them.

Harder to judge than list-append, since a read tells one version and not what came before; but this
is what most stores offer (Jepsen's ``wr`` workload). Every written value is another. Keys start
absent, and under a claim in real time each key by itself must be linearizable; both help to tell
the order of versions, and the verdict names them.
"""

from __future__ import annotations

from splitbrain.checkers.isolation.registers.checker import rw_register as rw_register_checker
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.workloads.parts import transactions
from splitbrain.harness.workloads.parts.kind import CONSISTENCY
from splitbrain.harness.workloads.workload import ClientFactory, Workload


def judge(consistency: str) -> Checker:
    """The checker of a claim."""
    realtime = consistency.startswith("strong-") and not consistency.startswith("strong-session-")
    return rw_register_checker(consistency, initial=True, linearizable_keys=realtime)


KIND = transactions.kind(
    "rw-register", "transactions that write registers and read them", "w", judge
)


def rw_register(
    client: ClientFactory, *, consistency: str = CONSISTENCY, **options: int | float | None
) -> Workload:
    """Read-write-register transactions, for a client that offers ``transaction``.

    Args:
        client: makes a client; see `splitbrain.harness.workloads.TransactionClient`.
        consistency: the model to judge by.
        options: see `transactions.OPTIONS`.

    Raises:
        InvalidPlan: the client lacks ``transaction``; there is no such model; an option is unknown
            or cannot have its value.
    """
    return KIND.workload(client, options, consistency)
