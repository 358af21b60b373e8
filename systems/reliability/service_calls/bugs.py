"""Planted bugs of calls of several services: they, with one decision wrong."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.knobs import OPTION
from splitbrain.harness.node import Message
from splitbrain.systems.reliability.calling import Breaker
from splitbrain.systems.reliability.service_calls.gateway import Gateway, TellingCaller
from splitbrain.systems.reliability.service_calls.servers import ServiceServer


class PostsAgain(TellingCaller):
    """Makes again whatever was not answered."""

    def may_repeat(self, idempotent: bool) -> bool:
        """A post, too."""
        return True


class OneForAll(Gateway):
    """Counts the failures of all endpoints together."""

    @cached_property
    def shared(self) -> Breaker:
        """What opens for one opens for all."""
        return self.new_breaker(self._all_told)

    def breaker_for(self, endpoint: str) -> Breaker:
        """The same for whoever is called."""
        return self.shared

    def _all_told(self, state: str) -> None:
        for endpoint in self.endpoints:
            self.told(endpoint, state)


class ForgetsNothing(Breaker):
    """Counts failures for as long as it is closed."""

    def forget(self, before: float) -> None:
        """Nothing: what failed once counts for ever."""


class TriesBelow(Gateway):
    """A layer below makes each attempt at a get three times, and knows of no budget."""

    async def ask(self, called: str, request: Message, left: float) -> Any:
        """One attempt, three times."""
        if request[0] == "post":
            return await super().ask(called, request, left)
        for _ in range(2):
            with trio.move_on_after(left / 3):
                return await super().ask(called, request, left / 3)
            self.callers[called].called(2)
        return await super().ask(called, request, left / 3)


def _calling(**instead: Any) -> type[ServiceServer]:
    return planted(ServiceServer, gateway=planted(Gateway, **instead))


BUGS: tuple[Bug, ...] = (
    Bug(
        id="RES-01-POST",
        title="a post that was not answered is made again, and counts twice",
        server=_calling(caller_class=PostsAgain),
        workload="http-retry",
        faults=("service.answers_lost", "net.loss"),
        nodes=4,
        seeds=20,
        shows=("linearizable(counter)",),
        source="RFC 9110, section 9.2.2, Idempotent Methods; DDIA chapter 8, Unreliable Networks",
    ),
    Bug(
        id="RES-03-SLOW",
        title="two layers try a slow service again, and again",
        server=planted(ServiceServer, gateway=TriesBelow),
        workload="http-retry",
        faults=("service.slow",),
        nodes=4,
        seeds=20,
        shows=("retry-storm",),
        source="Bronson et al., Metastable Failures in Distributed Systems (HotOS 2021)",
    ),
    Bug(
        id="RES-07-SHARED",
        title="one breaker for all services: what one of them fails, all are blamed for",
        server=planted(ServiceServer, gateway=OneForAll),
        workload="breaker",
        faults=("process.kill", "process.pause", "net.partition"),
        nodes=4,
        seeds=20,
        shows=("blamed-for-others",),
        source="Nygard, Release It! (second edition, 2018), section 5.2",
    ),
    Bug(
        id="RES-06-WINDOW",
        title="a breaker forgets no failure: one now and then opens it in the end",
        server=_calling(breaker_class=ForgetsNothing),
        workload="breaker",
        faults=("process.pause", "net.loss"),
        nodes=4,
        seeds=20,
        shows=("opened-early",),
        source="Nygard, Release It! (second edition, 2018), section 5.2",
        options={OPTION: {"window": 1.0}},
    ),
)
