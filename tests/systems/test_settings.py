"""The settings of the systems: each can be chosen, and hunts reach what defaults hide."""

import pytest

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import run
from splitbrain.harness.hunting.drawing import plan_for, target_of
from splitbrain.systems import registry

SYSTEMS = {name: registry.SYSTEMS[name] for name in registry.SYSTEMS.ours}
KNOBS = [(system, knob) for system in SYSTEMS.values() for knob in system.knobs]
IDS = [f"{system.name}-{knob.name}" for system, knob in KNOBS]


@pytest.mark.parametrize(("system", "knob"), KNOBS, ids=IDS)
def test_a_default_is_within_its_range(system, knob):
    assert knob.problem(knob.default(system.server)) is None


@pytest.mark.parametrize(("system", "knob"), KNOBS, ids=IDS)
def test_a_setting_can_be_chosen_with_every_planted_bug(system, knob):
    for server in (system.server, *(bug.server for bug in system.bugs)):
        for value in (knob.low, knob.high):
            assert knob.default(knob.set(server, value)) == value


def _installs_snapshot(target, seed):
    result = run(registry.experiment(plan_for(target, seed)))
    assert result.validity is not INVALID, result.verdicts
    return any(event[1] == "snapshot-installed" for event in result.trace.events)


@pytest.mark.slow
def test_hunts_make_raft_install_snapshots():
    target = target_of(registry.SYSTEMS["raft"])
    assert any(_installs_snapshot(target, seed) for seed in range(60))
