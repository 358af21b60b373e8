"""Taking things out of a plan: what can go, and the plan without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from splitbrain.harness.plan import Plan, PlannedOperation
from splitbrain.harness.shrinking.measure import micro_operations

Part = Callable[[Plan], Sequence[Any]]
Without = Callable[[Plan, Sequence[Any]], Plan]


def faults_of(plan: Plan) -> Sequence[Any]:
    """The faults, which `with_faults` puts back."""
    return plan.faults


def with_faults(plan: Plan, kept: Sequence[Any]) -> Plan:
    """The plan with these faults only."""
    return plan.with_(faults=tuple(kept))


def fewer_events(plan: Plan) -> Iterator[Callable[[Plan], Plan]]:
    """Each fault that waits, striking once, and waiting for fewer of its events, boldest first."""
    for position, fault in enumerate(plan.faults):
        if fault.when is not None and fault.when.every:
            yield lambda p, at=position: _once(p, at)  # type: ignore[misc]
        count = fault.when.count if fault.when is not None else 0
        for fewer in sorted({1, 2, 3, count // 4, count // 2, count - 1} & set(range(1, count))):
            yield lambda p, at=position, to=fewer: _waiting(p, at, to)  # type: ignore[misc]


def _once(plan: Plan, position: int) -> Plan:
    faults = list(plan.faults)
    fault = faults[position]
    if fault.when is not None:
        faults[position] = replace(fault, when=replace(fault.when, every=False))
    return plan.with_(faults=tuple(faults))


def _waiting(plan: Plan, position: int, count: int) -> Plan:
    faults = list(plan.faults)
    fault = faults[position]
    if fault.when is not None and fault.when.count > count:
        faults[position] = replace(fault, when=replace(fault.when, count=count))
    return plan.with_(faults=tuple(faults))


def operations_of(plan: Plan) -> Sequence[Any]:
    """The operations, which `with_operations` puts back."""
    return plan.operations or ()


def with_operations(plan: Plan, kept: Sequence[Any]) -> Plan:
    """The plan with these operations only."""
    return plan.with_(operations=tuple(kept))


def micros_of(plan: Plan) -> Sequence[Any]:
    """All micro-operations, each as (position of its operation, position in it)."""
    return [
        (position, number)
        for position, operation in enumerate(plan.operations or ())
        for number in range(len(micro_operations(operation.value) or ()))
    ]


def with_micros(plan: Plan, kept: Sequence[Any]) -> Plan:
    """The plan with these micro-operations only; a transaction without any is no operation."""
    wanted = set(kept)
    operations: list[PlannedOperation] = []
    for position, operation in enumerate(plan.operations or ()):
        micros = micro_operations(operation.value)
        if micros is None:
            operations.append(operation)
            continue
        left = [m for number, m in enumerate(micros) if (position, number) in wanted]
        if left:
            operations.append(replace(operation, value=left))
    return plan.with_(operations=tuple(operations))


def shorter_runs(plan: Plan) -> Iterator[Plan]:
    """Shorter runs, shortest first."""
    for fraction in (0.1, 0.25, 0.5, 0.75):
        yield plan.with_(time_limit=round(plan.time_limit * fraction, 1) or plan.time_limit)


def without_clients(plan: Plan) -> Iterator[Callable[[Plan], Plan]]:
    """For each client, what takes its operations out of a plan."""
    for client in range(plan.clients):
        yield lambda best, gone=client: with_operations(  # type: ignore[misc]
            best, [o for o in best.operations or () if o.client != gone]
        )


def fewer_hosts(plan: Plan) -> Iterator[Plan]:
    """Fewer servers, fewest first."""
    for nodes in range(1, plan.nodes):
        yield plan.with_(nodes=nodes)


def fewer_clients(plan: Plan) -> Iterator[Plan]:
    """No client that invokes nothing.

    A client's number decides which server it talks to, so renumbering may not go.
    """
    used = sorted({operation.client for operation in plan.operations or ()})
    if used and len(used) < plan.clients:
        renumbered = tuple(replace(o, client=used.index(o.client)) for o in plan.operations or ())
        yield plan.with_(clients=len(used), operations=renumbered)
        yield plan.with_(clients=used[-1] + 1)
