"""A failure is written as a test file that fails today, and passes once the failure is mended."""

import subprocess
import sys

import pytest

from splitbrain.harness import Fault, Plan, PlannedOperation, run, shrink
from splitbrain.harness.plan import When
from splitbrain.harness.regression import FILE, REGISTERED, failure_test, origin_of
from splitbrain.harness.testing import simulate
from splitbrain.systems import registry


@pytest.fixture(scope="module")
def lost():
    """A small failing run of a planted bug."""
    system, bug = registry.bugs()["TX-07"]
    experiment = next(
        e for seed in range(20) if run(e := system.hunt(bug, seed), tracing=False).signature
    )
    return shrink(experiment, run(experiment)).run


def namespace(text):
    names = {"__file__": "test_failure.py"}
    exec(compile(text, FILE, "exec"), names)
    return names


def the_test(names):
    return next(value for name, value in names.items() if name.startswith("test_"))


def test_the_file_has_the_plan_as_plain_python_and_fails_as_the_run_did(lost, tmp_path):
    text = failure_test(lost, REGISTERED, tmp_path)
    names = namespace(text)
    assert names["PLAN"] == Plan.from_json(lost.plan.to_json())
    assert lost.signature in text
    with pytest.raises(AssertionError) as failure:
        the_test(names)()
    assert lost.verdicts[0].reason in str(failure.value)


def test_it_passes_once_the_failure_is_mended(lost, tmp_path):
    mended = failure_test(lost, REGISTERED, tmp_path).replace(f"bug={lost.plan.bug!r}", "bug=None")
    the_test(namespace(mended))()


def test_a_plain_seed_is_not_mentioned(lost, tmp_path):
    text = failure_test(lost, REGISTERED, tmp_path)
    assert ("seed=" in text) == (lost.plan.seed != 0)


def test_what_a_plan_can_hold_comes_back_equal(lost, tmp_path):
    from dataclasses import replace

    plan = Plan(
        "s",
        "w",
        seed=7,
        faults=(
            Fault("net.partition", 1.5, 0.25, "n1", {"shape": "split"}, "f3"),
            Fault("process.kill", 1.0, 0.5, when=When("fsync-begin", "n2", 3)),
        ),
        operations=(
            PlannedOperation(0.0, 1, "write", ["x'\"", None]),
            PlannedOperation(1.0, 0, "r"),
        ),
        options={"network": {"latency": [0.01, 0.02]}, "keys": 2},
    )
    names = namespace(failure_test(replace(lost, plan=plan), REGISTERED, tmp_path))
    assert names["PLAN"] == plan


@simulate(nodes=1, runs=1)
def simulated(plan, size=3):
    return plan


def test_a_simulated_test_gives_the_experiment_of_any_plan():
    assert simulated.experiment("this plan") == "this plan"


def test_a_function_inside_another_or_with_a_fixture_has_no_file(tmp_path):
    from functools import partial

    def inner(plan):
        return plan

    assert origin_of(inner) is None
    assert origin_of(partial(namespace, text=object())) is None
    found = origin_of(partial(namespace, text=["x", 1]))
    assert found.experiment == "test_regression.namespace.experiment(PLAN, text=['x', 1])"


QUEUE = """
from splitbrain import simulate
from splitbrain.harness.workloads import register
from small_register import Client, Forgetful

@simulate(nodes=1, clients=2, runs=20, time_limit=2, faults="kill")
def test_register(plan):
    return plan.using(Forgetful, register(Client))
"""


@pytest.mark.slow
def test_a_users_failing_test_leaves_a_file_that_pytest_runs_and_only_if_asked(tmp_path):
    from pathlib import Path

    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_register.py").write_text(QUEUE)
    small = Path(__file__).with_name("small_register.py").read_text()
    (tests / "small_register.py").write_text(small)

    def pytest_run(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    code, _ = pytest_run("tests")
    assert code == 1
    (file,) = tmp_path.glob(f"runs/*/shrunk/{FILE}")
    code, told = pytest_run(str(file))
    assert code == 1
    assert "AssertionError" in told
    assert "1 failed" in told
    _, collected = pytest_run("--collect-only")
    assert FILE not in collected
    # Once mended, it passes.
    (tests / "small_register.py").write_text(small.replace("saves = False", "saves = True"))
    code, told = pytest_run(str(file))
    assert (code, "1 passed" in told) == (0, True)
