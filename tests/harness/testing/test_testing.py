"""`simulate` turns a function of a plan into an ordinary test, outside pytest too."""

import json
import unittest
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_register import Client, Durable, Forgetful

from splitbrain.harness import Inconclusive, InvalidPlan, Plan, Violation, faults, simulate
from splitbrain.harness.runs.folders import StoreError, read_plan
from splitbrain.harness.testing import decorator as simulated
from splitbrain.harness.workloads import register


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, request, tmp_path):
    """Settings of each test's own; the plugin of the pytest around it fills some in."""
    monkeypatch.setattr(simulated, "settings", simulated.Settings())
    monkeypatch.setattr(request.config.option, "splitbrain_folder", str(tmp_path / "runs"))


small = simulate(nodes=1, clients=2, time_limit="1s", runs=20, faults=faults.kill())


@small
def durable(plan):
    return plan.using(Durable, register(Client))


@small
def forgetful(plan):
    return plan.using(Forgetful, register(Client))


def failure_of(test):
    with pytest.raises(Violation) as failed:
        test()
    return failed.value


def test_a_sound_system_passes():
    finished = []
    simulated.settings.finished = finished.append
    durable()
    (found,) = finished
    assert (found.tried, found.failure) == (20, None)
    # A load of a second is so short that now and then no write of it succeeds.
    assert found.valid + len(found.unknown) == 20
    assert found.valid > 15


def test_a_failure_is_an_assertion_that_tells_the_seed_and_where_the_run_is_kept():
    simulated.settings.render = simulated.settings.command = None  # as without pytest
    failure = failure_of(forgetful)
    assert isinstance(failure, AssertionError)
    assert f"seed {failure.seed} fails" in str(failure)
    assert "INVALID  linearizable(cas-register)" in str(failure)
    assert str(failure.folder) in str(failure)
    assert read_plan(failure.folder).seed == failure.seed
    assert len(read_plan(failure.folder / "shrunk").operations) <= 3


def test_what_is_tried_does_not_depend_on_what_was_tried_before():
    first = failure_of(forgetful)
    durable()
    assert failure_of(forgetful).seed == first.seed


def test_the_seed_of_a_failure_fails_alone():
    failure = failure_of(forgetful)
    finished = []
    simulated.settings.seed = failure.seed
    simulated.settings.finished = finished.append
    assert failure_of(forgetful).seed == failure.seed
    assert finished[0].tried == 1


def test_the_plan_of_a_shrunk_failure_fails_alone():
    failure = failure_of(forgetful)
    simulated.settings.replay = failure.folder / "shrunk" / "plan.json"
    replayed = failure_of(forgetful)
    assert read_plan(replayed.folder) == read_plan(failure.folder / "shrunk")


@pytest.mark.parametrize(
    ("seed", "runs", "seeds"),
    [(None, None, [0, 1, 2]), (None, 2, [0, 1]), (7, None, [7]), (7, 3, [7, 8, 9]), (0, None, [0])],
)
def test_which_seeds_are_tried(seed, runs, seeds):
    assert list(simulated.Settings(seed=seed, runs=runs).seeds(3)) == seeds


def test_a_test_of_nothing_fails_rather_than_passes():
    class Unlucky:
        def __init__(self, node, server):
            pass

        async def read(self, key):
            raise ConnectionError("nobody is there")

        async def write(self, key, value):
            raise ConnectionError("nobody is there")

    @simulate(nodes=1, time_limit=0.5, runs=2)
    def nothing(plan):
        return plan.using(Durable, register(Unlucky))

    with pytest.raises(
        Inconclusive, match=r"none of 2 runs .* so nothing was exercised; check that"
    ) as told:
        nothing()
    assert "linearizable(cas-register): " in str(told.value)
    assert read_plan(told.value.folder).seed == 0


def test_a_client_that_cannot_work_is_named_by_its_error():
    class Wrong(Client):
        async def read(self, key):
            return self.nodes[key]

        async def cas(self, key, old, new):
            return None

    @simulate(nodes=1, time_limit=0.5, runs=2)
    def mistaken(plan):
        return plan.using(Durable, register(Wrong))

    with pytest.raises(Inconclusive, match=r"AttributeError: .*'nodes'.*test_testing\.py:\d+"):
        mistaken()


