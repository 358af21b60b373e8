"""Invariants of mutated observations: each verdict is that of the definition, and is proved."""

import random
from itertools import combinations

import pytest
from mutations import mutated

from splitbrain.checkers.history import INVOKE, OK, History, Operation
from splitbrain.checkers.invariants import bank, causal_reverse, doctors, long_fork
from splitbrain.checkers.isolation import verify
from splitbrain.checkers.verdict import INVALID, UNKNOWN

COUNT = 600


def history_of(calls):
    """Calls one after another: (f, argument, result)."""
    operations = []
    for f, argument, result in calls:
        for kind, value in ((INVOKE, argument), (OK, result)):
            at = len(operations)
            operations.append(Operation(at, at, 0, kind, f, value))
    return History.from_operations(operations)


def proved(checker, history):
    verdict = checker.check(history)
    if verdict.validity is not UNKNOWN:
        verify(history, verdict)
    return verdict.validity


def random_reads_of_accounts(rng):
    """Reads of accounts with a total of 10, of which some lost, moved or forgot something."""
    for _ in range(rng.randint(1, 6)):
        balances = {"a": rng.randint(0, 10), "b": 0}
        balances["b"] = 10 - balances["a"]
        if rng.random() < 0.25:
            account = rng.choice("abc")
            how = rng.choice(("drop", "null", "more", "negative"))
            if how == "drop":
                balances.pop(account, None)
            else:
                balances[account] = {"null": None, "more": 7, "negative": -3}[how]
        yield balances


def test_a_bank_is_refuted_exactly_if_a_read_differs():
    rng = random.Random("bank")
    answers = {True: 0, False: 0}
    transfer = ("transfer", {"from": "a", "to": "b", "amount": 1}, {})
    for _ in range(COUNT):
        reads = list(random_reads_of_accounts(rng))
        history = history_of([transfer, *(("read", None, read) for read in reads)])
        first = sum(balance for balance in reads[0].values() if balance is not None)
        right = all(
            None not in read.values()
            and read.keys() == reads[0].keys()
            and sum(read.values()) == first
            and min(read.values(), default=0) >= 0
            for read in reads
        )
        assert (proved(bank(), history) is not INVALID) == right, reads
        answers[right] += 1
    assert min(answers.values()) > COUNT / 10


def test_doctors_are_refuted_exactly_if_a_shift_is_too_small():
    rng = random.Random("doctors")
    answers = {True: 0, False: 0}
    for _ in range(COUNT):
        calls = [("leave", [1, "d"], [1, "d"])]
        shifts = [rng.sample("abcd", rng.choice((0, 1, 1, 2, 2, 3, 4))) for _ in range(3)]
        calls += [("read", [1, None], [1, shift]) for shift in shifts]
        least = rng.choice((1, 1, 2))
        right = all(len(shift) >= least for shift in shifts)
        assert (proved(doctors(least=least), history_of(calls)) is not INVALID) == right, shifts
        answers[right] += 1
    assert min(answers.values()) > COUNT / 10


def single_writes(rng):
    """Writes of a key each, one after another, and reads that see some of them, mutated."""
    calls, done = [], []
    for key in range(rng.randint(2, 4)):
        calls.append(("txn", [["w", key, 1]], [["w", key, 1]]))
        done.append(key)
        for _ in range(rng.randint(0, 2)):
            keys = rng.sample(range(4), rng.randint(2, 3))
            seen = [["r", k, 1 if k in done else None] for k in keys]
            calls.append(("txn", [["r", k, None] for k in keys], seen))
    return mutated(rng, history_of(calls))


def views(history):
    """What each transaction saw written and unwritten."""
    for call in history.calls():
        reads = [(k, v) for f, k, v in call.result if f == "r"]
        yield {k for k, v in reads if v is not None}, {k for k, v in reads if v is None}


def is_a_fork(one, other):
    return bool(one[0] & other[1] and one[1] & other[0])


@pytest.mark.parametrize("name", ["long-fork", "causal-reverse"])
def test_orders_of_two_writes_are_refuted_exactly_if_reads_disagree(name):
    rng = random.Random(name)
    answers = {True: 0, False: 0}
    for _ in range(COUNT):
        history = single_writes(rng)
        seen = list(views(history))
        if name == "long-fork":
            checker = long_fork()
            right = not any(is_a_fork(one, other) for one, other in combinations(seen, 2))
        else:
            # Keys are written in their order, each before the next.
            checker = causal_reverse()
            written = {k for call in history.calls() for f, k, _ in call.argument if f == "w"}
            right = not any(
                any(a < b for a in absent & written for b in present & written)
                for present, absent in seen
            )
        validity = proved(checker, history)
        if validity is not UNKNOWN:
            assert (validity is not INVALID) == right, list(history)
            answers[right] += 1
    assert min(answers.values()) > COUNT / 20
