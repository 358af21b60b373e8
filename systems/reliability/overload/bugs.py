"""Planted bugs of the overloaded service: it, with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Message
from splitbrain.systems.reliability.calling.breaker import Limits
from splitbrain.systems.reliability.overload.servers import OverloadServer
from splitbrain.systems.reliability.overload.service import Request, Service
from splitbrain.systems.reliability.payments.gateway import Gateway

AN_HOUR_S = 3600.0


class TakesEverything(Service):
    """Has a queue without end, and does all that is in it, in order."""

    def admits(self, request: Request) -> bool:
        """However long it is."""
        return True

    def is_worth_it(self, request: Request) -> bool:
        """What is in the queue was asked for."""
        return True


class KeepsTheDeadline(Gateway):
    """Tells nobody how long it will wait."""

    async def ask(self, called: str, request: Message, left: float) -> object:
        """The service works on what nobody waits for any more."""
        return await super().ask(called, request, AN_HOUR_S)


NEVER_OPENS = Limits(failures=10**6)
"""A breaker would hide what is wrong behind it: it stops calling, and any queue empties."""

_SOURCE = "Bronson et al., Metastable Failures in Distributed Systems, HotOS 2021"

BUGS: tuple[Bug, ...] = (
    Bug(
        id="RES-05",
        title="a queue without end: an overload doesn't end when the spike does",
        server=planted(
            OverloadServer,
            service=TakesEverything,
            gateway=planted(Gateway, limits=NEVER_OPENS),
        ),
        workload="open-loop",
        faults=("service.load_spike",),
        nodes=3,
        seeds=10,
        shows=("metastable",),
        source=_SOURCE,
    ),
    Bug(
        id="RES-08",
        title="the deadline does not travel: the service works on what was given up",
        server=planted(OverloadServer, gateway=planted(KeepsTheDeadline, limits=NEVER_OPENS)),
        workload="open-loop",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("metastable",),
        source=f"{_SOURCE}; DDIA chapter 8, Timeouts and Unbounded Delays",
    ),
)
