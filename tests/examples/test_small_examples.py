"""Lock service, queue of jobs and ledger: sound under what they claim, their first forms not."""

from __future__ import annotations

import pytest

from examples.job_queue.system import SYSTEM as QUEUE
from examples.ledger.system import SYSTEM as LEDGER
from examples.lock_service.system import SYSTEM as LOCK
from splitbrain.harness import Plan, run, shrink
from splitbrain.harness.planning import draw

SYSTEMS = {"queue": QUEUE, "lock": LOCK, "ledger": LEDGER}
CLAIMED = "process,net,clock,client"

each = pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)


def sound(system, seed):
    plan = Plan(system.name, system.workloads[0], nodes=1, seed=seed, time_limit=4.0)
    return run(system.experiment(draw(plan, CLAIMED)))


def found(system):
    """The first run that shows the bug."""
    (bug,) = system.bugs
    runs = (run(system.hunt(bug, seed)) for seed in range(bug.seeds))
    return next(made for made in runs if made.signature.startswith(bug.shows))


@each
def test_the_corrected_form_is_sound_under_all_that_it_claims(system):
    assert [sound(system, seed).signature for seed in range(2)] == [""] * 2


@each
@pytest.mark.nightly
def test_the_corrected_form_is_sound_under_hundreds_of_seeds(system):
    assert [sound(system, seed).signature for seed in range(400)] == [""] * 400


@each
def test_the_bug_of_the_first_form_is_found(system):
    assert found(system)


@pytest.mark.parametrize("system", [QUEUE, LOCK], ids=["queue", "lock"])
@pytest.mark.nightly
def test_it_is_told_in_one_operation_and_one_fault(system):
    made = found(system)
    (bug,) = system.bugs
    small = shrink(system.hunt(bug, made.plan.seed), made, budget=100).run.plan
    assert (len(small.operations), len(small.faults)) == (1, 1)
