"""Candidates are run in order, on however many processes, and nothing shows how many there were."""

import multiprocessing
import os

import pytest
from small_register import Client, Forgetful

from splitbrain.checkers.verdict import VALID, Verdict
from splitbrain.harness import Fault, Plan, PlannedOperation
from splitbrain.harness.shrinking import trials as trying
from splitbrain.harness.shrinking.trials import Spent, Trials
from splitbrain.harness.workloads import register

KILL = Fault("process.kill", 0.3, 0.1, "n1")
LOST = "linearizable(cas-register)/stale-read"
PLAN = Plan(
    *("", ""),
    nodes=1,
    clients=1,
    time_limit=1.0,
    operations=(
        PlannedOperation(0.0, 0, "write", ["x", 1]),
        PlannedOperation(0.6, 0, "read", ["x", None]),
    ),
)


class Fatal:
    """A checker that ends every process but the test's own."""

    name = "fatal"

    def check(self, history):
        if multiprocessing.parent_process() is not None:
            os._exit(3)
        return Verdict(self.name, VALID, "")


def plans(*failing, count=8):
    """So many plans, of which these fail."""
    return [
        PLAN.with_(seed=seed, faults=(KILL,) if seed in failing else ()) for seed in range(count)
    ]


@pytest.fixture(params=[1, 2])
def trials(request):
    told = []
    made = Trials(
        PLAN.using(Forgetful, register(Client)),
        LOST,
        jobs=request.param,
        repeatable=True,
        done=told.append,
    )
    made.told = told
    yield made
    made.close()


def test_the_first_that_fails_is_found_and_those_after_it_are_not_counted(trials):
    assert trials.first(plans(3, 5)) == 3
    assert trials.runs == 4
    assert trials.told == [1, 2, 3, 4]


def test_none_may_fail(trials):
    assert trials.first(plans()) is None
    assert trials.first([]) is None
    assert trials.runs == 8


def test_what_was_run_is_known(trials):
    assert trials.first(plans(3)) == 3
    assert trials.first(plans(3)) == 3
    assert trials.first(plans(5)) == 5
    # The fourth without its fault is another plan; the first three are known.
    assert trials.runs == 4 + 3


def test_all_are_told_apart(trials):
    assert trials.failing(plans(0, 3, 7)) == [n in (0, 3, 7) for n in range(8)]
    assert trials.failing([]) == []


def test_the_budget_ends_before_the_run_that_is_too_much(trials):
    trials.budget = 3
    with pytest.raises(Spent):
        trials.first(plans(3))
    assert trials.runs == 3
    trials.budget = 4
    assert trials.first(plans(3)) == 3


def test_a_plan_that_cannot_run_does_not_fail(trials):
    absurd = PLAN.with_(faults=(Fault("process.kill", 0.1, 0.1, "n9"),))
    assert trials.first([absurd, *plans(0)]) == 1


def test_what_a_process_that_breaks_cannot_do_is_done_here():
    experiment = PLAN.using(Forgetful, register(Client), checkers=[Fatal()])
    made = Trials(experiment, LOST, jobs=2, repeatable=True, done=lambda runs: None)
    assert made.first(plans(3)) == 3
    assert made.runs == 4
    made.close()


def test_a_process_with_threads_or_a_parent_is_not_copied(monkeypatch):
    monkeypatch.setattr(trying.threading, "active_count", lambda: 2)
    assert trying.cores() == 1
    monkeypatch.setattr(trying.threading, "active_count", lambda: 1)
    assert trying.cores() == (len(os.sched_getaffinity(0)) if trying.sys.platform == "linux" else 1)
