"""A plan runs on whatever ground it names, also one from outside; what that can't do is refused."""

import pytest
from small_register import Client, Durable, Forgetful

from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness import Fault, InvalidPlan, Plan, Violation, run, search, shrink, simulate
from splitbrain.harness.ground import GROUNDS, ground_named
from splitbrain.harness.runs.folders import read_plan
from splitbrain.harness.runs.running import check_plan
from splitbrain.harness.testing import decorator as simulated
from splitbrain.harness.workloads import register

TASKS = "tasks_ground:GROUND"
PLAN = Plan("", "", nodes=1, clients=3, time_limit=2.0, rate=40.0, ground=TASKS)
KILL = Fault("process.kill", 0.8, 0.2, "n1", id="f1")


def of(server, *faults, **changes):
    return PLAN.with_(faults=faults, **changes).using(server, register(Client))


def ends_of(result):
    return {e.value["id"]: e.value for e in result.history if "stop" in str(e.value)}


def test_a_workload_and_faults_run_on_a_ground_from_outside():
    slow = Fault("net.latency", 0.2, 0.5, "n1", {"delay": 0.05}, "f2")
    result = run(of(Durable, KILL, slow))
    assert result.validity is VALID
    assert [e.value for e in result.history.events("phase")] == [
        "load",
        "heal",
        "settle",
        "final",
        "done",
    ]
    assert sum(call.outcome == "ok" for call in result.history.calls()) > 5
    assert ends_of(result)["f1"]["effect"] == {"killed": ["n1"]}
    assert ends_of(result)["f2"]["observed"]


def test_a_system_that_forgets_is_caught_on_it_and_its_failure_made_small():
    result = run(of(Forgetful, KILL))
    assert result.validity is INVALID
    assert not result.deterministic
    small = shrink(of(Forgetful, KILL), result, budget=10)
    assert small.run.signature == result.signature
    assert len(small.run.plan.operations) < len(small.original.operations)


def test_what_a_ground_cannot_perform_is_refused_in_a_sentence():
    pause = Fault("process.pause", 0.1, 0.1, "n1")
    with pytest.raises(InvalidPlan) as refused:
        check_plan(of(Durable, KILL, pause))
    assert str(refused.value) == (
        "fault f2 is process.pause, which the ground tasks_ground:GROUND cannot perform: "
        "it performs process.kill, net.partition, net.latency"
    )
    with pytest.raises(InvalidPlan, match="cannot perform"):
        run(of(Durable, pause))


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"network": {"latency": [0.1, 0.2]}}, "takes no option 'network': leave it out"),
        ({"ground": "fast"}, "the ground of tasks has no options yet"),
    ],
)
def test_what_a_ground_does_not_know_is_refused(option, says):
    with pytest.raises(InvalidPlan, match=says):
        run(of(Durable, options=option))


class Varying(Durable):
    lives = 0

    async def run(self):
        Varying.lives += 1
        self.node.trace("lives", Varying.lives)
        await super().run()


def test_runs_are_compared_on_deterministic_grounds_alone():
    found = search(lambda seed: of(Varying, seed=seed, time_limit=0.5), range(3))
    assert found.tried == 3
    assert Varying.lives == 3


def test_a_failure_that_may_never_come_again_is_kept_as_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(simulated, "settings", simulated.Settings(folder=tmp_path, shrink_budget=5))
    runs = []

    class Once(Forgetful):
        """Forgets in its first run only."""

        async def run(self):
            if not self.node.disk.exists("log"):
                runs.append(self.node)
            self.saves = len(runs) > 1
            await super().run()

    @simulate(nodes=1, clients=3, time_limit=2.0, rate=40.0, runs=1, ground=TASKS)
    def forgets(plan):
        return plan.with_(faults=(KILL,)).using(Once, register(Client))

    with pytest.raises(Violation) as failed:
        forgets()
    assert "INVALID  linearizable(cas-register)" in str(failed.value)
    assert read_plan(failed.value.folder).ground == TASKS


# Finding grounds


def test_a_ground_is_found_by_name_by_place_and_where_a_package_registers_it(monkeypatch, tmp_path):
    info = tmp_path / "tasks_for_splitbrain-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tasks-for-splitbrain\n")
    (info / "entry_points.txt").write_text(f"[splitbrain.grounds]\ntasks = {TASKS}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(vars(GROUNDS), "_installed", raising=False)  # what was found before
    assert ground_named("simulation").deterministic
    assert ground_named("tasks") is ground_named(TASKS)
    assert run(of(Durable, ground="tasks", time_limit=0.5)).validity is VALID


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("moon", "there is no ground 'moon': there (is|are) simulation"),
        ("no_such_module:GROUND", "cannot be imported .No module named 'no_such_module'"),
        ("tasks_ground:NOTHING", "tasks_ground has no NOTHING"),
        ("tasks_ground:LATENCY", "tasks_ground:LATENCY is a float, not a Ground"),
    ],
)
def test_what_is_no_ground_is_refused_with_what_to_give(name, says):
    with pytest.raises(InvalidPlan, match=says):
        check_plan(of(Durable, ground=name))
