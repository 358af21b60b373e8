"""A user's simulated tests under pytest: what they see when one passes, fails or is wrong."""

import re
import shlex
from pathlib import Path

import pytest

import splitbrain.harness.testing.trying
import splitbrain.reports  # noqa: F401
from splitbrain.harness.testing import decorator as simulated

SERVICE = (Path(__file__).parents[1] / "small_register.py").read_text(encoding="utf-8")

TESTS = """
    from splitbrain.harness import faults, simulate
    from splitbrain.harness.workloads import register
    from my_service import Client, Durable, Forgetful

    small = simulate(nodes=1, clients=2, time_limit="1s", runs=20, faults=faults.kill())

    @small
    def test_durable(plan):
        return plan.using(Durable, register(Client))

    @small
    def test_forgetful(plan):
        return plan.using(Forgetful, register(Client))
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """A folder with the service; its tests are pytest's, run by a pytest inside this one."""
    monkeypatch.setattr(simulated, "settings", simulated.Settings())
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    # The plugin as it is here: an editable installation has a copy from when it was made.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    pytester.makepyfile(my_service=SERVICE)
    return pytester


def pytest_in(project, *arguments):
    """In this process: what is imported already stays, and need not be imported again."""
    return project.runpytest_inprocess("-p", "no:cacheprovider", *arguments)


def pytest_alone(project, *arguments):
    return project.runpytest_subprocess("-p", "no:cacheprovider", *arguments)


def story_of(result):
    return result.stdout.str()


def command_in(text, label):
    (command,) = set(re.findall(rf"{label}: +pytest (.*)", text))
    return shlex.split(command)


def test_a_failure_tells_a_small_story_and_how_to_repeat_it(project):
    project.makepyfile(test_kv=TESTS)
    result = pytest_in(project)
    result.assert_outcomes(passed=1, failed=1)
    text = story_of(result)
    assert re.search(r"seed \d+ fails \(\d+ tried\)", text)
    assert "INVALID" in text
    assert "shrunk from" in text
    assert re.search(r"necessary: \S+ process\.kill", text)
    (report,) = set(re.findall(r"report: +(.*report\.html)", text))
    assert Path(report.removeprefix("E").strip()).is_file()
    # The story is the failure: no frames of the harness above it.
    assert "harness/t" not in text.partition("short test summary")[0]


@pytest.mark.slow
def test_the_commands_it_names_repeat_the_small_run_and_the_whole_one(project):
    project.makepyfile(test_kv=TESTS)
    first = story_of(pytest_in(project, "-k", "forgetful"))
    small, whole = command_in(first, "replay"), command_in(first, "whole run.*")
    (plan,) = project.path.glob("runs/*/shrunk/plan.json")
    assert small == ["test_kv.py::test_forgetful", "--splitbrain-replay", str(plan)]
    assert whole[:2] == ["test_kv.py::test_forgetful", "--splitbrain-seed"]
    replayed = pytest_in(project, *small)
    replayed.assert_outcomes(failed=1)
    # It is as small as it was, and is repeated in the same way again.
    assert command_in(story_of(replayed), "replay") == small
    again = pytest_in(project, *whole)
    again.assert_outcomes(failed=1)
    assert f"seed {whole[2]} fails (1 tried)" in story_of(again)


def test_options_say_how_many_seeds_and_which(project):
    project.makepyfile(
        test_count="""
        import pytest
        from splitbrain.harness import simulate
        from splitbrain.harness.workloads import register
        from my_service import Client, Durable

        seeds = []

        @simulate(nodes=1, clients=1, time_limit=0.5, runs=9)
        def test_count(plan):
            if plan.seed not in seeds:
                seeds.append(plan.seed)
            return plan.using(Durable, register(Client))

        def test_seeds(request):
            assert seeds == eval(request.config.getini("wanted"))
        """,
        conftest="def pytest_addoption(parser): parser.addini('wanted', '')",
    )
    for wanted, options in (
        ("[0, 1]", ("--splitbrain-runs", "2")),
        ("[6, 7]", ("--splitbrain-seed", "6", "--splitbrain-runs", "2")),
    ):
        pytest_in(project, "-o", f"wanted={wanted}", *options).assert_outcomes(passed=2)
    refused = pytest_in(project, "--splitbrain-runs", "0")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "give a whole number from 1 up" in refused.stderr.str()


