"""A plan's options that are no workload's: how long an operation may take, bursts, the ground's.

    options = {"network": {"latency": [0.01, 0.05]}, "disk": {"fsync_latency": 0.005},
               "operation_timeout": 5.0, "burst": 8, "follows": [[], [0]]}

Workloads leave these alone (`splitbrain.harness.workloads.parts.options.SHARED`).
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from splitbrain.harness.client import TIMEOUT_S
from splitbrain.harness.plan import InvalidPlan, Plan

_Options = TypeVar("_Options", bound=msgspec.Struct)


class _Timeout(msgspec.Struct):
    operation_timeout: Annotated[float, msgspec.Meta(gt=0, le=3600)] = TIMEOUT_S


def operation_timeout(plan: Plan) -> float:
    """Virtual seconds after which a client gives an operation up.

    Raises:
        InvalidPlan: the option is of the wrong type, or out of bounds.
    """
    return read_options(plan, _Timeout).operation_timeout


class _Burst(msgspec.Struct):
    burst: Annotated[float, msgspec.Meta(ge=1, le=1000)] = 1.0


def burst(plan: Plan) -> float:
    """How many operations come at once on average, between pauses; 1: at random moments.

    Raises:
        InvalidPlan: the option is of the wrong type, or out of bounds.
    """
    return read_options(plan, _Burst).burst


class _Follows(msgspec.Struct):
    follows: list[list[Annotated[int, msgspec.Meta(ge=0)]]] = msgspec.field(default_factory=list)


def follows(plan: Plan) -> list[list[int]]:
    """For each operation that the plan lists, those that must have ended before it is invoked.

    Raises:
        InvalidPlan: the option is of the wrong type, or not about this plan's operations.
    """
    found = read_options(plan, _Follows).follows
    count = len(plan.operations or ())
    if found and (len(found) != count or any(n >= count for row in found for n in row)):
        raise InvalidPlan(
            f"option follows: give a list for each of the plan's {count} operations, with the "
            "positions of those that it follows, from 0"
        )
    return found or [[] for _ in range(count)]


def read_options(plan: Plan, form: type[_Options]) -> _Options:
    """The plan's options that are fields of `form`, checked against its types.

    Raises:
        InvalidPlan: one is of the wrong type, or out of bounds; the message names it.
    """
    names = form.__struct_fields__
    given = {name: plan.options[name] for name in names if name in plan.options}
    try:
        return msgspec.convert(given, form)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at ")
        raise InvalidPlan(f"option {place.strip('`').removeprefix('$.')}: {problem}") from None
