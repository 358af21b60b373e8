"""The ledger and the processor over crashes; the sketch pays twice."""

from __future__ import annotations

import random

import pytest
import trio
from untimed_disks import StallingDisk, UntimedDisk

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Plan, run
from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.plan import Fault
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.registry import experiment
from splitbrain.systems.reliability.payments.ledger import Ledger


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("seed", range(20))
def test_a_payment_that_was_said_to_be_durable_survives_a_power_loss(policy, seed):
    rng = random.Random(f"{policy}/{seed}")
    disk = SimulatedDisk(rng)
    durable = []

    async def pay(ledger, request):
        await ledger.until_durable(ledger.append((request, "a", 1)))
        durable.append(request)
        durable.extend(request for request, _, _ in await ledger.told())

    async def live():
        ledger = Ledger(StallingDisk(disk, rng.randrange(2, 8)))
        with trio.move_on_after(1):
            await ledger.open()
            async with trio.open_nursery() as nursery:
                for request in range(10):
                    nursery.start_soon(pay, ledger, request)
                    if rng.random() < 0.5:
                        await trio.lowlevel.checkpoint()

    trio.run(live, clock=trio.testing.MockClock(autojump_threshold=0))
    disk.power_loss(policy)
    again = Ledger(UntimedDisk(disk))
    trio.run(again.open)
    kept = [request for request, _, _ in again.entries]

    assert set(durable) <= set(kept)
    assert len(set(kept)) == len(kept)


LATE = Fault("net.latency", at=1.0, duration=6.0, target="all", id="late", options={"delay": 0.3})


def test_the_sketch_pays_twice_when_answers_are_late_and_the_service_does_not():
    plan = Plan("payments-summary", "payments", seed=1, faults=(LATE,))
    sketch, service = (run(experiment(plan.with_(system=s))) for s in (plan.system, "payments"))

    assert "duplicated" in {a.kind for v in sketch.verdicts for a in v.anomalies}
    assert service.validity is not INVALID
