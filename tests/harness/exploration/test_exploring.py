"""All runs with at most k deviations: what they find, what they leave out, and that it is all."""

import random
from itertools import combinations

import pytest
from small_register import Client, Durable, Forgetful

from splitbrain.harness import InvalidPlan, Plan, PlannedOperation, run
from splitbrain.harness.exploration import CRASH, LATE, steering
from splitbrain.harness.exploration import program as programs
from splitbrain.harness.exploration.exploring import (
    crashes_claimed,
    explore,
    extended,
    run_with,
)
from splitbrain.harness.exploration.ground import deviating
from splitbrain.harness.exploration.program import small_program
from splitbrain.harness.exploration.steering import CLIENTS, Step
from splitbrain.harness.ground import Turn
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.runs.running import check_plan
from splitbrain.harness.workloads import register


def program(server, *operations, nodes=1, clients=2, time_limit=0.5, claims=None):
    plan = Plan("", "", nodes=nodes, clients=clients, time_limit=time_limit, operations=operations)
    return plan.using(server, register(Client), claims=claims)


WRITE = PlannedOperation(0.0, 0, "write", ["x", 1])
OTHER = PlannedOperation(0.0, 1, "write", ["x", 2])
READ = PlannedOperation(0.2, 0, "read", ["x", None])


def test_what_was_not_synced_is_found_lost_at_some_crash_point():
    found = explore(program(Forgetful, WRITE, READ), deviations=1, most=1_000, crashes=1)
    assert found.failing.signature == "linearizable(cas-register)/stale-read"
    ((_, kind),) = found.failing.plan.options["ground"]["deviations"]
    assert kind == CRASH


def test_of_a_right_system_none_of_all_fails():
    found = explore(program(Durable, WRITE, OTHER, READ), deviations=2, most=1_000, crashes=1)
    assert found.proved
    assert found.runs > 50
    assert found.vain < found.runs


def test_without_crashes_nothing_is_lost():
    found = explore(program(Forgetful, WRITE, READ), deviations=2, most=1_000, crashes=0)
    assert found.proved


def test_when_it_gives_up_nothing_is_proved():
    found = explore(program(Durable, WRITE, READ), deviations=2, most=5, crashes=1)
    assert (found.runs, found.complete, found.proved) == (5, False, False)


class Backwards(Durable):
    """Loses everything once the writes 1, 2, 3 have come in the order 3, 2, 1."""

    async def run(self):
        came = []
        receive = self.node.network.receive

        async def seen():
            source, message = await receive()
            if message[2] == "write":
                came.append(message[-1])
            if came[-3:] == [3, 2, 1]:
                raise RuntimeError("backwards")
            return source, message

        node = self.node

        class Watching:
            class network:
                receive = staticmethod(seen)
                send = node.network.send

            def __getattr__(self, name):
                return getattr(node, name)

        self.node = Watching()
        await super().run()


def test_a_bug_that_takes_three_deviations_is_found_with_three_and_not_with_two():
    operations = [PlannedOperation(0.01 * n, n - 1, "write", ["x", n]) for n in (1, 2, 3)]
    reversing = program(Backwards, *operations, READ, clients=3)
    two, three = (explore(reversing, deviations=k, most=5_000, crashes=0) for k in (2, 3))
    assert two.proved
    assert three.failing.signature == "unhandled-exceptions/node-died"
    assert [kind for _, kind in three.failing.plan.options["ground"]["deviations"]] == [LATE] * 3
    again = run(reversing.with_plan(Plan.from_json(three.failing.plan.to_json())))
    assert again.signature == three.failing.signature


def test_another_continuation_has_no_further_crash():
    found = explore(program(Forgetful, WRITE, READ), deviations=1, most=1_000, crashes=1)
    failing = program(Forgetful, WRITE, READ).with_plan(found.failing.plan)
    losses = [
        len(run(failing, turn=turn).history.events("process.power_loss"))
        for turn in (None, Turn(0.0, 1))
    ]
    assert losses == [2, 0]  # it begins, and it ends


# That it is all


def outcome(result):
    """What a run shows: what clients did and saw, in which order."""
    calls = sorted(result.history.calls(), key=lambda call: call.process)
    overlaps = [a.end is not None and a.end < b.start for a in calls for b in calls if a is not b]
    return repr([(c.process, c.f, c.outcome, c.result) for c in calls]), tuple(overlaps)


