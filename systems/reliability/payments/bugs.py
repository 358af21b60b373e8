"""Planted bugs of the payments service: it, with one decision wrong."""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.reliability.calling import Breaker, Caller, Permit, Policy
from splitbrain.systems.reliability.calling.caller import Attempt
from splitbrain.systems.reliability.payments.gateway import Gateway
from splitbrain.systems.reliability.payments.processor import Processor
from splitbrain.systems.reliability.payments.servers import PaymentsServer
from splitbrain.systems.reliability.payments.summary import SummaryProcessor


class RemembersInMemory(Processor):
    """Keeps the numbers of requests in memory only."""

    def remember(self) -> None:
        """A new life begins without a past."""


class SaysItFailed(Caller):
    """Takes a call that timed out for one that was not done."""

    def may_have_been_done(self, doubt: bool) -> bool:
        """Nobody answered, so nobody did it."""
        return False


class NestedRetries(Caller):
    """A layer below tries each attempt three times, and knows of no budget."""

    async def attempt_once(self, attempt: Attempt, seconds: float, permit: Permit) -> Any:
        """One attempt, three times."""

        async def thrice(left: float) -> Any:
            for _ in range(2):
                with trio.move_on_after(left / 3):
                    return await attempt(left / 3)
                self.called(2)
            return await attempt(left / 3)

        return await super().attempt_once(thrice, seconds, permit)


class NoJitter(Caller):
    """Waits as long as everybody else."""

    def wait(self, number: int) -> float:
        """The bound itself."""
        return self.bound(number)


class LetsAllThrough(Breaker):
    """Lets every caller through while it is half-open."""

    def may_probe(self) -> bool:
        """Whoever asks may."""
        return True


class ByTheWallClock(Gateway):
    """Measures a breaker's time by the wall clock."""

    def clock(self) -> float:
        """It may be set back, and then the breaker stays open for as much longer."""
        return self.node.clock.time()


def _calling(**instead: Any) -> type[PaymentsServer]:
    return planted(PaymentsServer, gateway=planted(Gateway, **instead))


BUGS: tuple[Bug, ...] = (
    Bug(
        id="RES-01",
        title="a payment that timed out is tried again, and paid twice",
        server=planted(PaymentsServer, processor=SummaryProcessor),
        workload="payments",
        faults=("service.answers_lost",),
        nodes=3,
        seeds=10,
        shows=("duplicated",),
        source="DDIA chapter 11, Idempotence; Jepsen: MongoDB 4.2.6 (duplicate writes by retries)",
    ),
    Bug(
        id="RES-01-HEDGED",
        title="a payment that is slow is made a second time beside the first, and paid twice",
        server=planted(
            PaymentsServer,
            processor=SummaryProcessor,
            gateway=planted(Gateway, policy=Policy(attempts=1, hedge_after=0.05)),
        ),
        workload="payments",
        faults=("net.latency", "disk.slow"),
        nodes=3,
        seeds=10,
        shows=("duplicated",),
        source="Dean and Barroso, The Tail at Scale, CACM 56(2), 2013 (hedged requests)",
    ),
    Bug(
        id="RES-02",
        title="a payment that timed out is told as failed",
        server=_calling(caller_class=SaysItFailed),
        workload="payments",
        faults=("net.latency", "process.pause", "net.partition"),
        nodes=3,
        seeds=20,
        shows=("failed-effect",),
        source="DDIA chapter 8, Unreliable Networks",
    ),
    Bug(
        id="RES-03",
        title="retries of two layers multiply",
        server=_calling(caller_class=NestedRetries),
        workload="payments",
        faults=("net.partition", "process.kill"),
        nodes=3,
        seeds=20,
        shows=("retry-storm",),
        source="Bronson et al., Metastable Failures in Distributed Systems (HotOS 2021)",
    ),
    Bug(
        id="RES-04",
        title="retries have no jitter: who failed together comes back together",
        server=_calling(caller_class=NoJitter),
        workload="payments",
        faults=("net.partition", "process.pause"),
        nodes=3,
        seeds=20,
        shows=("synchronised",),
        source="Brooker, Exponential Backoff and Jitter (2015)",
    ),
    Bug(
        id="RES-06",
        title="a half-open breaker lets every caller through",
        server=_calling(breaker_class=LetsAllThrough),
        workload="payments",
        faults=("process.pause", "net.partition"),
        nodes=3,
        seeds=20,
        shows=("second-probe",),
        source="Nygard, Release It! (second edition, 2018), section 5.2",
    ),
    Bug(
        id="RES-07",
        title="a breaker goes by the wall clock: set back, it stays open",
        server=planted(PaymentsServer, gateway=ByTheWallClock),
        workload="payments",
        faults=("clock.bump", "net.partition"),
        nodes=3,
        seeds=60,
        shows=("stuck-open",),
        source="Nygard, Release It! (second edition, 2018), section 5.2; DDIA chapter 8, Monotonic "
        "Versus Time-of-Day Clocks",
    ),
    Bug(
        id="RES-09",
        title="numbers of requests are kept in memory: a payment is paid again after a crash",
        server=planted(PaymentsServer, processor=RemembersInMemory),
        workload="payments",
        faults=("process.kill", "net.latency", "disk.slow"),
        nodes=2,
        seeds=40,
        shows=("duplicated",),
        source="DDIA chapter 11, Idempotence",
    ),
)
