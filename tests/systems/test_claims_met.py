"""What a system claims to survive must be able to strike it: stamped writes, where clocks are aimed
at them."""

import pytest

from splitbrain.harness.nemesis.catalogue import resolve
from splitbrain.harness.nemesis.kinds.outdating import STAMPED_WRITE
from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.running import run
from splitbrain.systems import registry

AIMED = {kind.id for kind in resolve(("stamp",))}

CLAIMING = [
    (name, workload)
    for name in registry.SYSTEMS.ours
    for system in (registry.SYSTEMS[name],)
    if system.claims is not None and AIMED & {kind.id for kind in resolve(system.claims.kinds)}
    for workload in system.workloads[:1]
]


def test_last_write_wins_is_claimed_to_survive_clocks_that_are_behind():
    assert {"crdts", "multi-leader-merging"} <= {name for name, _ in CLAIMING}


@pytest.mark.parametrize(("name", "workload"), CLAIMING)
def test_who_claims_clocks_aimed_at_stamps_has_stamped_writes(name, workload):
    nodes = registry.SYSTEMS[name].nodes
    plan = Plan(name, workload, nodes=nodes, seed=1, time_limit=2.0, rate=30.0)

    lines = run(registry.experiment(plan)).trace.lines()

    assert any(STAMPED_WRITE.encode() in line for line in lines)