RACING = (WRITE, OTHER, PlannedOperation(0.0, 2, "read", ["x", None]))


def outcomes(experiment, deviations, crashes=0):
    """Of all runs with at most so many deviations."""
    seen, level = set(), [()]
    for number in range(deviations + 1):
        following = []
        for chosen in level:
            result, steps = run_with(experiment, chosen)
            seen.add(outcome(result))
            if number < deviations:
                following += extended(chosen, steps, crashes)
        level = following
    return seen


def test_the_reduction_leaves_out_no_outcome(monkeypatch):
    """Against the order of all events varied, as if everything depended on everything."""
    racing = program(Durable, *RACING, clients=3, time_limit=0.1)
    reduced = outcomes(racing, 2)
    place_of = steering.place_of

    def everywhere(action, arguments):
        step = place_of(action, arguments)
        return step and Step("everywhere", step.movable)

    monkeypatch.setattr(steering, "place_of", everywhere)
    assert outcomes(racing, 2) <= reduced
    assert len(reduced) > 3


def test_random_schedules_show_nothing_that_exploring_does_not():
    racing = program(Durable, *RACING, clients=3, time_limit=0.1)
    explored = outcomes(racing, 3)
    slow = {"network": {"latency": [0.001, 0.02]}}
    seen = {
        outcome(run(racing.with_plan(racing.plan.with_(seed=seed, options=slow)), tracing=False))[0]
        for seed in range(100)
    }
    assert len(seen) > 2
    assert seen <= {told for told, _ in explored}


def test_each_set_of_deviations_comes_once_and_every_one_that_can():
    """Against all sets of positions, tried blindly: the same runs, as far as they differ."""
    experiment = program(Durable, WRITE, READ, time_limit=0.3)
    chosen, level = [()], [()]
    for _ in range(2):
        level = [
            more for one in level for more in extended(one, run_with(experiment, one)[1], crashes=1)
        ]
        chosen += level
    assert len(chosen) == len(set(chosen))
    reached = {outcome(run_with(experiment, one)[0]) for one in chosen}
    positions = range(max(len(run_with(experiment, one)[1]) for one in chosen))
    blind = [
        tuple(zip(where, kinds, strict=True))
        for where in combinations(positions, 2)
        for kinds in ((LATE, LATE), (LATE, CRASH), (CRASH, LATE))
    ]
    for one in random.Random(7).sample(blind, 120):
        assert outcome(run_with(experiment, one)[0]) in reached


def test_the_base_is_the_run_of_the_plan_itself():
    experiment = program(Durable, WRITE, OTHER, READ)
    base, steps = run_with(experiment, ())
    assert [repr(e) for e in base.history] == [repr(e) for e in run(experiment).history]
    assert {step.place for step in steps} == {"n1", CLIENTS}


# What is asked of a system


def test_as_many_servers_crash_as_the_system_claims_to_do_without():
    def claimed(claims, nodes):
        return crashes_claimed(program(Durable, WRITE, nodes=nodes, claims=claims))

    assert claimed(None, 3) == 3
    assert claimed(Claims(("process",), max_down="minority"), 5) == 2
    assert claimed(Claims(("net",)), 3) == 0
    steps = [Step("n1", True), Step("n1", True)]
    kinds = [more[-1][1] for more in extended(((-1, CRASH),), steps, crashes=1)]
    assert kinds == [LATE]


class Mute(Durable):
    async def run(self):
        while True:
            await self.node.network.receive()


def test_a_program_is_the_first_that_exercises_something(monkeypatch):
    base = Plan("", "", nodes=1, clients=2, time_limit=2.0)
    made = small_program(lambda plan: plan.using(Durable, register(Client)), base, 5)
    assert len(made.plan.operations) == 5
    assert made.plan.time_limit < 2.0
    monkeypatch.setattr(programs, "TRIED", 2)
    with pytest.raises(InvalidPlan, match=r"no program of 5 operations.*longer --time-limit"):
        small_program(lambda plan: plan.using(Mute, register(Client)), base, 5)


@pytest.mark.parametrize("ground", [{"deviation": []}, {"deviations": [[1, "soon"]]}, [1]])
def test_misspelt_deviations_are_refused(ground):
    experiment = program(Durable, WRITE)
    plan = deviating(experiment.plan, ()).with_(options={"ground": ground})
    with pytest.raises(InvalidPlan, match=r"option ground: .*give deviations such as"):
        check_plan(experiment.with_plan(plan))
