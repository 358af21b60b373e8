"""The list-append checker agrees with the definition on thousands of small histories."""

import random

import pytest
from isolation_twin import HISTORIES, random_history, serial_order

from splitbrain.checkers.isolation.lists.checker import list_append
from splitbrain.checkers.verdict import INVALID, UNKNOWN

pytestmark = pytest.mark.slow

LEVELS = ("serializable", "strong-session-serializable", "strong-serializable")


@pytest.mark.nightly(one_in=3)
@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_no_anomaly_is_found_exactly_if_a_serial_order_exists(level):
    rng = random.Random(f"list-append {level}")
    outcomes = {True: 0, False: 0}
    checker = list_append(level)
    for number in range(HISTORIES):
        history = random_history(rng)
        expected = serial_order(history.calls(), level)
        verdict = checker.check(history)
        if verdict.validity is UNKNOWN:
            assert "nothing was exercised" in verdict.reason
            continue
        outcomes[expected] += 1
        assert (verdict.validity is not INVALID) == expected, (number, list(history), verdict)
    assert min(outcomes.values()) > HISTORIES / 20, "the histories say something of both answers"
