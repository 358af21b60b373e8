"""Who was told that a request was not done is right, also if a copy of it comes later."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.planning import draw
from splitbrain.systems import registry

FAULTS = ("client.duplicate", "service.error_fast", "net.partition")


@pytest.mark.parametrize(
    ("system", "workload", "seed"),
    [("payments", "payments", 69), ("service-calls", "http-retry", 0)],
)
def test_a_copy_that_finds_the_breaker_closed_contradicts_no_refusal(system, workload, seed):
    plan = Plan(system, workload, nodes=3, seed=seed, time_limit=8.0, rate=40.0)

    result = run(registry.experiment(draw(plan, FAULTS, density=3.0)), tracing=False)

    assert result.validity is VALID, result.verdicts
