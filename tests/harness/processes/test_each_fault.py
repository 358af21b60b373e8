"""Each fault that real processes can have is seen to act on one, and is over at its end."""

import sys

import pytest
from patience import effects, patiently
from small_register import Client, Durable

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Fault, Plan
from splitbrain.harness.processes import vdso
from splitbrain.harness.processes.files import questions, rooms
from splitbrain.harness.workloads import register
from splitbrain.systems.registry import experiment

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux"),
]

PLAN = Plan("raft", "register", nodes=3, clients=3, time_limit=2.0, rate=60.0, ground="processes")
NEEDS = {
    "clock": vdso,
    "process.power_loss": questions,
    "disk.slow": questions,
    "disk.stall": questions,
    "disk.no_room": rooms,
}

SURVIVED = {
    "process.kill": {},
    "process.power_loss": {"policy": "drop_unsynced"},
    "process.terminate": {},
    "process.pause": {},
    "net.partition": {"shape": "halves"},
    "net.partition_oneway": {},
    "net.latency": {"delay": 0.02},
    "net.loss": {"probability": 0.3},
    "net.duplicate": {"probability": 0.5},
    "net.bandwidth": {"rate": 3000.0},
    "client.partition": {},
    "clock.bump": {"offset": 100.0},
    "clock.strobe": {},
    "clock.backward": {},
    "clock.leap": {"how": "repeat"},
    "disk.slow": {"delay": 0.02},
    "disk.stall": {},
}
"""All goes on as before when they are over."""

LOSING = ("disk.empty", "disk.older", "disk.no_room")
"""A server that loses what it acknowledged, or cannot write, is more than Raft survives."""


class Dated(Durable):
    """Looks at its wall clock at each request, as Raft never does."""

    async def run(self):
        receive, clock = self.node.network.receive, self.node.clock

        async def dated():
            clock.time()
            return await receive()

        self.node.network.receive = dated
        await super().run()


def seen_of(kind, options, target="leader"):
    module = NEEDS.get(kind) or NEEDS.get(kind.partition(".")[0])
    if module is not None and (why := module.unavailable()) is not None:
        pytest.skip(why)
    fault = Fault(kind, 0.5, 0.8, target, options=options, id="f1")
    plan = PLAN.with_(faults=(fault,))
    if kind.startswith("clock."):
        small = plan.with_(system="", nodes=1)
        result = patiently(small, lambda plan: plan.using(Dated, register(Client)), acts)
    else:
        result = patiently(plan, experiment, acts)
    return result, list(effects(result).values())


def acts(result):
    return all(effects(result).values())


@pytest.mark.parametrize("kind", SURVIVED)
def test_a_fault_acts_and_is_over(kind):
    target = {"client": "c1", "clock": "n1"}.get(kind.partition(".")[0], "leader")
    result, seen = seen_of(kind, SURVIVED[kind], target)
    assert seen
    assert all(seen)
    assert result.validity is not INVALID, [(v.checker, v.reason) for v in result.verdicts]


@pytest.mark.parametrize("kind", LOSING)
def test_a_fault_of_the_data_acts(kind):
    _, seen = seen_of(kind, {})
    assert seen
    assert all(seen)
