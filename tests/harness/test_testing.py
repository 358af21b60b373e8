"""`simulate` turns a function of a plan into an ordinary test, outside pytest too."""

import unittest

import pytest
from small_register import Client, Durable, Forgetful

from splitbrain.harness import Inconclusive, InvalidPlan, Violation, faults, simulate
from splitbrain.harness import testing as simulated
from splitbrain.harness.store import read_plan
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
    ):
        nothing()


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
