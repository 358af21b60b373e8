"""No lock is given while a lease lasts that its holder has not given back."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import INFO, History, Operation
from splitbrain.checkers.invariants.tokens import fencing_tokens


def history(*events):
    return History.from_operations(
        Operation(i, i * 10**9, "n1" if f == "granted" else "c1", INFO, f, value)
        for i, (f, value) in enumerate(events)
    )


def gives(token, at, until, lock=None):
    return "granted", {"token": token, "at": at, "until": until, "lock": lock}


def back(token, lock=None):
    return "released", {"token": token, "lock": lock}


@pytest.mark.parametrize(
    ("events", "early"),
    [
        ([gives(1, 0.0, 1.0), gives(2, 1.0, 2.0)], []),
        ([gives(1, 0.0, 1.0), gives(2, 0.9, 2.0)], [(0, 1)]),
        ([gives(1, 0.0, 1.0), back(1), gives(2, 0.1, 2.0)], []),
        ([gives(1, 0.0, 1.0), gives(2, 1.0, 2.0), back(1), gives(3, 1.5, 2.0)], [(1, 3)]),
        ([gives(1, 0.0, 1.0, "a"), gives(1, 0.1, 1.0, "b"), gives(2, 1.0, 2.0, "a")], []),
        ([gives(1, 0.0, 1.0, "a"), back(1, "b"), gives(2, 0.1, 1.0, "a")], [(0, 2)]),
        ([gives(1, 0.0, 1.0), gives(2, 0.5, 2.0), back(2), gives(3, 0.7, 2.0)], [(0, 1)]),
        ([("granted", {"token": 1}), ("granted", {"token": 2})], []),
    ],
)
def test_leases(events, early):
    verdict = fencing_tokens().check(history(*events))

    assert [each.operations for each in verdict.anomalies] == early
    assert verdict.validity is (INVALID if early else VALID)
    assert {each.kind for each in verdict.anomalies} <= {"granted-while-held"}


def served(random, *, any_token):
    """What a service gives, one step after the other; late releases come for older tokens."""
    events, token, ends = [], 0, 0
    for now in range(random.randrange(4, 20)):
        if now >= ends and random.random() < 0.6:
            token, ends = token + 1, now + random.randrange(1, 6)
            events.append(gives(token, now, ends))
        elif token and random.random() < 0.5:
            named = random.randrange(max(1, token - 2), token + 1)
            events.append(back(named))
            ends = now if any_token or named == token else ends
    return events


def twin(events):
    """Pairs of grants that follow each other, by all that was given back between the two."""
    grants = [n for n, (f, _) in enumerate(events) if f == "granted"]
    return {
        (one, other)
        for one, other in pairwise(grants)
        if events[other][1]["at"] < events[one][1]["until"]
        and back(events[one][1]["token"]) not in events[one:other]
    }


@pytest.mark.parametrize("any_token", [False, True])
def test_the_checker_agrees_with_its_twin(any_token):
    random, seen = Random(3), 0
    for _ in range(500):
        events = served(random, any_token=any_token)
        if not any(f == "granted" for f, _ in events):
            continue
        found = {each.operations for each in fencing_tokens().check(history(*events)).anomalies}

        assert found == twin(events), events
        seen += bool(found)
    assert (seen > 50) if any_token else (seen == 0)


def test_a_lock_that_is_given_once_says_nothing():
    assert fencing_tokens().check(history(gives(1, 0.0, 1.0), back(1))).validity is UNKNOWN
