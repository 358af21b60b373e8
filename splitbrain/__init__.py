"""splitbrain: deterministic fault injection, history checking and failure shrinking.

    from splitbrain import faults, simulate
    from splitbrain.harness.workloads import register

This is the public door: what most users need, imported when it is first used. The rest is in
`splitbrain.checkers`, `splitbrain.harness`, `splitbrain.systems` and `splitbrain.reports`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from splitbrain.lazy import lazily

if TYPE_CHECKING:
    from splitbrain.checkers import Checker, History, Operation, Verdict, load, models
    from splitbrain.harness import (
        Definite,
        Experiment,
        Fault,
        Inconclusive,
        Indefinite,
        InvalidPlan,
        Node,
        Plan,
        PlannedOperation,
        Run,
        Search,
        Shrunk,
        Violation,
        Workload,
        faults,
        run,
        search,
        shrink,
        simulate,
        workloads,
    )

__version__ = "0.1.0"

__all__ = [
    "Checker",
    "Definite",
    "Experiment",
    "Fault",
    "History",
    "Inconclusive",
    "Indefinite",
    "InvalidPlan",
    "Node",
    "Operation",
    "Plan",
    "PlannedOperation",
    "Run",
    "Search",
    "Shrunk",
    "Verdict",
    "Violation",
    "Workload",
    "faults",
    "load",
    "models",
    "run",
    "search",
    "shrink",
    "simulate",
    "workloads",
]

_CHECKERS = ("Checker", "History", "Operation", "Verdict", "load", "models")

__getattr__ = lazily(
    __name__,
    {
        "splitbrain.checkers": _CHECKERS,
        "splitbrain.harness": [name for name in __all__ if name not in _CHECKERS],
    },
)
