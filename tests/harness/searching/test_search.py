"""A search runs seed after seed and stops at the first failure."""

from small_register import Client, Durable, Forgetful

from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID
from splitbrain.harness import Plan, faults, search
from splitbrain.harness.workloads import register

BASE = Plan("", "", nodes=1, clients=2, time_limit=2.0)


def forgetful(seed):
    plan = BASE.with_(seed=seed)
    return plan.with_(faults=faults.kill().draw(seed, plan)).using(Forgetful, register(Client))


def durable(seed):
    return forgetful(seed).plan.using(Durable, register(Client))


def test_the_first_failing_seed_ends_it_and_comes_with_its_experiment():
    found = search(forgetful, range(100))
    assert found.failure is not None
    assert found.failure.validity is INVALID
    assert found.experiment is not None
    assert found.experiment.plan == found.failure.plan
    assert found.failure.plan.seed == found.tried - 1


def test_it_finds_the_same_seed_however_the_seeds_are_cut():
    whole = search(forgetful, range(100)).failure
    assert whole is not None
    start = whole.plan.seed
    assert search(forgetful, range(start)).failure is None
    again = search(forgetful, range(start, 100)).failure
    assert again is not None
    assert list(again.history) == list(whole.history)


def test_a_sound_system_passes_every_seed():
    told = []
    found = search(durable, range(10), done=lambda seed, validity: told.append((seed, validity)))
    assert found.failure is None
    # A load of two seconds is so short that now and then no write or cas of it succeeds.
    assert found.tried == found.valid + len(found.unknown) == 10
    assert found.valid > 7
    assert found.operations > 100
    unknown = found.unknown
    assert told == [(seed, UNKNOWN if seed in unknown else VALID) for seed in range(10)]


def test_what_ends_a_search_can_be_chosen():
    found = search(durable, range(10), wanted=lambda result: result.plan.seed == 4)
    assert found.tried == 5


def test_no_seeds_are_no_failure():
    assert search(durable, []).tried == 0
