"""A power loss of real processes takes what was not synced: the bug that only it shows is found."""

import sys

import pytest
from patience import effects, patiently

from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Fault, InvalidPlan, Plan
from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.processes.files import questions
from splitbrain.harness.runs.running import check_plan
from splitbrain.systems.registry import experiment

WHY = questions.unavailable() if sys.platform == "linux" else "the ground needs Linux"
needs_questions = pytest.mark.skipif(WHY is not None, reason=str(WHY))

LOCK = Plan(
    "examples.lock_service.system:SYSTEM",
    "lock",
    nodes=1,
    clients=3,
    time_limit=2.5,
    rate=30.0,
    ground="processes",
)


def losses(policy):
    options = {"policy": policy}
    return tuple(
        Fault("process.power_loss", at, 0.2, "n1", options, id=f"at {at}") for at in (0.6, 1.2, 1.8)
    )


@pytest.mark.nightly
@needs_questions
def test_a_lock_whose_state_is_not_synced_is_held_twice():
    plan = LOCK.with_(bug="LOCK-01", faults=losses("drop_unsynced"))
    result = patiently(plan, experiment, lambda result: False)
    assert result.signature == "linearizable(mutex)/held-twice"


@pytest.mark.nightly
@needs_questions
@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
def test_one_whose_state_is_synced_is_not(policy):
    result = patiently(LOCK.with_(faults=losses(policy)), experiment)
    assert effects(result)
    assert result.validity is not INVALID, [(v.checker, v.reason) for v in result.verdicts]


def test_a_machine_that_lets_nobody_listen_refuses_it_with_the_reason(monkeypatch):
    monkeypatch.setattr(questions, "unavailable", lambda: "nobody may listen here")
    with pytest.raises(InvalidPlan, match="power loss would take is not known here: nobody may"):
        check_plan(experiment(LOCK.with_(faults=losses("drop_unsynced"))))
