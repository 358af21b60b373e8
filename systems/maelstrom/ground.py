"""The ground of programs that speak Maelstrom's protocol: real processes, and services beside."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from splitbrain.harness.node import Message
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.processes.ground import Processes
from splitbrain.harness.processes.world import World
from splitbrain.harness.simulation.trace import Trace
from splitbrain.systems.maelstrom.services import SERVICES, Service, answer


class MaelstromNodes(Processes):
    """`splitbrain.harness.processes.ground.Processes` for a program that the plan names.

    What the option ``ground`` says of it is checked where such plans get their code.
    """

    options = ("ground",)
    faults = tuple(kind for kind in Processes.faults if kind != "process.power_loss")
    """Where a program keeps its files nobody knows: it is told of no directory."""

    def check(self, plan: Plan) -> None:
        """See `splitbrain.harness.ground.Ground.check`.

        Raises:
            InvalidPlan: as `Processes.check`, or the plan names no program.
        """
        super().check(plan)
        if "ground" not in plan.options:
            raise InvalidPlan(
                f"the ground {plan.ground} runs programs, and the plan names none: "
                "splitbrain run --maelstrom COMMAND"
            )

    def world(self, plan: Plan, trace: Trace) -> World:
        """See `splitbrain.harness.ground.Ground.world`."""
        world = super().world(plan, trace)
        for name, make in SERVICES.items():
            world.add_service(name, partial(_answer, make(world.stream("service", name))))
        latency, clients = plan.options["ground"].get("latency", 0.0), world.clients
        if latency:
            world.switch.latency = lambda source, destination: (
                0.0 if source in clients or destination in clients else latency
            )
        return world


def _answer(service: Service, source: str, message: Message) -> Message:
    body: dict[str, Any] = msgspec.json.decode(message[0])
    return (msgspec.json.encode(answer(service, source, body)).decode(),)


GROUND = MaelstromNodes()
