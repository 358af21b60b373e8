"""A failing plan becomes as small as it gets, and fails by itself in the same way."""

import json
from dataclasses import replace

import pytest
from small_register import Client, Durable, Forgetful

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Fault, Plan, PlannedOperation, faults, run, search, shrink
from splitbrain.harness.node import Node
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.folders import read_plan
from splitbrain.harness.runs.investigating import investigate
from splitbrain.harness.shrinking import NotReproduced, listed_operations
from splitbrain.harness.workloads import register
from splitbrain.systems import registry

BASE = Plan("", "", nodes=3, clients=3, time_limit=2.0)


def forgetful(seed):
    plan = BASE.with_(seed=seed)
    drawn = faults.swarm("process,net").draw(seed, plan)
    return plan.with_(faults=drawn).using(Forgetful, register(Client))


@pytest.fixture(scope="module")
def failing():
    found = search(forgetful, range(100))
    assert found.experiment is not None
    return found.experiment, found.failure


@pytest.fixture(scope="module")
def shrunk(failing):
    return shrink(*failing)


def test_the_small_plan_fails_by_itself_in_the_same_way(failing, shrunk):
    experiment, failure = failing
    again = run(experiment.with_plan(shrunk.run.plan))
    assert again.validity is INVALID
    assert again.signature == failure.signature == shrunk.run.signature
    assert again.trace.digest() == shrunk.run.trace.digest()


def test_it_has_a_handful_of_operations_and_only_what_they_need(failing, shrunk):
    plan = shrunk.run.plan
    assert shrunk.complete
    assert len(plan.operations) <= 3
    assert len(plan.faults) == 1
    assert plan.nodes == 1
    assert plan.clients <= 2
    assert plan.time_limit <= failing[0].plan.time_limit


def test_taking_any_remaining_fault_away_ends_the_failure(failing, shrunk):
    plan = shrunk.run.plan
    for position in range(len(plan.faults)):
        without = plan.with_(faults=plan.faults[:position] + plan.faults[position + 1 :])
        assert run(failing[0].with_plan(without)).signature != shrunk.run.signature
    assert [n.fault for n in shrunk.necessary] == list(plan.faults)
    assert {n.finding for n in shrunk.necessary} == {"necessary"}


def test_taking_any_remaining_operation_away_ends_the_failure(failing, shrunk):
    plan = shrunk.run.plan
    for position in range(len(plan.operations)):
        kept = plan.operations[:position] + plan.operations[position + 1 :]
        result = run(failing[0].with_plan(plan.with_(operations=kept)))
        assert result.signature != shrunk.run.signature


def test_the_small_plan_survives_a_file(shrunk):
    plan = shrunk.run.plan
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_the_summary_says_how_much_smaller_it_became(failing, shrunk):
    data = json.loads(json.dumps(shrunk.to_json()))
    assert data["operations"] == [
        len(listed_operations(failing[1].history, 3)),
        len(shrunk.run.plan.operations),
    ]
    assert data["faults"] == [len(failing[0].plan.faults), 1]
    assert data["runs"] == shrunk.runs > 0


@pytest.mark.parametrize("jobs", [1, 3])
def test_shrinking_is_a_function_of_the_plan_on_however_many_cores(failing, shrunk, jobs):
    again = shrink(*failing, jobs=jobs)
    assert again.run.plan == shrunk.run.plan
    assert again.to_json() == shrunk.to_json()


def test_a_budget_ends_at_the_same_run_on_however_many_cores(failing):
    one, three = (shrink(*failing, budget=20, jobs=jobs) for jobs in (1, 3))
    assert one.run.plan == three.run.plan
    assert one.to_json() == three.to_json()
    assert not one.complete


def test_in_no_time_it_gets_nowhere_and_says_so(failing):
    small = shrink(*failing, time_box=0.0)
    assert not small.complete
    # All that is tried is each fault, which is needed to say what it does.
    assert small.run.plan.nodes == failing[0].plan.nodes


