"""The simulated ground: virtual time, one thread, the same run for the same plan.

It takes two of a plan's options, ``network`` and ``disk``; all times are virtual seconds.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.plan_options import read_options
from splitbrain.harness.simulation.heap import EventHeap
from splitbrain.harness.simulation.network import NetworkParameters
from splitbrain.harness.simulation.trace import Trace
from splitbrain.harness.simulation.trio_direct import DirectRun
from splitbrain.harness.simulation.world import MakeRun, World

FSYNC_LATENCY_S = 0.001

_NETWORK = NetworkParameters()
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=60)]
_Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]


class _Network(msgspec.Struct, forbid_unknown_fields=True):
    latency: tuple[_Seconds, _Seconds] = _NETWORK.latency
    late: _Probability = _NETWORK.late
    lateness: _Seconds = _NETWORK.lateness


class _Disk(msgspec.Struct, forbid_unknown_fields=True):
    fsync_latency: _Seconds = FSYNC_LATENCY_S


class _Options(msgspec.Struct):
    network: _Network = msgspec.field(default_factory=_Network)
    disk: _Disk = msgspec.field(default_factory=_Disk)


class Simulation:
    """`splitbrain.harness.ground.Ground` on a `splitbrain.harness.simulation.world.World`.

    Args:
        make_run: how nodes are driven; the tests compare two ways.
    """

    deterministic = True
    faults: tuple[str, ...] = ("all",)
    options: tuple[str, ...] = ("network", "disk")

    def __init__(self, make_run: MakeRun = DirectRun) -> None:
        self._make_run = make_run

    def check(self, plan: Plan) -> None:
        """See `Ground.check`.

        Raises:
            InvalidPlan: an option is unknown, of the wrong type, or out of bounds.
        """
        _options(plan)

    def world(self, plan: Plan, trace: Trace) -> World:
        """See `Ground.world`."""
        return self.made(plan, trace, EventHeap())

    def made(self, plan: Plan, trace: Trace, heap: EventHeap) -> World:
        """A world whose events are on this heap."""
        options = _options(plan)
        network = network_of(plan)
        return World(
            plan.seed,
            network=network,
            fsync_latency=options.disk.fsync_latency,
            trace=trace,
            make_run=self._make_run,
            heap=heap,
        )


def network_of(plan: Plan) -> NetworkParameters:
    """How the plan's network behaves without faults.

    Raises:
        InvalidPlan: an option is unknown, of the wrong type, or out of bounds.
    """
    network = _options(plan).network
    return NetworkParameters(network.latency, network.late, network.lateness)


def _options(plan: Plan) -> _Options:
    options = read_options(plan, _Options)
    least, most = options.network.latency
    if least > most:
        raise InvalidPlan(f"option network.latency is [{least:g}, {most:g}]: give the least first")
    return options


GROUND = Simulation()
