"""Transactions that append to lists, and read them: the sharpest probe of isolation there is.

Elements are unique, so a read of a list tells every version of its key up to then, and in which
order; from this alone the dependencies between transactions can be told, and any cycle among them
named (Kingsbury and Alvaro, "Elle", VLDB 2020; Jepsen's ``append`` workload). Judged by the
consistency model that the client claims.
"""

from __future__ import annotations

from typing import Any

from checkers.isolation.list_append import list_append as list_append_checker
from harness.plan import Plan
from harness.workloads import transactions
from harness.workloads.capabilities import capabilities
from harness.workloads.keyed import key_names
from harness.workloads.kind import WorkloadKind, by_name
from harness.workloads.transactions import TransactionClient, always, claimed, endless
from harness.workloads.workload import ClientFactory, Workload, at_rate

__all__ = ["METHODS", "NAME", "OPTIONS", "TransactionClient", "list_append"]

NAME = "list-append"
OPTIONS = transactions.OPTIONS
METHODS = (transactions.METHOD,)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's method; see `harness.client.Perform`."""
    return await transactions.perform(client, f, value, NAME, "append")


def list_append(
    client: ClientFactory, *, consistency: str | None = None, **options: int | float | None
) -> Workload:
    """List-append transactions, for a client that offers `TransactionClient`'s method.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        consistency: the model to judge by; what the client's class claims, unless given.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks ``transaction``; there is no such model; an option is unknown
            or cannot have its value.
    """
    has = capabilities(NAME, client, METHODS)

    def settled(plan: Plan | None) -> dict[str, Any]:
        return has.settle(OPTIONS, options, {} if plan is None else plan.options)

    def keys(plan: Plan | None) -> tuple[str, ...]:
        return key_names(settled(plan)["keys"])

    return Workload(
        name=NAME,
        client=client,
        perform=perform,
        generator=lambda plan: at_rate(plan, endless("append", keys(plan), settled(plan))),
        final=lambda plan: transactions.final_reads(plan, keys(plan)),
        checkers=(list_append_checker(claimed(client, consistency)), *always(client)),
        idempotent=frozenset(),
        options=settled(None),
        notes=has.notes(settled(None)),
    )


KIND = WorkloadKind(
    NAME,
    "transactions that append to lists and read them: every anomaly of isolation by name",
    list_append,
    by_name(OPTIONS),
    METHODS,
)
