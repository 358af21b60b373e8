"""The sketches of chapters 1 and 2 fail by the weaknesses that they keep."""

from __future__ import annotations

import pytest

from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.searching.seeds import search
from splitbrain.systems import registry


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("system", "workload", "faults", "kind"),
    [
        ("load-balancer-summary", "lb", "process.kill", "request-to-dead"),
        ("load-balancer-summary", "lb", "service.error_fast", "black-hole"),
        ("load-balancer-summary", "lb", "none", "overloaded"),
        ("service-calls-summary", "breaker", "net.partition", "second-probe"),
        ("service-calls-summary", "breaker", "net.partition,clock.bump", "stuck-open"),
        ("documents-summary", "set", "process.kill", "lost"),
        ("documents-summary", "set", "clock.freeze", "lost"),
        ("payments-summary", "payments", "service.answers_lost", "duplicated"),
        ("payments-summary", "payments", "net.partition", "synchronised"),
        ("cache-aside-summary", "cache", "none", "stale"),
        ("sharded-database-summary", "changing-set", "none", "lost"),
        ("graph-summary", "graph", "none", "dangling"),
        ("graph-summary", "graph", "none", "lost-edge"),
    ],
)
def test_a_sketch_fails_by_its_weakness(system, workload, faults, kind):
    def experiment(seed):
        plan = Plan(system, workload, nodes=registry.SYSTEMS[system].nodes, seed=seed, rate=40.0)
        return registry.experiment(draw(plan, faults))

    def is_wanted(result):
        return kind in {a.kind for verdict in result.verdicts for a in verdict.anomalies}

    found = search(experiment, range(40), wanted=is_wanted)

    assert found.failure is not None, f"not found in {found.tried} runs"
