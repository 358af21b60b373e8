"""Tokens only grow."""

from itertools import combinations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import INFO, History, Operation
from splitbrain.checkers.invariants.tokens import fencing_tokens
from splitbrain.checkers.models import ModelError


def granted(*values):
    return History.from_operations(
        Operation(i, i * 10**9, "n1", INFO, "granted", value) for i, value in enumerate(values)
    )


def tokens(*numbers, lock=None):
    return [{"token": number, "lock": lock} for number in numbers]


@pytest.mark.parametrize(
    ("values", "validity", "reused"),
    [
        (tokens(1, 2, 5), VALID, []),
        ([*tokens(1, lock="a"), *tokens(1, lock="b")], UNKNOWN, []),
        ([*tokens(1, lock="a"), *tokens(1, 2, lock="b")], VALID, []),
        (tokens(1, 2, 2), INVALID, [(1, 2)]),
        (tokens(3, 1, 2), INVALID, [(0, 1), (0, 2)]),
        ([*tokens(1, 2, lock="a"), *tokens(1, lock="b"), *tokens(1, lock="a")], INVALID, [(1, 3)]),
        ([], UNKNOWN, []),
    ],
)
def test_tokens(values, validity, reused):
    verdict = fencing_tokens().check(granted(*values))

    assert (verdict.validity, [a.operations for a in verdict.anomalies]) == (validity, reused)


@pytest.mark.parametrize("value", [None, 3, {}, {"token": "3"}, {"token": True}])
def test_what_is_no_token_is_named(value):
    with pytest.raises(ModelError, match="n1 announces granted"):
        fencing_tokens().check(granted(value))


def test_the_checker_agrees_with_a_twin_that_compares_all_pairs():
    random, refuted = Random(5), 0
    for _ in range(600):
        good = sorted(random.sample(range(20), random.randrange(1, 6)))
        mutant = [n + random.choice((0, 0, 0, -3, 3)) for n in good]
        for numbers in (good, mutant):
            values = [{"token": n, "lock": random.choice("ab")} for n in numbers]
            wrong = any(
                one["lock"] == other["lock"] and one["token"] >= other["token"]
                for one, other in combinations(values, 2)
            )
            found = fencing_tokens().check(granted(*values)).validity is INVALID

            assert found == wrong, values
            assert not (numbers is good and found)
            refuted += found
    assert 30 < refuted < 570
