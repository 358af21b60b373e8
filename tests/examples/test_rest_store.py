"""The replicated store over HTTP: its first form loses an update, the corrected one doesn't."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from splitbrain.harness import Plan, run, shrink

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
pytest.importorskip("uvicorn")

from examples.rest_store import test_rest_store as example  # noqa: E402
from splitbrain import program, workloads  # noqa: E402


def experiment(seed, form="service", sources=example.FAULTS, time_limit=5.0):
    plan = Plan("", "", nodes=3, seed=seed, time_limit=time_limit)
    if sources is not None:
        plan = plan.with_(faults=sources.draw(seed, plan))
    store = program(f"examples.rest_store.{form}:main", env=example.ENV)
    return plan.using(store, workloads.register(example.Client))


def digests(seeds) -> list[tuple[str, str]]:
    """What runs of these seeds leave, on one line of standard output."""
    return [
        (made.trace.digest(), made.signature)
        for made in map(run, (experiment(s, time_limit=1.0) for s in seeds))
    ]


def lost_update():
    """The first run of the first form that fails."""
    runs = (run(experiment(seed, "first_form", None)) for seed in range(10))
    return next(made for made in runs if made.signature)


@pytest.mark.slow
def test_the_first_form_loses_an_update_without_any_fault():
    assert lost_update().signature.startswith("linearizable(cas-register)")


@pytest.mark.nightly
def test_what_the_first_form_loses_is_told_in_a_few_operations():
    lost = lost_update()
    small = shrink(experiment(lost.plan.seed, "first_form", None), lost, budget=100)
    assert len(small.run.plan.operations) <= 6


@pytest.mark.slow
def test_the_corrected_form_is_right_under_its_faults():
    found = [run(experiment(seed)) for seed in range(2)]
    assert [made.signature for made in found] == [""] * 2


@pytest.mark.slow
def test_a_run_is_the_same_in_any_process_and_under_any_hash_seed():
    script = (
        "import json; from test_rest_store import digests; print(json.dumps(digests(range(2))))"
    )

    def output(seed):
        paths = os.pathsep.join([str(ROOT), *sys.path])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    assert output("1") == output("2")


def test_the_service_answers_in_simulation():
    made = run(experiment(0, sources=None, time_limit=1.0))
    assert made.signature == ""
    assert sum(operation.type == "ok" for operation in made.history) > 10
