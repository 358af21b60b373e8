"""Transactions that append to lists, and read them: the sharpest probe of isolation there is.

Elements are unique, so a read of a list tells every version of its key up to then, and in which
order; from this alone the dependencies between transactions can be told, and any cycle among them
named (Kingsbury and Alvaro, "Elle", VLDB 2020; Jepsen's ``append`` workload). Judged by the
consistency model that the system claims.
"""

from __future__ import annotations

from splitbrain.checkers.isolation.lists.checker import list_append as list_append_checker
from splitbrain.harness.workloads.parts import transactions
from splitbrain.harness.workloads.parts.kind import CONSISTENCY
from splitbrain.harness.workloads.workload import ClientFactory, Workload

KIND = transactions.kind(
    "list-append",
    "transactions that append to lists and read them: every anomaly of isolation by name",
    "append",
    list_append_checker,
)


def list_append(
    client: ClientFactory, *, consistency: str = CONSISTENCY, **options: int | float | None
) -> Workload:
    """List-append transactions, for a client that offers `transactions.TransactionClient`'s method.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        consistency: the model to judge by.
        options: see `transactions.OPTIONS`.

    Raises:
        InvalidPlan: the client lacks ``transaction``; there is no such model; an option is unknown
            or cannot have its value.
    """
    return KIND.workload(client, options, consistency)
