"""Kills at a named step of a protocol, by faults that wait for a message or an fsync.

Each finds its planted bug, and nothing without that."""

from __future__ import annotations

import pytest

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import run
from splitbrain.harness.plan import ITSELF, Fault, When
from splitbrain.systems import registry

STEPS = {
    "BAT-01": When("receive", None, 3, every=True, message="part"),
    "E2E-02": When("send", "n1", 5, every=True, message="entry"),
    "BAT-03-RENAMES": When("fsync-end", "n1", 3, every=True),
    "BAT-03-RECORD": When("fsync-end", "n1", 3, every=True),
}
"""A worker that has a part of what it fetches; a coordinator that has told one of two; one between
a file and the record that commits it."""


@pytest.mark.parametrize("name", STEPS)
def test_a_kill_between_two_steps_finds_what_is_wrong_there(name):
    system, bug = next(
        (system, bug)
        for system in registry.SYSTEMS.values()
        for bug in system.bugs
        if bug.id == name
    )
    kill = Fault("process.kill", 0.5, 0.3, ITSELF, id="f1", when=STEPS[name])
    plan = system.hunt(bug, 1).plan.with_(faults=(kill,), time_limit=5.0)

    with_bug, without = (
        run(registry.experiment(each), tracing=False) for each in (plan, plan.with_(bug=None))
    )

    assert bug.shown_by(with_bug.verdicts)
    assert without.validity is VALID, without.verdicts
