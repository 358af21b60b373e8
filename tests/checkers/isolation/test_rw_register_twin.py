"""The rw-register checker, with its complete search, agrees with the definition."""

import random

import pytest
from isolation_twin import HISTORIES, random_history, serial_order
from mutations import mutated

from splitbrain.checkers.isolation.register_checker import rw_register
from splitbrain.checkers.verdict import INVALID, UNKNOWN

pytest.importorskip("pysat")
pytestmark = pytest.mark.slow

LEVELS = ("serializable", "strong-session-serializable", "strong-serializable")


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_a_complete_check_is_right(level):
    rng = random.Random(f"rw-register {level}")
    outcomes = {True: 0, False: 0}
    searched = 0
    checker = rw_register(level, complete=True)
    for number in range(HISTORIES // 2):
        history = random_history(rng, registers=True)
        history = mutated(rng, history) if number % 2 else history
        expected = serial_order(history.calls(), level, registers=True)
        verdict = checker.check(history)
        if verdict.validity is UNKNOWN:
            assert "nothing was exercised" in verdict.reason
            continue
        outcomes[expected] += 1
        searched += verdict.validity is INVALID and verdict.anomalies[0].kind.startswith("not-")
        assert (verdict.validity is not INVALID) == expected, (number, list(history), verdict)
    assert min(outcomes.values()) > HISTORIES / 40, "the histories say something of both answers"
    assert searched, "some are refuted by the search alone"


@pytest.mark.parametrize(
    ("level", "options"),
    [
        ("serializable", ["initial"]),
        ("serializable", ["initial", "writes_follow_reads"]),
        ("strong-session-serializable", ["initial", "sequential_keys"]),
        ("strong-serializable", ["initial", "linearizable_keys"]),
        ("strong-serializable", ["initial", "sequential_keys", "linearizable_keys"]),
    ],
)
def test_inference_alone_never_refutes_what_is_so(level, options):
    """Each assumption holds of the level that it is tried with."""
    rng = random.Random(f"rw-register inference {level} {options}")
    refuted = 0
    checker = rw_register(level, **dict.fromkeys(options, True))
    for number in range(HISTORIES // 6):
        history = random_history(rng, registers=True)
        history = mutated(rng, history) if number % 2 else history
        verdict = checker.check(history)
        if verdict.validity is INVALID:
            refuted += 1
            assert not serial_order(history.calls(), level, registers=True), (number, verdict)
    assert refuted > HISTORIES / 100
