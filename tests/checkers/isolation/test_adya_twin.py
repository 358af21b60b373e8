"""Verdicts agree with Adya's definitions: on what is refuted, on the ladder, on what is proved."""

import json
import random

import pytest
from adya_twin import LEVELS, holds
from isolation_twin import HISTORIES, random_history, snapshot_history
from levels_twin import reads_own_writes
from mutations import mutated
from test_mutated_observations import possible_starts, started_otherwise

from splitbrain.checkers.isolation import list_append, rw_register, verify
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Verdict

pytestmark = pytest.mark.slow

FORMS = {"": "", "session": "strong-session-", "real": "strong-"}
NAMED = {FORMS[time] + level: (level, time) for level in LEVELS for time in FORMS}
WEAK = ("read-committed", "consistent-view")


def drawn(seed, count, registers):
    """Histories of a model that was run, or of snapshots; half with their observations mutated."""
    rng = random.Random(seed)
    for number in range(count):
        draw = random_history if number % 2 else snapshot_history
        history = draw(rng, registers=registers)
        yield rng, mutated(rng, history) if number % 4 < 2 else history


def says(calls, name):
    """Whether the twin has an opinion: below snapshot isolation it ignores reads of own writes."""
    return NAMED[name][0] not in WEAK or not reads_own_writes(calls)


def proved(history, verdict):
    """Whether a verdict is proved, which it must be if it says so."""
    if "no proof" in verdict.certificate:
        return False
    verify(history, Verdict.from_json(json.loads(json.dumps(verdict.to_json()))))
    return True


@pytest.mark.nightly
def test_lists_at_every_level():
    outcomes = {True: 0, False: 0}
    checkers = {name: list_append(name) for name in NAMED}
    for _, history in drawn("adya lists", HISTORIES // 6, registers=False):
        for name, checker in checkers.items():
            verdict = checker.check(history)
            if verdict.validity is UNKNOWN or not says(history.calls(), name):
                continue
            expected = holds(history.calls(), *NAMED[name])
            outcomes[expected] += 1
            assert verdict.validity is not INVALID or not expected, (list(history), verdict)
            if proved(history, verdict) and verdict.validity is VALID:
                assert expected, (list(history), verdict)
            if NAMED[name][0] not in WEAK:
                assert (verdict.validity is VALID) == expected, (list(history), verdict)
    assert min(outcomes.values()) > HISTORIES / 10


@pytest.mark.nightly
def test_registers_that_a_complete_search_decides():
    pytest.importorskip("pysat")
    outcomes = {True: 0, False: 0}
    checkers = {n: rw_register(n, complete=True) for n in NAMED if NAMED[n][0] not in WEAK}
    for _, history in drawn("adya complete", HISTORIES // 12, registers=True):
        for name, checker in checkers.items():
            verdict = checker.check(history)
            if verdict.validity is UNKNOWN:
                continue
            expected = holds(history.calls(), *NAMED[name], registers=True)
            outcomes[expected] += 1
            assert (verdict.validity is VALID) == expected, (list(history), verdict)
            assert proved(history, verdict)
    assert min(outcomes.values()) > HISTORIES / 20


def test_registers_without_any_assumption_wherever_they_are_on_the_ladder():
    """What is certain refutes no model that some order of versions and some start satisfies."""
    refuted, let_pass, rested = 0, 0, 0
    for rng, drawn_history in drawn("adya registers", HISTORIES // 6, registers=True):
        history = started_otherwise(rng, drawn_history)
        calls = history.calls()
        verdict = rw_register().check(history)
        if verdict.validity is UNKNOWN:
            continue
        proved(history, verdict)
        rested += "rests on" in json.dumps(verdict.to_json())
        out = {*verdict.certificate["ruled out"], *verdict.certificate["also ruled out"]}
        asked = rng.choice(list(NAMED))
        alone = rw_register(asked).check(history)
        proved(history, alone)
        for name in NAMED if says(calls, WEAK[0]) else [n for n in NAMED if says(calls, n)]:
            expected = any(
                holds(calls, *NAMED[name], registers=True, start=start)
                for start in possible_starts(calls)
            )
            wrong = name in out or (name == asked and alone.validity is INVALID)
            assert not wrong or not expected, (name, list(history), verdict, alone)
            refuted += name in out
            let_pass += not expected and name not in out
    assert refuted > 20 * let_pass, (refuted, let_pass)
    assert rested > HISTORIES / 100
