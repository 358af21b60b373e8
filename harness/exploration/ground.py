"""The ground `exploration`: the simulation, with the deviations that a plan names.

    "ground": "exploration", "options": {"ground": {"deviations": [[12, "late"], [40, "crash"]]}}

So what exploring finds is a plan like any other: it is run, replayed and reported as they are.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from splitbrain.harness.exploration.steering import SteeredHeap
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.simulation.ground import Simulation
from splitbrain.harness.simulation.trace import Trace
from splitbrain.harness.simulation.world import World

NAME = "exploration"

RESTART_S = 0.2
"""Virtual seconds until a server that lost power starts again."""

_Position = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]


class _Ground(msgspec.Struct, forbid_unknown_fields=True):
    deviations: list[tuple[_Position, Literal["late", "crash"]]] = []


class Exploration(Simulation):
    """`splitbrain.harness.ground.Ground`: a simulation that departs from its schedule.

    Attributes:
        heap: that of the world made last, which knows what happened.
    """

    faults = ()
    options = (*Simulation.options, "ground")
    heap: SteeredHeap

    def check(self, plan: Plan) -> None:
        """See `Ground.check`.

        Raises:
            InvalidPlan: deviations are misspelt, or another option is.
        """
        super().check(plan)
        _deviations(plan)

    def world(self, plan: Plan, trace: Trace) -> World:
        """See `Ground.world`."""
        heap = self.heap = SteeredHeap(_deviations(plan), plan.time_limit)
        world = self.made(plan, trace, heap)
        turn, crashes = world.turn, 0

        def turned(number: int) -> None:
            heap.deviate_no_more()  # a crash is a fault like any other
            turn(number)

        def crash(name: str) -> None:
            nonlocal crashes
            crashes += 1
            told = {"id": f"crash-{crashes}", "targets": [name], "detail": {}}
            world.record("process.power_loss", {**told, "phase": "start"})
            effect = world.power_loss(name, "drop_unsynced")
            world.after(RESTART_S, start, name, {**told, "phase": "stop", "effect": effect})

        def start(name: str, told: object) -> None:
            world.record("process.power_loss", told)
            world.start(name)

        heap.crash, world.turn = crash, turned
        return world


def _deviations(plan: Plan) -> dict[int, str]:
    try:
        given = msgspec.convert(plan.options.get("ground", {}), _Ground)
    except msgspec.ValidationError as error:
        raise InvalidPlan(
            f"option ground: {error}: give deviations such as [[12, 'late'], [40, 'crash']]"
        ) from None
    return dict(given.deviations)


def deviating(plan: Plan, deviations: tuple[tuple[int, str], ...]) -> Plan:
    """The plan with these deviations, on this ground."""
    options = {**plan.options, "ground": {"deviations": [list(one) for one in deviations]}}
    return plan.with_(ground=NAME, options=options)


GROUND = Exploration()
