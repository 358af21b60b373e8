"""No false alarm: systems in their reference form survive every fault they claim to survive.

Each seed draws its own mix of faults and its own load; 25 seeds a test, so that workers can share
them.
"""

from __future__ import annotations

import pytest

from splitbrain.harness import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.searching import search
from splitbrain.systems import registry

CHUNK = 25


def silent(system: str, workload: str, first: int, *, nodes: int, time_limit: float = 8.0) -> None:
    plan = Plan(system, workload, nodes=nodes, clients=5, time_limit=time_limit, rate=30.0)

    found = search(
        lambda seed: registry.experiment(draw(plan.with_(seed=seed), "all")),
        range(first, first + CHUNK),
    )

    assert found.failure is None, found.failure and found.failure.verdicts
    assert found.valid >= CHUNK - 2, f"nothing could be said of seeds {found.unknown}"


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 500, CHUNK))
def test_raft_is_silent_over_500_seeds_with_all_faults_on(first):
    workload = ("register", "set", "kv")[first // CHUNK % 3]
    silent("raft", workload, first, nodes=5)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 300, CHUNK))
def test_leader_follower_is_silent_over_300_seeds_with_all_faults_on(first):
    workload = ("register", "set")[first // CHUNK % 2]
    silent("leader-follower", workload, first, nodes=3)


@pytest.mark.parametrize(
    "system", [s.name for s in registry.SYSTEMS.values() if s.name != "transactions-summary"]
)
@pytest.mark.parametrize("seed", range(5))
def test_every_system_works_when_nothing_fails(system, seed):
    """The summary forms too, whose weaknesses show under faults only; but that of transactions
    needs no fault: other transactions are enough."""
    chosen = registry.SYSTEMS[system]
    for workload in chosen.workloads:
        plan = Plan(system, workload, nodes=chosen.nodes, time_limit=5.0, seed=seed)
        found = search(lambda _, plan=plan: registry.experiment(plan), [seed])

        assert (found.valid, found.failure) == (1, None), (workload, found.failure)
