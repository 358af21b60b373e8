"""A small program to explore: a few operations of a workload, invoked at fixed times."""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.checkers.verdict import VALID
from splitbrain.harness.exploration.exploring import run_with
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.runs.running import run
from splitbrain.harness.shrinking import listed_operations
from splitbrain.harness.workloads.workload import Experiment

TRIED = 50
"""Seeds that are tried until a program exercises something."""

AFTERWARDS = 0.2
"""Virtual seconds of load after the last operation is invoked."""


def small_program(make: Callable[[Plan], Experiment], base: Plan, operations: int) -> Experiment:
    """The first operations of the first seed, from the plan's on, with which the run without any
    deviation is valid, and so exercises something.

    Args:
        make: the experiment of a plan.
        base: the plan, without operations or faults.
        operations: how many.

    Raises:
        InvalidPlan: no seed gives such a program.
    """
    why = ""
    for seed in range(base.seed, base.seed + TRIED):
        plan = base.with_(seed=seed)
        history = run(make(plan), tracing=False).history
        listed = listed_operations(history, plan.clients)[:operations]
        end = max((operation.at for operation in listed), default=0.0) + AFTERWARDS
        program = plan.with_(operations=listed, time_limit=min(base.time_limit, round(end, 3)))
        result, _ = run_with(make(program), ())
        if result.validity is VALID:
            return make(program)
        why = why or next(v.reason for v in result.verdicts if v.validity is not VALID)
    raise InvalidPlan(
        f"no program of {operations} operations in {base.time_limit:g} s is valid without any "
        f"deviation, in {TRIED} seeds ({why}): give more --operations or a longer --time-limit"
    )