def test_no_plan_is_run_twice_under_one_seed(failing, monkeypatch):
    from splitbrain.harness.shrinking import trials

    seen = []
    monkeypatch.setattr(
        trials, "run", lambda experiment, **how: seen.append(experiment.plan) or run(experiment)
    )
    shrink(*failing, jobs=1)
    assert len(seen) == len({repr(plan) for plan in seen})


def test_within_its_budget_it_gets_as_far_as_it_gets(failing):
    told = []
    small = shrink(*failing, budget=5, progress=lambda runs, plan: told.append(runs))
    assert not small.complete
    assert small.run.signature == failing[1].signature
    assert told[:5] == [1, 2, 3, 4, 5]
    # What comes on top is finding out how often it fails, and which faults are necessary.
    assert len(small.necessary) == len(small.run.plan.faults)


def test_a_run_that_did_not_fail_cannot_be_shrunk():
    experiment = BASE.using(Durable, register(Client))
    result = run(experiment)
    assert result.validity is VALID
    with pytest.raises(ValueError, match="only an invalid run"):
        shrink(experiment, result)


class FirstTimeOnly:
    """Forgets in the first run of a process only: no function of its plan."""

    runs = 0

    def __init__(self, node: Node) -> None:
        if node.name == "n1" and node.number == 0:
            FirstTimeOnly.runs += 1
        self.server = (Forgetful if FirstTimeOnly.runs == 1 else Durable)(node)

    async def run(self) -> None:
        await self.server.run()


@pytest.mark.slow
def test_a_failure_that_does_not_come_again_is_told_as_such(failing, tmp_path):
    experiment = replace(failing[0], server=FirstTimeOnly)
    FirstTimeOnly.runs = 0
    first = run(experiment)
    assert first.validity is INVALID
    with pytest.raises(NotReproduced, match="depends on something besides its node"):
        shrink(experiment, first, budget=10)
    FirstTimeOnly.runs = 0
    found = investigate(experiment, tmp_path, budget=10)
    assert found.run.validity is INVALID
    assert found.shrunk is None
    assert "does not fail again" in found.problem


def test_an_investigation_keeps_the_small_run_beside_the_large_one(failing, shrunk, tmp_path):
    found = investigate(failing[0], tmp_path)
    assert found.telling_folder == tmp_path / "shrunk"
    assert read_plan(tmp_path) == failing[0].plan
    assert read_plan(tmp_path / "shrunk") == shrunk.run.plan
    kept = json.loads((tmp_path / "shrink.json").read_text())
    assert kept.pop("certain") == found.certain.to_json()
    assert kept == shrunk.to_json()


def test_a_planted_bug_of_a_real_system_shrinks_too():
    base = Plan("leader-follower-summary", "set", clients=3, time_limit=4.0)

    def make(seed):
        return registry.experiment(draw(base.with_(seed=seed), "kill,partition"))

    found = search(make, range(50), wanted=lambda r: r.signature.startswith("set-full/lost"))
    small = shrink(found.experiment, found.failure)
    assert small.run.signature == found.failure.signature
    assert len(small.run.plan.operations) <= 3
    assert len(small.run.plan.faults) <= 2


class Settled(Forgetful):
    """Forgets for sure what it took in after a second of its life; before that, by luck."""

    def __init__(self, node):
        super().__init__(node)
        self.begun = node.clock.monotonic()

    @property
    def saves(self):
        young = self.node.clock.monotonic() < self.begun + 1.0
        return young and self.node.random.random() < 0.85


def test_a_failure_that_is_certain_stays_so_while_times_are_pulled_forward():
    kill = Fault("process.kill", 3.0, 0.1, "n1", id="f1")
    write, read = ("write", ["x", 1]), ("read", ["x", None])
    operations = (PlannedOperation(2.5, 0, *write), PlannedOperation(3.5, 0, *read))
    plan = Plan("", "", nodes=1, clients=1, time_limit=4.0, faults=(kill,), operations=operations)
    experiment = plan.using(Settled, register(Client))
    small = shrink(experiment, run(experiment), jobs=1)

    assert small.often.failed == small.often.of
    assert small.run.plan.operations[0].at < 2.5
