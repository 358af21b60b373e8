"""Planted bugs of the load balancer: it, with one decision wrong."""

from __future__ import annotations

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.scalability.balancer.backend import Backend
from splitbrain.systems.scalability.balancer.balancer import PING_S, Balancer
from splitbrain.systems.scalability.balancer.health import Health
from splitbrain.systems.scalability.balancer.servers import BalancedServer


class NeverLost(Health):
    """Takes who ever answered a ping for alive."""

    def answers(self, backend: str, now: float) -> bool:
        """However long ago."""
        return backend in self._answered


class FailuresForgiven(Health):
    """Minds timeouts, and takes an error for an answer like any other."""

    def failed(self, backend: str, now: float, *, answered: bool) -> None:
        """Whoever fails is idle at once, and gets the next request."""
        if not answered:
            super().failed(backend, now, answered=answered)


class HeardIsReachable(Health):
    """Goes by what it hears from backends."""

    def heard(self, backend: str, now: float) -> None:
        """Whoever is heard is well, whether or not it hears us."""
        self._answered[backend] = now

    def failed(self, backend: str, now: float, *, answered: bool) -> None:
        """That a request was not answered is the network's fault."""
        if answered:
            super().failed(backend, now, answered=answered)


class Beats(Backend):
    """Says all the time that it is there."""

    async def beat(self) -> None:
        """In one direction alone."""
        while True:
            self.node.network.send(self._balancer, ("beat",))
            await trio.sleep(PING_S)


class NotDrained(Balancer):
    """Restarts a backend once it gets nothing new."""

    async def drain(self, backend: str) -> bool:
        """What it is working on is lost."""
        return True


class AnswersAtOnce(Backend):
    """Says that it is done when it has written it."""

    async def sync(self) -> None:
        """After a power loss it never was."""


class FirstOfAll(Balancer):
    """Sends everything to the first that seems well."""

    def choose(self, candidates: list[str]) -> str:
        """The others have nothing to do."""
        return candidates[0]


class UnderWayForEver(Health):
    """Counts a request as under way until it is answered."""

    def ended(self, backend: str, *, answered: bool) -> None:
        """What timed out is never answered."""
        if answered:
            super().ended(backend, answered=answered)


def _health(health: type[Health]) -> type[Balancer]:
    return planted(Balancer, health_class=health)


def _balancer(balancer: type[Balancer]) -> type[BalancedServer]:
    return planted(BalancedServer, balancer=balancer)


BUGS: tuple[Bug, ...] = (
    Bug(
        id="LB-01",
        title="a backend that ever answered is sent requests, dead or not",
        server=_balancer(_health(NeverLost)),
        workload="lb",
        faults=("process.kill",),
        nodes=4,
        seeds=20,
        shows=("request-to-dead",),
        source="DDIA chapter 1, Approaches for Coping with Load",
    ),
    Bug(
        id="LB-01-ERRORS",
        title="a backend that fails at once is the least loaded, and gets nearly everything",
        server=_balancer(_health(FailuresForgiven)),
        workload="lb",
        faults=("service.error_fast",),
        nodes=4,
        seeds=20,
        shows=("black-hole",),
        source="the black hole of least-connections balancing",
    ),
    Bug(
        id="LB-02",
        title="a backend that is heard is taken to be reachable",
        server=planted(BalancedServer, balancer=_health(HeardIsReachable), backend=Beats),
        workload="lb",
        faults=("net.partition_oneway",),
        nodes=4,
        seeds=40,
        shows=("black-hole",),
        source="Alquraan et al., An Analysis of Network-Partitioning Failures, OSDI 2018",
    ),
    Bug(
        id="LB-03",
        title="a backend is restarted before it is drained",
        server=planted(
            BalancedServer, balancer=NotDrained, backend=planted(Backend, waits_for_work=False)
        ),
        workload="lb",
        faults=("disk.slow",),
        nodes=4,
        seeds=20,
        shows=("dropped",),
        source="Nygard, Release It! (second edition, 2018), chapter 12",
    ),
    Bug(
        id="LB-04",
        title="the first backend that seems well gets everything",
        server=_balancer(FirstOfAll),
        workload="lb",
        faults=("disk.slow",),
        nodes=4,
        seeds=20,
        shows=("overloaded",),
        source="Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, 2001",
    ),
    Bug(
        id="LB-05",
        title="a request that timed out counts as under way for ever",
        server=_balancer(_health(UnderWayForEver)),
        workload="lb",
        faults=("process.pause", "net.partition"),
        nodes=4,
        seeds=10,
        shows=("miscounted",),
        source="Nygard, Release It! (second edition, 2018), chapter 4, Integration Points",
    ),
    Bug(
        id="LB-06",
        title="a backend answers before its work is durable",
        server=planted(BalancedServer, backend=AnswersAtOnce),
        workload="lb",
        faults=("process.power_loss",),
        nodes=4,
        seeds=20,
        shows=("lost-work", "vanished-work"),
        source="DDIA chapter 7, Durability; Pillai et al., All File Systems Are Not Created Equal, "
        "OSDI 2014",
    ),
)
