"""How long entries last: examples, a twin that compares all pairs, mutants."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.caching import expiry_spread
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def filled(*lasts, apart=1):
    """Fills of two caches in turns, so many milliseconds apart."""
    return History.from_operations(
        Operation(n, n * apart * 10**6, f"n{2 + n % 2}", "info", "filled",
                  {"key": "x", "version": n, "lasts": each})
        for n, each in enumerate(lasts)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lasts", "validity"),
    [
        ([1.0] * 8, INVALID),
        ([1.0] * 7 + [0.995], INVALID),  # what rounding may do
        ([1.0] * 7 + [0.9], VALID),
        ([1.0] * 7, UNKNOWN),
        ([1.0] * 7 + [None] * 5, UNKNOWN),  # these don't end
        ([], UNKNOWN),
    ],
)
def test_expiry_spread(lasts, validity):
    assert expiry_spread().check(filled(*lasts)).validity is validity


def test_it_is_told_how_many_end_in_one_moment():
    (anomaly,) = expiry_spread().check(filled(*[1.0] * 8, apart=5)).anomalies
    said = "all 8 entries last 1 s: of 3 that were filled in one moment the database is asked in"
    assert anomaly.message.startswith(said)


def test_a_lifetime_that_is_no_number_is_refused():
    with pytest.raises(ModelError, match="it needs 'lasts', of type float"):
        expiry_spread().check(filled("long"))


def twin(lasts):
    """Whether there are enough, no two of which differ."""
    known = [each for each in lasts if each is not None]
    alike = all(abs(a - b) <= 0.01 * max(known) for a, b in combinations(known, 2))
    return None if len(known) < 8 else not alike


def test_the_checker_agrees_with_its_twin():
    random = Random(1)
    found = set()
    for _ in range(2000):
        spread = random.choice([0.0, 0.005, 0.012, 0.3])
        lasts = [random.choice([None, 1 - spread * random.random(), 1 - spread * random.random()])
                 for _ in range(random.randrange(16))]  # fmt: skip
        made = filled(*lasts)
        verdict = expiry_spread().check(made)
        shown_alone(expiry_spread(), made, verdict)
        said = {VALID: True, INVALID: False, UNKNOWN: None}[verdict.validity]
        assert said == twin(lasts), lasts
        found.add(said)
    assert found == {True, False, None}


def test_lifetimes_that_are_all_made_the_same_are_refuted():
    dice = Random(2)
    for _ in range(100):
        lasts = [1 - 0.3 * dice.random() for _ in range(8)]
        assert expiry_spread().check(filled(*lasts)).validity is VALID
        assert expiry_spread().check(filled(*[lasts[0]] * 8)).validity is INVALID
