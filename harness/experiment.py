"""A plan together with the code that its names stand for.

A plan is data; what it runs is code. An `Experiment` is the two together:
`splitbrain.harness.running` runs it, `splitbrain.harness.searching` tries it under many seeds,
`splitbrain.harness.shrinking` makes its plan smaller. The command line makes experiments from the
registry of systems, a user's test makes its own with `using`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.node import ServerFactory
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.workload import Workload


@dataclass(frozen=True, slots=True)
class Experiment:
    """What to run and how to judge it.

    Attributes:
        plan: everything that varies, as data.
        server: makes the code of one node; a class whose ``__init__`` takes the node is such a
            thing.
        workload: what clients do, and which checkers judge it.
        claims: what faults the system claims to survive.
    """

    plan: Plan
    server: ServerFactory
    workload: Workload
    claims: Claims = field(default_factory=Claims)

    def with_plan(self, plan: Plan) -> Experiment:
        """The same code under another plan."""
        return replace(self, plan=plan)


def using(
    plan: Plan, server: ServerFactory, workload: Workload, *, claims: Claims | None = None
) -> Experiment:
    """The experiment of running `server` under `workload` as `plan` says.

    The plan is given their names, unless it has names already.
    """
    name = f"{getattr(server, '__module__', '')}.{getattr(server, '__qualname__', server)}"
    named = plan.with_(system=plan.system or name, workload=plan.workload or workload.name)
    return Experiment(named, server, workload, claims or Claims())
