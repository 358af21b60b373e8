"""Workloads by name, for plans and the command line."""

from __future__ import annotations

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.workloads import key_value, registers, sets
from splitbrain.harness.workloads.accounts import KIND as BANK
from splitbrain.harness.workloads.append_transactions import KIND as LIST_APPEND
from splitbrain.harness.workloads.bookings import KIND as BOOKING
from splitbrain.harness.workloads.on_call import KIND as DOCTORS
from splitbrain.harness.workloads.parts.kind import WorkloadKind, by_name
from splitbrain.harness.workloads.parts.options import SHARED
from splitbrain.harness.workloads.parts.transactions import CONSISTENCY
from splitbrain.harness.workloads.register_transactions import KIND as RW_REGISTER
from splitbrain.harness.workloads.workload import ClientFactory, Workload

__all__ = ["WORKLOADS", "WorkloadKind", "workload_for"]


WORKLOADS: dict[str, WorkloadKind] = {
    kind.name: kind
    for kind in (
        WorkloadKind(
            registers.NAME,
            "linearizable registers: read, write and compare-and-set on a few keys",
            registers.register,
            by_name(registers.OPTIONS),
            registers.METHODS,
        ),
        WorkloadKind(
            sets.NAME,
            "a set that only grows: every acknowledged element must stay",
            sets.set_,
            by_name(sets.OPTIONS),
            sets.METHODS,
        ),
        WorkloadKind(
            key_value.NAME,
            "a linearizable key-value store: get, put, append, compare-and-set and delete",
            key_value.kv,
            by_name(key_value.OPTIONS),
            key_value.METHODS,
        ),
        LIST_APPEND,
        RW_REGISTER,
        BANK,
        DOCTORS,
        BOOKING,
    )
}
"""All workloads by name."""


def workload_for(plan: Plan, client: ClientFactory, *, consistency: str = CONSISTENCY) -> Workload:
    """The workload that a plan names, with the plan's options, for this client.

    Args:
        plan: names the workload.
        client: makes a client.
        consistency: what transactions are judged by, if the workload has any.

    Raises:
        InvalidPlan: there is no such workload, or it refuses the client or an option.
    """
    kind = WORKLOADS.get(plan.workload)
    if kind is None:
        raise InvalidPlan(
            f"there is no workload {plan.workload!r}: {suggestion(plan.workload, WORKLOADS)} "
            "(splitbrain list workloads)"
        )
    options = {name: value for name, value in plan.options.items() if name not in SHARED}
    if kind.isolation:
        options["consistency"] = consistency
    return kind.construct(client, **options)
