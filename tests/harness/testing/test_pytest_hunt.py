"""``pytest --splitbrain-hunt``: the seeds of a simulated test, split over all cores."""

import sqlite3
from pathlib import Path

import pytest

# Imported before any pytest inside this one, which forgets what it imported: numpy can't be
# imported twice.
import splitbrain.harness.testing.hunting
import splitbrain.harness.workloads.objects.registers
import splitbrain.reports  # noqa: F401

SERVICE = (Path(__file__).parents[1] / "small_register.py").read_text(encoding="utf-8")

TESTS = """
    import pytest
    from splitbrain.harness import faults, simulate
    from splitbrain.harness.workloads import register
    from my_service import Client, Durable, Forgetful

    small = simulate(nodes=1, clients=2, time_limit="1s", faults=faults.kill())

    @small
    def test_durable(plan):
        return plan.using(Durable, register(Client))

    @pytest.mark.parametrize("server", [Forgetful])
    @small
    def test_forgetful(plan, server):
        return plan.using(server, register(Client))

    @pytest.fixture
    def server():
        class Mine(Durable):
            pass
        return Mine

    @small
    def test_fixture(plan, server):
        return plan.using(server, register(Client))
"""


@pytest.fixture
def project(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    pytester.makepyfile(my_service=SERVICE, test_kv=TESTS)
    return pytester


def hunt(project, name, *words, time="60s"):
    words = ("-k", name, "--splitbrain-hunt", time, *words)
    return project.runpytest_subprocess("-p", "no:cacheprovider", *words)


def seeds(project):
    with sqlite3.connect(project.path / "runs" / "hunt.db") as db:
        return [seed for (seed,) in db.execute("select seed from runs order by seed")]


@pytest.mark.slow
def test_failures_are_grouped_made_small_and_tried_first_the_next_time(project):
    result = hunt(project, "forgetful", "--splitbrain-runs", "12")
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "new: test_kv::test_forgetful[Forgetful]: linearizable(cas-register)/stale-read" in text
    assert "12 runs in" in text
    assert "necessary: " in text
    assert seeds(project) == [*range(12)]

    again = project.runpytest_inprocess("-p", "no:cacheprovider", "-k", "forgetful")
    again.assert_outcomes(failed=1)
    assert "what failed before still fails" in again.stdout.str()


@pytest.mark.nightly
def test_a_sound_test_passes_and_the_next_hunt_goes_on(project):
    for night in (1, 2):
        result = hunt(project, "durable", "--splitbrain-runs", "9")
        result.assert_outcomes(passed=1)
        result.stdout.re_match_lines([r"splitbrain: test_kv::test_durable: 9 runs in .* valid.*"])
        assert seeds(project) == [*range(9 * night)]


def test_what_cannot_be_sent_to_workers_is_hunted_in_here_and_told(project):
    result = project.runpytest_inprocess(
        *("-p", "no:cacheprovider", "-k", "fixture", "--splitbrain-hunt", "1m"),
        *("--splitbrain-runs", "5"),
    )
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r".*test_fixture was hunted in on one core: an argument .*"])
    assert seeds(project) == [*range(5)]


def test_a_time_that_is_none_is_refused(project):
    result = hunt(project, "durable", time="soon")
    assert "it is 'soon': give a time such as 10s" in result.stderr.str()
