"""Whatever reads may have returned, verdicts are those of the definitions, and are proved."""

import random

import pytest
from isolation_twin import HISTORIES, random_history, serial_order
from levels_twin import read_committed, reads_own_writes, snapshot_order
from mutations import mutated

from splitbrain.checkers.isolation import list_append, rw_register, verify
from splitbrain.checkers.verdict import INVALID, UNKNOWN

SERIAL = ("serializable", "strong-session-serializable", "strong-serializable")
SNAPSHOT = ("snapshot-isolation", "strong-session-snapshot-isolation", "strong-snapshot-isolation")


def judged(checker, seed, count, registers=False):
    """Mutated histories and their verdicts; each that has a proof is proved."""
    rng = random.Random(seed)
    for _ in range(count):
        history = mutated(rng, random_history(rng, registers=registers))
        verdict = checker.check(history)
        if verdict.validity is UNKNOWN:
            assert "nothing was exercised" in verdict.reason
            continue
        if "no proof" not in verdict.certificate:
            verify(history, verdict)
        yield history, verdict


@pytest.mark.parametrize("level", SERIAL)
def test_lists_are_refuted_exactly_if_no_serial_order_gives_what_was_read(level):
    outcomes = {True: 0, False: 0}
    for history, verdict in judged(list_append(level), f"mutated {level}", HISTORIES // 2):
        expected = serial_order(history.calls(), level)
        outcomes[expected] += 1
        assert (verdict.validity is not INVALID) == expected, (list(history), verdict)
        assert expected or verdict.anomalies
    assert min(outcomes.values()) > HISTORIES / 100


@pytest.mark.parametrize("level", SNAPSHOT)
def test_lists_are_refuted_only_if_no_snapshots_give_what_was_read(level):
    outcomes = {True: 0, False: 0}
    form = level.removesuffix("snapshot-isolation")
    for history, verdict in judged(list_append(level), f"mutated {level}", HISTORIES // 2):
        expected = snapshot_order(history.calls(), form)
        outcomes[expected] += 1
        assert verdict.validity is not INVALID or not expected, (list(history), verdict)
        unproved = "no proof" in verdict.certificate
        assert verdict.validity is INVALID or expected or unproved, (list(history), verdict)
    assert min(outcomes.values()) > HISTORIES / 100


@pytest.mark.parametrize("registers", [False, True])
def test_read_committed_is_refuted_exactly_if_no_versions_are_those_that_were_read(registers):
    outcomes = {True: 0, False: 0}
    level = "read-committed"
    checker = rw_register(level, initial=True) if registers else list_append(level)
    seed = f"mutated {level} {registers}"
    for history, verdict in judged(checker, seed, HISTORIES // 2, registers):
        if reads_own_writes(history.calls()):
            continue
        expected = read_committed(history.calls(), registers)
        outcomes[expected] += 1
        assert (verdict.validity is not INVALID) == expected, (list(history), verdict)
    assert min(outcomes.values()) > HISTORIES / 100