def test_an_async_test_is_refused():
    with pytest.raises(TypeError, match="must be a plain function"):

        @simulate()
        async def asynchronous(plan):
            return None


def test_a_test_without_a_plan_is_refused():
    with pytest.raises(TypeError, match="parameter named 'plan'"):

        @simulate()
        def planless():
            return None


def test_a_test_that_returns_no_experiment_is_refused():
    @simulate(runs=1)
    def forgot_to_return(plan):
        plan.using(Durable, register(Client))

    with pytest.raises(TypeError, match=r"returned None: return plan\.using"):
        forgot_to_return()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"nodes": 0}, "nodes is 0"),
        ({"time_limit": "10parsecs"}, "time_limit is '10parsecs'"),
        ({"rate": -1}, "rate is -1"),
    ],
)
def test_values_without_sense_are_refused_at_once(arguments, says):
    with pytest.raises(InvalidPlan, match=says):
        simulate(**arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"runs": 0}, "runs is 0: give a whole number from 1 up"),
        ({"runs": "7"}, "runs is '7'"),
        ({"faults": faults.kill}, r"call it, as in faults\.kill\(\), or names"),
        ({"faults": 3}, r"faults is 3: give faults\.kill\(\), say"),
        ({"faults": "kil"}, "did you mean kill"),
    ],
)
def test_what_is_no_number_of_runs_and_no_fault_is_refused_at_once(arguments, says):
    with pytest.raises(InvalidPlan, match=says):
        simulate(**arguments)


def test_faults_can_be_written_as_on_the_command_line():
    kinds = set()

    @simulate(nodes=1, clients=1, time_limit=1, runs=3, faults="kill,pause")
    def named(plan):
        kinds.update(fault.kind for fault in plan.faults)
        return plan.using(Durable, register(Client))

    named()
    assert kinds == {"process.kill", "process.pause"}


@pytest.mark.parametrize(
    ("name", "meant"), [("run", "runs"), ("node", "nodes"), ("fault", "faults")]
)
def test_a_misspelled_parameter_is_not_taken_for_an_option_of_the_workload(name, meant):
    @simulate(**{name: 7})
    def misspelled(plan):
        return plan.using(Durable, register(Client))

    with pytest.raises(InvalidPlan, match=f"no parameter '{name}'.*did you mean '{meant}'"):
        misspelled()


def test_what_is_told_in_a_sentence_shows_none_of_the_harness_s_frames():
    @simulate(nodes=1, kyes=3)
    def misspelled(plan):
        return plan.using(Durable, register(Client))

    with pytest.raises(InvalidPlan) as refused:
        misspelled()
    frames = [entry.frame.code.raw for entry in refused.traceback]
    assert [code.co_name for code in frames[1:]] == ["test", "run"]  # hidden from pytest's users


# What failed before, and what must not fail again


def test_a_failure_has_one_folder_named_after_the_test_however_often_it_comes(tmp_path):
    simulated.settings.folder, simulated.settings.test = tmp_path / "runs", None
    first, again = failure_of(forgetful), failure_of(forgetful)
    assert "test_testing.forgetful--linearizable" in str(first.folder)
    assert again.folder == first.folder / "shrunk"  # done again where it stood
    (folder,) = [path for path in (tmp_path / "runs").iterdir() if path.is_dir()]
    assert folder == first.folder
    assert (tmp_path / "runs" / ".gitignore").read_text() == "*\n"


def test_what_failed_is_tried_first_until_it_passes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    simulated.settings.folder = Path("runs")
    server, tried = Forgetful, []

    @simulate(nodes=1, clients=2, time_limit="1s", runs=20, faults="kill")
    def changing(plan):
        tried.append(plan)
        return plan.using(server, register(Client))

    small = read_plan(failure_of(changing).folder / "shrunk")
    tried.clear()
    assert "what failed before still fails" in str(failure_of(changing))
    assert tried[0] == small
    server = Durable
    for tried_again in (True, False):  # it passes, and is forgotten
        tried.clear()
        changing()
        assert (tried[0] == small) is tried_again


