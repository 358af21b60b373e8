"""How often a plan fails is counted, and what its faults have to do with it is not said lightly."""

import random
from dataclasses import replace
from math import comb

import pytest
from small_register import Client, Durable, Forgetful

from splitbrain.harness import Fault, Plan, PlannedOperation, search
from splitbrain.harness.shrinking import shrink
from splitbrain.harness.shrinking.chances import (
    LIKELIER,
    NECESSARY,
    NOT_SHOWN,
    Chance,
    Necessity,
    by_chance,
    weigh,
)
from splitbrain.harness.workloads import register

KILL = Fault("process.kill", 0.1, 0.1, "n1", id="f1")
OTHER = Fault("net.latency", 0.1, 0.1, "n1", id="f2")


def finding(present, absent):
    return Necessity(KILL, Chance(*present), Chance(*absent)).finding


def test_what_the_figures_show_and_what_not():
    assert finding((10, 10), (0, 10)) == NECESSARY
    assert finding((30, 60), (0, 60)) == NECESSARY
    assert finding((2, 60), (0, 60)) == NOT_SHOWN
    assert finding((60, 60), (20, 60)) == LIKELIER
    assert finding((20, 60), (20, 60)) == NOT_SHOWN
    assert finding((0, 60), (60, 60)) == NOT_SHOWN
    assert finding((0, 60), (0, 60)) == NOT_SHOWN


@pytest.mark.parametrize(("more", "fewer"), [((3, 4), (1, 4)), ((5, 5), (0, 5)), ((1, 6), (2, 3))])
def test_chance_is_that_of_dealing_the_failures_out_blindly(more, fewer):
    """Against all ways to deal them out, counted one by one."""
    from itertools import combinations

    runs, failed = more[1] + fewer[1], more[0] + fewer[0]
    deals = [sum(place < more[1] for place in deal) for deal in combinations(range(runs), failed)]
    wanted = sum(count >= more[0] for count in deals) / comb(runs, failed)
    assert by_chance(Chance(*more), Chance(*fewer)) == pytest.approx(wanted)


def judged(rates):
    """Plans that fail at such rates, by the ids of their faults, each seed for itself."""

    def fail(plans):
        return [
            random.Random(str(p.seed)).random() < rates[frozenset(f.id for f in p.faults)]
            for p in plans
        ]

    return fail


def weighed(both, kill_only, other_only):
    plan = Plan("", "", faults=(KILL, OTHER))
    rates = {frozenset({"f1", "f2"}): both, frozenset({"f1"}): kill_only}
    return weigh(plan, judged({**rates, frozenset({"f2"}): other_only}))


def test_a_fault_without_which_nothing_fails_is_necessary_after_a_few_runs():
    often, (kill, other) = weighed(1.0, 0.0, 0.0)
    assert (often, kill.finding, other.finding) == (Chance(10, 10), NECESSARY, NECESSARY)


def test_a_fault_that_does_nothing_is_not_shown_to_matter():
    often, (kill, other) = weighed(0.5, 0.5, 0.0)
    assert often.of == 60
    assert (kill.finding, other.finding) == (NECESSARY, NOT_SHOWN)
    assert other.present == other.absent  # the same seeds, with it and without


def test_a_failure_too_rare_to_be_missed_shows_nothing():
    often, (kill, _) = weighed(0.06, 0.0, 0.0)
    assert (often.of, often.failed < 7) == (60, True)
    assert (kill.absent, kill.finding) == (Chance(0, 0), NOT_SHOWN)


def test_what_cannot_show_anything_is_not_run():
    tried = []

    def fail(plans):
        tried.extend((len(plan.faults), plan.seed) for plan in plans)
        return [False] * len(plans)

    often, _ = weigh(Plan("", "", faults=(KILL, OTHER)), fail)
    assert often == Chance(0, 30)
    assert {faults for faults, _ in tried} == {2}
    assert len(set(tried)) == len(tried) == 30


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.2, 0.4, 0.7])
def test_runs_that_are_saved_would_have_shown_nothing(rate):
    """Against all of both plans in each round, as many times."""
    plan, fail = Plan("", "", faults=(KILL,)), judged({frozenset({"f1"}): rate, frozenset(): 0.0})
    for seed in range(40):
        often, (kill,) = weigh(plan.with_(seed=seed), fail)
        assert kill.finding == (NECESSARY if by_chance(often, Chance(0, often.of)) <= 0.01
                                else NOT_SHOWN)  # fmt: skip
        assert kill.absent.of in ((often.of,) if kill.finding == NECESSARY else (0, 10, 30))


def test_the_plans_own_seed_is_not_counted():
    seen = []
    weigh(Plan("", "", seed=7), lambda plans: [bool(seen.append(p.seed)) for p in plans])
    assert len(seen) == len(set(seen)) == 10
    assert 7 not in seen


OPERATIONS = (
    PlannedOperation(0.0, 0, "write", ["x", 1]),
    PlannedOperation(1.0, 0, "read", ["x", None]),
)


class Sometimes(Durable):
    """Loses everything in half of its starts, so that a kill makes it likelier to be seen."""

    @property
    def saves(self):
        return self.node.random.random() < 0.5


@pytest.mark.parametrize(("server", "least", "most"), [(Forgetful, 10, 10), (Sometimes, 2, 58)])
def test_a_failure_by_luck_is_told_from_one_that_always_comes(server, least, most):
    plan = Plan("", "", nodes=1, clients=1, time_limit=1.5, faults=(KILL,), operations=OPERATIONS)
    found = search(lambda seed: plan.with_(seed=seed).using(server, register(Client)), range(20))
    small = shrink(found.experiment, found.failure)
    assert least <= small.often.failed <= most
    assert small.to_json()["often"] == small.often.to_json()
    (kill,) = small.to_json()["necessary"]
    assert (kill["finding"], kill["without"][0]) == (NECESSARY, 0)
    assert kill["with"] == small.often.to_json()


def test_what_is_told_of_a_fault_is_its_own_finding():
    one = Necessity(KILL, Chance(10, 10), Chance(0, 10))
    assert one.to_json()["with"] == [10, 10]
    assert replace(one, absent=Chance(9, 10)).to_json()["finding"] == NOT_SHOWN
