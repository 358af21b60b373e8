"""How long messages take on real processes, where a plan says so: as long as in the simulation.

The loopback takes some 50 microseconds. Races between messages that a network of milliseconds shows
are hardly ever there on it, so a failure of the simulation is tried with the simulation's
latencies.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from splitbrain.harness.nemesis.rules import Link
from splitbrain.harness.simulation.network import NetworkParameters


class Latencies:
    """Draws the latency of each message, for each link from a stream of its own.

    Args:
        network: least and greatest latency, and how often how late.
        stream: the streams of randomness under the plan's seed.
    """

    def __init__(self, network: NetworkParameters, stream: Callable[..., random.Random]) -> None:
        self._network, self._stream = network, stream
        self._draws: dict[Link, Callable[[], float]] = {}

    def __call__(self, source: str, destination: str) -> float:
        """Seconds that the next message of a link takes."""
        link, network = (source, destination), self._network
        draw = self._draws.get(link)
        if draw is None:
            draw = self._draws[link] = self._stream("link", *link).random
        least, most = network.latency
        fate = draw()
        late = network.lateness * fate / network.late if fate < network.late else 0.0
        return least + (most - least) * draw() + late
