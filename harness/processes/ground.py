"""The grounds of real processes: ``processes``, which needs Linux and no rights, and
``namespaces``, where each server has a network of its own.

Its seconds are real ones, so nothing repeats to the byte. Servers are processes of this Python that
run the same programs as in the simulation; messages go over TCP on the loopback, files are files,
clocks are the machine's.
"""

from __future__ import annotations

import os
import sys

from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.processes import vdso
from splitbrain.harness.processes.files import questions, rooms
from splitbrain.harness.processes.files.disks import Needs
from splitbrain.harness.processes.network import networks
from splitbrain.harness.processes.network.latencies import Latencies
from splitbrain.harness.processes.world import World
from splitbrain.harness.simulation.ground import network_of
from splitbrain.harness.simulation.trace import Trace

HEARD = ("leader", "role", "acknowledged")
"""What faults can wait for: what nodes and clients say by themselves."""


class Processes:
    """`splitbrain.harness.ground.Ground` on a `splitbrain.harness.processes.world.World`."""

    deterministic = False
    packets = False
    """Whether rules of links concern packets, not streams, of programs that have ports."""
    faults: tuple[str, ...] = (
        "process.kill",
        "process.power_loss",
        "process.terminate",
        "process.pause",
        "member",
        "net",
        "net.bandwidth",
        "clock.bump",
        "clock.strobe",
        "clock.backward",
        "clock.leap",
        "disk.slow",
        "disk.stall",
        "disk.no_room",
        "disk.empty",
        "disk.older",
        "client.partition",
        "scenario",
    )
    options: tuple[str, ...] = ("network",)

    def check(self, plan: Plan) -> None:
        """See `Ground.check`.

        Raises:
            InvalidPlan: this is no Linux, or a fault waits for what nobody sees here.
        """
        if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
            raise InvalidPlan(
                f"the ground {plan.ground} needs Linux, where no process outlives its run; "
                f"this is {sys.platform}: use the simulation"
            )
        network_of(plan)
        _check_clocks(plan)
        needs = _needs(plan)
        if needs.small_disks and (reason := rooms.unavailable()) is not None:
            raise InvalidPlan(
                f"disk.no_room needs servers with small disks of their own, and {reason}"
            )
        if needs.slow_disks and (reason := questions.unavailable()) is not None:
            raise InvalidPlan(f"no process's disk can be slow here: {reason}")
        if needs.power_losses and (reason := questions.unavailable()) is not None:
            raise InvalidPlan(f"what a power loss would take is not known here: {reason}")
        for fault in plan.faults:
            if fault.when is not None and fault.when.event not in HEARD:
                raise InvalidPlan(
                    f"fault {fault.id} waits for {fault.when.event}, which the ground "
                    f"{plan.ground} does not see in a process: give a time, or one of "
                    f"{', '.join(HEARD)}"
                )

    def world(self, plan: Plan, trace: Trace) -> World:
        """See `Ground.world`."""
        world = World(plan.seed, trace)
        if "network" in plan.options:
            world.switch.latency = Latencies(network_of(plan), world.stream)
        world.needs = _needs(plan)
        return world


def _needs(plan: Plan) -> Needs:
    kinds = {fault.kind for fault in plan.faults}
    return Needs(
        small_disks="disk.no_room" in kinds,
        power_losses="process.power_loss" in kinds,
        slow_disks=not kinds.isdisjoint(("disk.slow", "disk.stall")),
    )


def _check_clocks(plan: Plan) -> None:
    """Find out whether the plan's faults of clocks can be had.

    Raises:
        InvalidPlan: one cannot.
    """
    for fault in plan.faults:
        if not fault.kind.startswith("clock."):
            continue
        if fault.options.get("how") == "smear":
            raise InvalidPlan(
                f"fault {fault.id} smears a leap second: clocks of real processes can be set, not "
                "slowed: give how=repeat"
            )
        if (reason := vdso.unavailable()) is not None:
            raise InvalidPlan(f"fault {fault.id}: no process's clock can be set here: {reason}")


class Namespaces(Processes):
    """The same, where each server has a network of its own with an address, and the harness passes
    on their packets; for programs with ports, which may speak UDP, too."""

    packets = True

    def check(self, plan: Plan) -> None:
        """See `Ground.check`.

        Raises:
            InvalidPlan: as `Processes.check`, or there may be no such networks.
        """
        super().check(plan)
        if (reason := networks.unavailable()) is not None:
            raise InvalidPlan(
                f"the ground {plan.ground} has a network for each server, and {reason}: take "
                "--ground processes, where all are on the loopback"
            )

    def world(self, plan: Plan, trace: Trace) -> World:
        """See `Ground.world`."""
        world = super().world(plan, trace)
        world.needs.networks = True
        return world


GROUND = Processes()
NAMESPACES = Namespaces()