def test_fixtures_parameters_and_classes_are_pytest_s_as_ever(project):
    project.makepyfile(
        test_fixtures="""
        import pytest
        from splitbrain.harness import simulate
        from splitbrain.harness.workloads import register
        from my_service import Client, Durable

        @pytest.fixture
        def keys():
            return 2

        class TestAll:
            @pytest.mark.parametrize("read", [0.2, 0.8])
            @simulate(nodes=1, clients=1, time_limit=0.5, runs=2)
            def test_mix(self, read, keys, plan, tmp_path):
                assert tmp_path.is_dir()
                return plan.using(Durable, register(Client, keys=keys, read=read, cas=0.1))
        """
    )
    result = pytest_in(project, "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*TestAll::test_mix?0.2? PASSED*"])


@pytest.mark.nightly
def test_order_and_workers_make_no_difference(project):
    project.makepyfile(
        test_kv=TESTS,
        conftest="""
        def pytest_addoption(parser): parser.addoption("--backwards", action="store_true")
        def pytest_collection_modifyitems(config, items):
            if config.getoption("--backwards"): items.reverse()
        """,
    )
    seeds = set()
    for options in ((), ("--backwards", "-n", "2")):
        result = pytest_alone(project, *options)
        result.assert_outcomes(passed=1, failed=1)
        seeds.update(re.findall(r"seed (\d+) fails \((\d+) tried\)", story_of(result)))
    assert len(seeds) == 1


def test_real_time_in_a_node_is_an_error_that_names_the_line(project):
    project.makepyfile(
        test_time="""
        import time
        from splitbrain.harness import simulate
        from splitbrain.harness.workloads import register
        from my_service import Client, Durable

        class Impatient(Durable):
            async def run(self):
                self.started = time.time()
                await super().run()

        @simulate(nodes=1, time_limit=0.5, runs=2)
        def test_time(plan):
            return plan.using(Impatient, register(Client))
        """
    )
    result = pytest_in(project)
    result.assert_outcomes(failed=1)
    words = " ".join(re.sub(r"\nE ", "\n", story_of(result)).split())
    assert re.search(r"test_time\.py:8 in run: time\.time\(\) was used by simulated node n1", words)


def test_wrong_tests_are_refused_with_what_to_write(project):
    project.makepyfile(
        test_nothing="""
        from splitbrain.harness import simulate

        @simulate(runs=1)
        def test_forgot(plan):
            pass
        """,
        test_async="""
        from splitbrain.harness import simulate

        @simulate(runs=1)
        async def test_async(plan):
            pass
        """,
    )
    result = pytest_in(project, "--continue-on-collection-errors")
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*test_forgot returned None: return plan.using(server, workload)"])
    result.stdout.fnmatch_lines(["*test_async must be a plain function with a parameter*"])


def test_a_project_with_a_harness_package_of_its_own_is_left_alone(project):
    package = project.mkpydir("harness")
    (package / "testing.py").write_text("answer = 42\n")
    (package / "pytest_plugin.py").write_text("raise RuntimeError('not yours')\n")
    project.makepyfile(
        conftest="",
        test_own="""
        from harness.testing import answer

        def test_own():
            assert answer == 42
        """,
    )
    pytest_alone(project).assert_outcomes(passed=1)


def test_tests_that_simulate_nothing_import_nothing_of_it(project):
    project.makepyfile(
        """
        import sys

        def test_plain():
            assert "splitbrain.harness" not in sys.modules and "trio" not in sys.modules
        """
    )
    # Where anyio is installed, its own plugin imports trio.
    pytest_alone(project, "-p", "no:anyio").assert_outcomes(passed=1)


def test_a_plan_is_replayed_in_one_test_only(project):
    project.makepyfile(test_kv=TESTS)
    refused = pytest_in(project, "--splitbrain-replay", "plan.json")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(
        ["*is the plan of one test, and 2 simulated tests are selected: name the one, pytest *"]
    )


def test_what_is_wrong_with_a_plan_is_one_sentence_without_our_frames(project):
    project.makepyfile(
        test_wrong="""
        from splitbrain.harness import simulate
        from splitbrain.harness.workloads import register
        from my_service import Client, Durable

        @simulate(nodes=1, run=7)
        def test_misspelled(plan):
            return plan.using(Durable, register(Client))
        """
    )
    result = pytest_in(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *no parameter 'run'*did you mean 'runs'?"])
    assert "splitbrain/harness/" not in story_of(result).partition("short test summary")[0]


def test_a_failure_is_tried_first_the_next_time_and_in_its_own_folder(project):
    project.makepyfile(test_kv=TESTS)
    for heading in (r"seed \d+ fails", "what failed before still fails"):
        result = pytest_in(project)
        result.assert_outcomes(passed=1, failed=1)
        assert re.search(heading, story_of(result))
        (folder,) = [path for path in project.path.glob("runs/*") if path.is_dir()]
        assert folder.name.startswith("test_kv-test_forgetful--linearizable-cas-register")
