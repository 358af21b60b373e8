"""The replicated store over HTTP: its first form loses an update, the corrected one doesn't."""

from __future__ import annotations

import pytest

from splitbrain.harness import Plan, run, shrink

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
pytest.importorskip("uvicorn")

from examples.rest_store import test_rest_store as example
from splitbrain import program, workloads


def experiment(seed, form="service", sources=example.FAULTS, time_limit=5.0):
    plan = Plan("", "", nodes=3, seed=seed, time_limit=time_limit)
    if sources is not None:
        plan = plan.with_(faults=sources.draw(seed, plan))
    store = program(f"examples.rest_store.{form}:main", env=example.ENV)
    return plan.using(store, workloads.register(example.Client))


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


def test_the_service_answers_in_simulation():
    made = run(experiment(0, sources=None, time_limit=1.0))
    assert made.signature == ""
    assert sum(operation.type == "ok" for operation in made.history) > 10
