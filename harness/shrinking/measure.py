"""Which of two plans is the smaller one, and what a plan is measured by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.options import SHARED

PLAINER = tuple(name for name in SHARED if name != "ground")
"""The options that a run does without, each with what it holds: all but those of its ground."""

Size = tuple[float, ...]
"""Sizes are compared part by part, the first that differs decides."""


def size(plan: Plan) -> Size:
    """The size of a plan: faults, the events that they wait for and whether again and again,
    operations, micro-operations, nodes, clients, settings, seconds, and how large the numbers are
    that operations name.

    Nothing is larger than operations that are left to the workload's generator.
    """
    operations = plan.operations
    times = [fault.at + fault.duration for fault in plan.faults]
    times += [fault.duration for fault in plan.faults]
    values: list[int] = []
    if operations is not None:
        times += [operation.at for operation in operations]
        values = [number for o in operations for number in numbers(o.value)]
    return (
        len(plan.faults),
        sum(fault.when.count + fault.when.every for fault in plan.faults if fault.when is not None),
        float("inf") if operations is None else len(operations),
        sum(len(micro_operations(o.value) or (o,)) for o in operations or ()),
        plan.nodes,
        plan.clients,
        settings(plan),
        round(sum(times) + plan.time_limit, 6),
        sum(values),
    )


def settings(plan: Plan) -> int:
    """How many settings of the machinery are not as they are by default."""
    shared = [plan.options[name] for name in plan.options if name in PLAINER]
    count = sum(len(value) + 1 if isinstance(value, dict) else 1 for value in shared)
    return count + (plan.rate != Plan.__dataclass_fields__["rate"].default)


def micro_operations(value: Any) -> list[Any] | None:
    """The micro-operations of a transaction's value; None if it is none.

    A list of lists that begin with a word is one: ``[["r", "x", null], ["append", "y", 3]]``.
    """
    if not isinstance(value, list | tuple) or not value:
        return None
    if all(isinstance(m, list | tuple) and m and isinstance(m[0], str) for m in value):
        return list(value)
    return None


def numbers(value: Any) -> Iterator[int]:
    """The positive whole numbers in an operation's value."""
    if type(value) is int and value > 0:
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
