"""On a ground of chance, shrinking ends with a plan that failed more than once by luck."""

import pytest
from small_register import Client, Forgetful

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Fault, Plan, run, shrink
from splitbrain.harness.shrinking import NotReproduced
from splitbrain.harness.simulation.ground import Simulation
from splitbrain.harness.workloads import register


class Chance(Simulation):
    """The simulation, said to be a ground where a plan's runs differ."""

    deterministic = False


GROUND = Chance()
KILL = Fault("process.kill", 0.8, 0.2, "n1", id="f1")
PLAN = Plan(
    "", "", nodes=2, clients=3, time_limit=2.0, rate=40.0, ground="test_shrink_by_chance:GROUND"
).with_(faults=(KILL,))


class Lucky(Forgetful):
    """Always forgets where it has a peer; alone, only in as many lives as it has luck."""

    luck = 0

    def __init__(self, node):
        super().__init__(node)
        if not node.peers:
            self.saves = Lucky.luck <= 0
            Lucky.luck -= 1


def test_a_plan_that_failed_once_by_luck_is_no_result():
    experiment = PLAN.using(Lucky, register(Client))
    failing = run(experiment)
    assert failing.validity is INVALID
    Lucky.luck = 2
    small = shrink(experiment, failing, budget=60)
    assert Lucky.luck < 0, "one server alone was never tried"
    assert small.run.plan.nodes == 2
    assert small.run.validity is INVALID
    assert len(small.run.plan.operations) < len(small.original.operations)


class Once(Forgetful):
    lives = 0

    def __init__(self, node):
        super().__init__(node)
        Once.lives += 1
        self.saves = Once.lives > 2 * (1 + len(node.peers))


def test_a_failure_that_never_comes_again_is_told_as_one_of_chance():
    experiment = PLAN.using(Once, register(Client))
    failing = run(experiment)
    assert failing.validity is INVALID
    with pytest.raises(NotReproduced, match=r"6 times it did not.*may come by chance"):
        shrink(experiment, failing, budget=10)
