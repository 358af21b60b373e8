"""A circuit breaker as a page of code sketches it, before several services.

``execute(operation)``: closed, open, half-open; five failures open it, and some time after the last
one it is half-open. The sketch waits for 30 s there and gives a call 60; here the first is the
gateway's setting, so that a run sees it.

Guarantees: none. The design's weaknesses are kept, since they are what there is to see:

* The call timeout is configured and never applied: a call waits for as long as its caller does.
* While it is half-open everybody is let through.
* Failures are aged by the wall clock: when that steps back, it stays open.
* Failures are counted for ever, not in a window; those of calls that were under way when it opened
  count too, and keep it open for longer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import trio

from splitbrain.checkers.calls.breakers import FAILED, HALF_OPEN, OPEN, PROBE, REJECTED
from splitbrain.harness.bug import planted
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.reliability.calling import Breaker, InDoubt, NotCalled, Refused
from splitbrain.systems.reliability.calling.caller import Attempt
from splitbrain.systems.reliability.service_calls.client import ServiceClient
from splitbrain.systems.reliability.service_calls.gateway import Gateway, TellingCaller
from splitbrain.systems.reliability.service_calls.servers import ServiceServer


class SummaryBreaker(Breaker):
    """Counts, and looks at the time of the last failure."""

    count = 0
    last = 0.0

    async def execute(self, operation: Callable[[], Awaitable[Any]]) -> Any:
        """An operation's result.

        Raises:
            NotCalled: the breaker is open.
            Refused: the operation was refused.
            InDoubt: it failed.
        """
        if self.state == OPEN and self.clock() >= self.last + self.limits.open_for:
            self._become(HALF_OPEN)
        if self.state == OPEN:
            raise NotCalled("the breaker is open")
        try:
            result = await operation()
        except InDoubt:
            self.failed()
            raise
        except Refused:  # to refuse is to answer
            self.succeeded()
            raise
        self.succeeded()
        return result

    def succeeded(self) -> None:
        """A call succeeded."""
        if self.state == HALF_OPEN:
            self.count = 0
        super().succeeded()

    def failed(self) -> None:
        """A call failed, however long ago the others did."""
        self.count += 1
        self.last = self.clock()
        if self.count >= self.limits.failures and self.state != OPEN:
            self._become(OPEN)


class SummaryCaller(TellingCaller):
    """Calls once, through the sketch's breaker."""

    breaker: SummaryBreaker

    async def call(
        self, attempt: Attempt, seconds: float, name: Any = None, *, idempotent: bool = True
    ) -> Any:
        """The result of a call; see `Caller.call`."""

        async def operation() -> Any:
            self.called(1, name)
            if self.breaker.state == HALF_OPEN:
                self.announce(PROBE, {"endpoint": self.endpoint})
            try:
                with trio.move_on_after(seconds):
                    return await attempt(seconds)
                raise InDoubt(f"no answer within {seconds:g} s")
            except InDoubt:
                self.announce(FAILED, {"endpoint": self.endpoint})
                raise

        try:
            return await self.breaker.execute(operation)
        except NotCalled:
            self.announce(REJECTED, {"endpoint": self.endpoint})
            raise


class SummaryGateway(Gateway):
    """Calls through the sketch's breakers, once each."""

    caller_class = SummaryCaller

    def new_breaker(self, changed: Callable[[str], None]) -> Breaker:
        """By the wall clock."""
        return SummaryBreaker(self.limits, self.node.clock.time, changed)


SYSTEM = System(
    name="service-calls-summary",
    title="calls of several services behind circuit breakers as sketched (chapter 1)",
    server=planted(ServiceServer, gateway=SummaryGateway),
    client=ServiceClient,
    workloads=("breaker", "http-retry"),
    claims=Claims(kinds=(), max_down=0),
    form="summary",
    nodes=4,
    sizes=range(3, 10),
)
