"""The harness: run a plan, record what happens, find failures, make them small.

    from splitbrain.harness import Plan, faults, simulate

See `splitbrain.harness.testing` for tests of one's own system, `splitbrain.harness.node` for what a
system is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from splitbrain.lazy import lazily

if TYPE_CHECKING:
    from splitbrain.harness import faults, workloads
    from splitbrain.harness.client import Definite, Indefinite
    from splitbrain.harness.node import Node
    from splitbrain.harness.plan import Fault, InvalidPlan, Plan, PlannedOperation
    from splitbrain.harness.runs.running import Run, run
    from splitbrain.harness.searching.seeds import Search, search
    from splitbrain.harness.shrinking import Shrunk, shrink
    from splitbrain.harness.testing import Inconclusive, Violation, simulate, strategies
    from splitbrain.harness.workloads.workload import Experiment, Workload

__all__ = [
    "Definite",
    "Experiment",
    "Fault",
    "Inconclusive",
    "Indefinite",
    "InvalidPlan",
    "Node",
    "Plan",
    "PlannedOperation",
    "Run",
    "Search",
    "Shrunk",
    "Violation",
    "Workload",
    "faults",
    "run",
    "search",
    "shrink",
    "simulate",
    "strategies",
    "workloads",
]

__getattr__ = lazily(
    __name__,
    {
        "splitbrain.harness.faults": ("faults",),
        "splitbrain.harness.workloads": ("workloads",),
        "splitbrain.harness.client": ("Definite", "Indefinite"),
        "splitbrain.harness.node": ("Node",),
        "splitbrain.harness.plan": ("Fault", "InvalidPlan", "Plan", "PlannedOperation"),
        "splitbrain.harness.runs.running": ("Run", "run"),
        "splitbrain.harness.searching.seeds": ("Search", "search"),
        "splitbrain.harness.shrinking": ("Shrunk", "shrink"),
        "splitbrain.harness.testing.strategies": ("strategies",),
        "splitbrain.harness.testing": ("Inconclusive", "Violation", "simulate"),
        "splitbrain.harness.workloads.workload": ("Experiment", "Workload"),
    },
)
