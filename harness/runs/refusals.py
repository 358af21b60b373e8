"""Combinations of a plan and code that are refused before anything runs."""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.checkers.history import INVOKE, Operation
from splitbrain.checkers.history.encoding import encode_line
from splitbrain.harness.ground import ground_named
from splitbrain.harness.nemesis.catalogue import named
from splitbrain.harness.nemesis.nemesis import with_ids
from splitbrain.harness.plan import InvalidPlan, PlannedOperation
from splitbrain.harness.workloads.workload import Experiment


def check_server(experiment: Experiment) -> None:
    """Refuse a server that says that it runs elsewhere, and faults that do nothing to it.

    Raises:
        InvalidPlan: it is one.
    """
    plan = experiment.plan
    grounds = getattr(experiment.server, "grounds", (plan.ground,))
    if plan.ground not in grounds:
        raise InvalidPlan(
            f"{plan.system or 'the program'} runs on the ground {' or '.join(grounds)}, not on "
            f"{plan.ground}: --ground {grounds[0]}"
        )
    ground, ports = ground_named(plan.ground), getattr(experiment.server, "ports", ())
    packets = getattr(ground, "packets", False)
    if packets and not ports:
        raise InvalidPlan(
            f"the ground {plan.ground} has networks for programs with ports, and "
            f"{plan.system or 'the program'} asks for none: --ground processes"
        )
    if ports and not packets and not ground.deterministic:
        for fault in with_ids(plan.faults):
            if named(fault.kind).id == "net.duplicate":
                raise InvalidPlan(
                    f"fault {fault.id} is net.duplicate, which does nothing to real connections: "
                    "TCP delivers once what comes twice; leave it out"
                )


def check_recordable(operations: Sequence[PlannedOperation]) -> None:
    """Refuse operations that a history cannot hold.

    Raises:
        InvalidPlan: one is without a name, or is no JSON.
    """
    for position, operation in enumerate(operations):
        if not operation.f:
            raise InvalidPlan(f"operations[{position}] has an empty f: say what is done")
        try:
            encode_line(Operation(position, 0, 0, INVOKE, operation.f, operation.value))
        except TypeError as error:
            raise InvalidPlan(f"operations[{position}] cannot be recorded: {error}") from None
