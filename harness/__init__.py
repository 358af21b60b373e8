"""The harness: run a plan, record what happens, find failures, make them small.

    from harness import Plan, faults, simulate

See `harness.testing` for tests of one's own system, `harness.node` for what a system is given.
"""

from harness import faults
from harness.client import Definite, Indefinite
from harness.experiment import Experiment
from harness.node import Node
from harness.plan import Fault, InvalidPlan, Plan, PlannedOperation
from harness.run import Run, run
from harness.search import Search, search
from harness.shrink import Shrunk, shrink
from harness.testing import Inconclusive, Violation, simulate

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
    "faults",
    "run",
    "search",
    "shrink",
    "simulate",
]
