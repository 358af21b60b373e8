"""Workloads by name, for plans and the command line."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.plan import InvalidPlan, Plan
from harness.workloads import key_value, registers, sets
from harness.workloads.capabilities import Method
from harness.workloads.options import SHARED, Option
from harness.workloads.workload import ClientFactory, Workload


@dataclass(frozen=True, slots=True)
class WorkloadKind:
    """A workload before it has a client.

    Attributes:
        name: as plans write it.
        description: one sentence for people.
        construct: makes the workload: ``construct(client, **options)``.
        options: its options, by name.
        methods: what it calls of a client.
    """

    name: str
    description: str
    construct: Callable[..., Workload]
    options: Mapping[str, Option]
    methods: tuple[Method, ...]


def _by_name(options: Sequence[Option]) -> dict[str, Option]:
    return {option.name: option for option in options}


WORKLOADS: dict[str, WorkloadKind] = {
    kind.name: kind
    for kind in (
        WorkloadKind(
            registers.NAME,
            "linearizable registers: read, write and compare-and-set on a few keys",
            registers.register,
            _by_name(registers.OPTIONS),
            registers.METHODS,
        ),
        WorkloadKind(
            sets.NAME,
            "a set that only grows: every acknowledged element must stay",
            sets.set_,
            _by_name(sets.OPTIONS),
            sets.METHODS,
        ),
        WorkloadKind(
            key_value.NAME,
            "a linearizable key-value store: get, put, append, compare-and-set and delete",
            key_value.kv,
            _by_name(key_value.OPTIONS),
            key_value.METHODS,
        ),
    )
}
"""All workloads by name."""


def workload_for(plan: Plan, client: ClientFactory) -> Workload:
    """The workload that a plan names, with the plan's options, for this client.

    Raises:
        InvalidPlan: there is no such workload, or it refuses the client or an option.
    """
    kind = WORKLOADS.get(plan.workload)
    if kind is None:
        near = difflib.get_close_matches(plan.workload, WORKLOADS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InvalidPlan(
            f"there is no workload {plan.workload!r}: there are {', '.join(WORKLOADS)}{hint}"
        )
    options = {name: value for name, value in plan.options.items() if name not in SHARED}
    return kind.construct(client, **options)
