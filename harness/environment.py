"""What a plan's options say of the simulated machines, as against the workload.

    options = {"network": {"latency": [0.01, 0.05]}, "disk": {"fsync_latency": 0.005},
               "operation_timeout": 5.0}

Workloads leave these three alone (`splitbrain.harness.workloads.parts.options.SHARED`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from splitbrain.harness.client import TIMEOUT_S
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.simulation.network import NetworkParameters

FSYNC_LATENCY_S = 0.001


@dataclass(frozen=True, slots=True)
class Environment:
    """The ground that a plan runs on.

    Attributes:
        network: how the network behaves without faults.
        fsync_latency: seconds that an fsync takes on average.
        operation_timeout: virtual seconds after which a client gives an operation up.
    """

    network: NetworkParameters = field(default_factory=NetworkParameters)
    fsync_latency: float = FSYNC_LATENCY_S
    operation_timeout: float = TIMEOUT_S


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
    network: _Network
    disk: _Disk
    operation_timeout: Annotated[float, msgspec.Meta(gt=0, le=3600)] = TIMEOUT_S


def environment(plan: Plan) -> Environment:
    """The environment that the plan's options describe.

    Raises:
        InvalidPlan: an option is unknown, of the wrong type, or out of bounds.
    """
    written = {"network": {}, "disk": {}, **_known(plan.options)}
    try:
        options = msgspec.convert(written, _Options)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at ")
        raise InvalidPlan(f"option {place.strip('`').removeprefix('$.')}: {problem}") from None
    least, most = options.network.latency
    if least > most:
        raise InvalidPlan(f"option network.latency is [{least:g}, {most:g}]: give the least first")
    network = NetworkParameters((least, most), options.network.late, options.network.lateness)
    return Environment(network, options.disk.fsync_latency, options.operation_timeout)


def _known(options: Mapping[str, Any]) -> dict[str, Any]:
    names = ("network", "disk", "operation_timeout")
    return {name: options[name] for name in names if name in options}