def test_plans_of_a_folder_are_run_before_all_seeds(tmp_path):
    failure = failure_of(forgetful)
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / "lost.json").write_bytes((failure.folder / "shrunk" / "plan.json").read_bytes())
    simulated.settings.root, simulated.settings.folder = tmp_path, tmp_path / "runs"

    @simulate(runs=0, plans="plans/")
    def regression(plan):
        assert plan.operations
        return plan.using(Forgetful, register(Client))

    assert f"{plans / 'lost.json'} fails" in str(failure_of(regression))

    @simulate(runs=0, plans="plans/")
    def mended(plan):
        return plan.using(Durable, register(Client))

    mended()


def test_a_folder_without_plans_and_a_plan_of_another_workload_are_no_tests(tmp_path):
    simulated.settings.root = tmp_path

    @simulate(runs=0, plans="plans")
    def regression(plan):
        return plan.using(Durable, register(Client))

    with pytest.raises(StoreError, match="holds no plans"):
        regression()
    (tmp_path / "plans").mkdir()
    other = Plan("x", "set", nodes=1).to_json()
    (tmp_path / "plans" / "set.json").write_text(json.dumps(other))
    with pytest.raises(InvalidPlan, match=r"set\.json: it is for the workload set, and .*register"):
        regression()


def test_a_replay_says_whether_the_trace_is_the_recorded_one():
    small = failure_of(forgetful).folder / "shrunk"
    simulated.settings.replay = small
    assert "same trace as recorded, byte for byte" in str(failure_of(forgetful))
    written = json.loads((small / "run.json").read_text())
    (small / "run.json").write_text(json.dumps({**written, "trace_sha256": "0" * 64}))
    assert "the trace differs from the recorded one" in str(failure_of(forgetful))
    (small / "run.json").unlink()
    assert "nothing to compare with" in str(failure_of(forgetful))


def test_a_replay_that_fails_no_more_is_said_and_is_no_failure():
    simulated.settings.replay = failure_of(forgetful).folder / "shrunk" / "plan.json"
    durable()
    assert "does not fail any more (valid)" in simulated.settings.notes[0]


def test_shrinking_that_was_ended_by_its_budget_says_so():
    simulated.settings.shrink_budget = 2
    assert "shrinking stopped at its budget of 2 runs" in str(failure_of(forgetful))


def test_hypothesis_may_give_the_other_arguments():
    calls = set()

    @settings(max_examples=10, database=None, deadline=None)
    @given(keys=st.integers(1, 3))
    @simulate(nodes=1, clients=2, time_limit=1, runs=2, faults="kill")
    def explored(plan, keys):
        calls.add(keys)
        return plan.using(Durable, register(Client, keys=keys))

    explored()
    assert len(calls) > 1


def test_given_below_simulate_is_refused():
    with pytest.raises(TypeError, match="write @given above @simulate"):

        @simulate()
        @given(keys=st.integers())
        def wrong(plan, keys):
            return None


def test_a_misspelled_option_is_refused_with_the_right_one():
    @simulate(nodes=1, kyes=3)
    def misspelled(plan):
        return plan.using(Durable, register(Client))

    with pytest.raises(InvalidPlan, match="did you mean keys"):
        misspelled()


def test_it_works_as_a_method_of_unittest():
    class Tests(unittest.TestCase):
        @small
        def test_durable(self, plan):
            assert plan.nodes == 1
            return plan.using(Durable, register(Client))

        @small
        def test_forgetful(self, plan):
            return plan.using(Forgetful, register(Client))

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Tests).run(result)
    assert result.testsRun == 2
    assert [case.id().rpartition(".")[2] for case, _ in result.failures] == ["test_forgetful"]
    assert result.errors == []


def test_the_runs_of_a_failure_go_where_the_settings_say(tmp_path):
    simulated.settings.folder = tmp_path / "elsewhere"
    assert failure_of(forgetful).folder.parent == tmp_path / "elsewhere"
