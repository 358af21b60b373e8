"""Calls with retries as a page of code sketches them, in front of a processor that just pays.

``execute_with_retry(operation)`` tries up to three times more, after 1 s doubling to 10 s at most,
when the connection fails or times out; ``execute`` of a circuit breaker is written beside it.

Guarantees: none once an answer is late. The design's weaknesses are kept, since they are what there
is to see:

* A call that timed out is made again though it may have been done, and nothing tells the processor
  that it is the same one (DDIA chapter 8, "Unreliable Networks").
* Waits have no jitter and retries no budget.
* The breaker is there, and is never asked.
"""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.checkers.calls import backoff_spread
from splitbrain.checkers.calls.retry_budgets import RETRY
from splitbrain.harness.bug import planted
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.reliability.calling.caller import Attempt, Caller, InDoubt
from splitbrain.systems.reliability.payments.client import PaymentsClient
from splitbrain.systems.reliability.payments.gateway import Gateway
from splitbrain.systems.reliability.payments.processor import Processor
from splitbrain.systems.reliability.payments.servers import PaymentsServer

RETRIES = 3
BACKOFF_S, MOST_BACKOFF_S = 1.0, 10.0

CALL_TIMEOUT_S = 0.2
"""How long an answer is waited for; the sketch leaves it to the operation."""


class SummaryCaller(Caller):
    """Tries again whenever it has no answer."""

    async def call(
        self, attempt: Attempt, seconds: float, name: Any = None, *, idempotent: bool = True
    ) -> Any:
        """The result of the first attempt that is answered; see `Caller.call`."""
        return await self.execute_with_retry(attempt)

    async def execute_with_retry(self, operation: Attempt) -> Any:
        """Try, and try again.

        Raises:
            InDoubt: no attempt was answered.
        """
        delay = BACKOFF_S
        for number in range(1, RETRIES + 1):
            with trio.move_on_after(CALL_TIMEOUT_S):
                return await operation(CALL_TIMEOUT_S)
            self.announce(RETRY, {"attempt": number + 1, "delay": delay})
            await trio.sleep(delay)
            delay = min(2 * delay, MOST_BACKOFF_S)
        with trio.move_on_after(CALL_TIMEOUT_S):
            return await operation(CALL_TIMEOUT_S)
        raise InDoubt("no attempt was answered")


class SummaryProcessor(Processor):
    """Pays whatever it is asked to pay."""

    def position(self, request: int) -> int | None:
        """It keeps no record of requests."""
        return None


SYSTEM = System(
    name="payments-summary",
    title="payments behind blind retries, as sketched (chapter 1)",
    server=planted(
        PaymentsServer,
        processor=SummaryProcessor,
        gateway=planted(Gateway, caller_class=SummaryCaller),
    ),
    client=PaymentsClient,
    workloads=("payments",),
    claims=Claims(kinds=(), max_down=0),
    checkers=(backoff_spread(),),
    form="summary",
    sizes=range(2, 10),
)
