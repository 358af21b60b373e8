"""A leader whose disk fails begins another life; meanwhile it reads nothing, whatever its lease."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault
from splitbrain.systems.registry import experiment


@pytest.mark.parametrize("system", ["raft-lease", "paxos-lease"])
def test_another_leads_before_a_leader_with_a_failing_disk_is_back(system):
    failing = Fault("disk.fsync_error", at=1.0, duration=1.0, target="leader", id="failing")
    plan = Plan(system, "register", nodes=5, seed=3, time_limit=3.0, rate=20.0, faults=(failing,))

    result = run(experiment(plan), tracing=False)

    assert result.validity is VALID, result.verdicts
    assert len([e for e in result.history.events() if e.f == "leader"]) > 1
