"""The rw-register checker, with its complete search, agrees with the definition."""

import random

import pytest
from isolation_twin import HISTORIES, open_history, random_history, serial_order
from mutations import mutated

from splitbrain.checkers.isolation import verify
from splitbrain.checkers.isolation.registers.checker import rw_register
from splitbrain.checkers.verdict import INVALID, UNKNOWN, Verdict

pytest.importorskip("pysat")
pytestmark = pytest.mark.slow

LEVELS = ("serializable", "strong-session-serializable", "strong-serializable")


@pytest.mark.nightly(one_in=3)
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
        history = open_history(rng) if number % 8 == 0 else history
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


@pytest.mark.nightly(one_in=3)
@pytest.mark.parametrize("level", LEVELS)
def test_values_that_tell_the_order_of_versions(level):
    rng = random.Random(f"increasing values {level}")
    outcomes = {True: 0, False: 0}
    checker = rw_register(level, complete=True, increasing_values=True)
    inferring = rw_register(level, initial=True, increasing_values=True)
    for number in range(HISTORIES // 3):
        history = random_history(rng, registers=True)
        history = mutated(rng, history) if number % 2 else history
        expected = serial_order(history.calls(), level, registers=True, increasing=True)
        verdict = checker.check(history)
        if verdict.validity is UNKNOWN:
            continue
        outcomes[expected] += 1
        assert (verdict.validity is not INVALID) == expected, (number, list(history), verdict)
        verify(history, Verdict.from_json(verdict.to_json()))
        # With all versions in order, cycles alone decide.
        assert inferring.check(history).validity is verdict.validity
    assert min(outcomes.values()) > HISTORIES / 40


def test_what_pruning_leaves_open_is_decided_right():
    rng = random.Random("open")
    outcomes = {True: 0, False: 0}
    checker = rw_register("serializable", complete=True)
    solved = 0
    for number in range(HISTORIES // 6):
        history = open_history(rng)
        expected = serial_order(history.calls(), "serializable", registers=True)
        verdict = checker.check(history)
        assert (verdict.validity is not INVALID) == expected, (number, list(history), verdict)
        verify(history, verdict)
        cost = verdict.cost.get("complete search", {})
        if cost.get("pairs left open by pruning"):
            outcomes[expected] += 1
            solved += cost["cycles excluded"] > 0
    assert outcomes[True] > HISTORIES / 100
    assert solved


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
