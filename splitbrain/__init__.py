"""splitbrain: deterministic fault injection, history checking and failure shrinking.

    from splitbrain import faults, simulate, workloads

    @simulate(nodes=3, faults=faults.swarm())
    def test_register(plan):
        return plan.using(KvNode, workloads.register(KvClient))

This is the public door: what tests and systems of one's own need, imported when it is first used.
What is here has no shorter way. The parts that workloads are made of are in
`splitbrain.harness.workloads` and `splitbrain.harness.generators`, those of faults in
`splitbrain.harness.nemesis.kind`, those of checkers in `splitbrain.checkers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from splitbrain.lazy import lazily

if TYPE_CHECKING:
    from splitbrain.checkers import (
        Anomaly,
        Checker,
        History,
        Operation,
        Verdict,
        linearizable,
        load,
        models,
    )
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
        strategies,
        workloads,
    )
    from splitbrain.harness.bug import Bug, planted
    from splitbrain.harness.client import request
    from splitbrain.harness.exploring import explore, watch
    from splitbrain.harness.ground import Ground
    from splitbrain.harness.nemesis.claims import Claims
    from splitbrain.harness.programs import address, asyncio_client, command, program, roles
    from splitbrain.harness.rare_branches import buggify
    from splitbrain.harness.system import System
    from splitbrain.harness.workloads import WorkloadKind

__version__ = "0.1.0"

__all__ = [
    "Anomaly",
    "Bug",
    "Checker",
    "Claims",
    "Definite",
    "Experiment",
    "Fault",
    "Ground",
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
    "System",
    "Verdict",
    "Violation",
    "Workload",
    "WorkloadKind",
    "address",
    "asyncio_client",
    "buggify",
    "command",
    "explore",
    "faults",
    "linearizable",
    "load",
    "models",
    "planted",
    "program",
    "request",
    "roles",
    "run",
    "search",
    "shrink",
    "simulate",
    "strategies",
    "watch",
    "workloads",
]

_PLACES = {
    "splitbrain.checkers": (
        "Anomaly",
        "Checker",
        "History",
        "Operation",
        "Verdict",
        "linearizable",
        "load",
        "models",
    ),
    "splitbrain.harness.bug": ("Bug", "planted"),
    "splitbrain.harness.client": ("request",),
    "splitbrain.harness.exploring": ("explore", "watch"),
    "splitbrain.harness.ground": ("Ground",),
    "splitbrain.harness.nemesis.claims": ("Claims",),
    "splitbrain.harness.programs": ("address", "asyncio_client", "command", "program", "roles"),
    "splitbrain.harness.rare_branches": ("buggify",),
    "splitbrain.harness.system": ("System",),
    "splitbrain.harness.workloads": ("WorkloadKind",),
}

_ELSEWHERE = {name for names in _PLACES.values() for name in names}

__getattr__ = lazily(
    __name__,
    {**_PLACES, "splitbrain.harness": [name for name in __all__ if name not in _ELSEWHERE]},
)
