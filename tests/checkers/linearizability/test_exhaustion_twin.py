"""That no order exists is tried again: by plain exhaustion, which agrees with the definition."""

import random

import pytest
from linearizability_twin import histories, linearizable_by_sets, random_history
from models_twin import DRAWN, VARIANTS

from splitbrain.checkers import models
from splitbrain.checkers.history import drawn
from splitbrain.checkers.linearizability.parts import parts_of
from splitbrain.checkers.linearizability.recheck.exhaustion import orders_exhausted


@pytest.mark.parametrize("name", DRAWN)
def test_exhaustion_agrees_with_the_definition(name):
    r, met = random.Random(f"exhaustion {name}"), set()
    for _ in range(histories(10)):
        history = random_history(r, *DRAWN[name])
        for model in VARIANTS[name]:
            parts = parts_of(model, history, keyed=False)
            calls = parts.parts[0].calls
            possible = linearizable_by_sets(parts.model, calls)
            assert orders_exhausted(parts.model, calls, 100_000) is not possible
            met.add(possible)
    assert met == {True, False}


def test_what_is_too_much_stays_undecided():
    calls = parts_of(models.register(), drawn("a: [w1] [r1]"), keyed=False).parts[0].calls
    assert orders_exhausted(models.register(), calls, 1) is None
    assert orders_exhausted(models.register(), calls, 10) is False
