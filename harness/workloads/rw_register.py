"""Transactions that write registers and read them.

Harder to judge than list-append, since a read tells one version and not what came before; but this
is what most stores offer (Jepsen's ``wr`` workload). Every written value is another. Keys start
absent, and under a claim in real time each key by itself must be linearizable; both help to tell
the order of versions, and the verdict names them.
"""

from __future__ import annotations

from typing import Any

from checkers.isolation.rw_register import rw_register as rw_register_checker
from checkers.verdict import Checker
from harness.plan import Plan
from harness.workloads import transactions
from harness.workloads.capabilities import capabilities
from harness.workloads.keyed import key_names
from harness.workloads.kind import WorkloadKind, by_name
from harness.workloads.transactions import always, claimed, endless
from harness.workloads.workload import ClientFactory, Workload, at_rate

NAME = "rw-register"
OPTIONS = transactions.OPTIONS
METHODS = (transactions.METHOD,)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's method; see `harness.client.Perform`."""
    return await transactions.perform(client, f, value, NAME, "w")


def judge(consistency: str) -> Checker:
    """The checker of a claim."""
    realtime = consistency.startswith("strong-") and not consistency.startswith("strong-session-")
    return rw_register_checker(consistency, initial=True, linearizable_keys=realtime)


def rw_register(
    client: ClientFactory, *, consistency: str | None = None, **options: int | float | None
) -> Workload:
    """Read-write-register transactions, for a client that offers ``transaction``.

    Args:
        client: makes a client; see `harness.workloads.transactions.TransactionClient`.
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
        generator=lambda plan: at_rate(plan, endless("w", keys(plan), settled(plan))),
        final=lambda plan: transactions.final_reads(plan, keys(plan)),
        checkers=(judge(claimed(client, consistency)), *always(client)),
        idempotent=frozenset(),
        options=settled(None),
        notes=has.notes(settled(None)),
    )


KIND = WorkloadKind(
    NAME,
    "transactions that write registers and read them",
    rw_register,
    by_name(OPTIONS),
    METHODS,
)
