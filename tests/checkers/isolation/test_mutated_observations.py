"""Whatever reads may have returned, verdicts are those of the definitions, and are proved."""

import copy
import random
from dataclasses import replace
from itertools import product

import pytest
from isolation_twin import HISTORIES, random_history, serial_order
from levels_twin import consistent_view, read_committed, reads_own_writes, snapshot_order
from mutations import mutated

from splitbrain.checkers.history import OK, History
from splitbrain.checkers.isolation import list_append, rw_register, verify
from splitbrain.checkers.verdict import INVALID, UNKNOWN

pytestmark = pytest.mark.slow

SERIAL = ("serializable", "strong-session-serializable", "strong-serializable")
SNAPSHOT = ("snapshot-isolation", "strong-session-snapshot-isolation", "strong-snapshot-isolation")


def judged(checker, seed, count, registers=False):
    """Mutated histories and their verdicts; each that has a proof is proved."""
    rng = random.Random(seed)
    for _ in range(count):
        history = mutated(rng, random_history(rng, registers=registers))
        verdict = checker.check(history)
        if verdict.validity is UNKNOWN:
            assert "nothing was exercised" in verdict.reason or "no order" in verdict.reason
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


@pytest.mark.parametrize("level", SNAPSHOT)
def test_registers_have_an_order_exactly_if_snapshots_give_what_was_read(level):
    pytest.importorskip("pysat")
    outcomes = {True: 0, False: 0}
    form = level.removesuffix("snapshot-isolation")
    checker = rw_register(level, complete=True)
    for history, verdict in judged(checker, f"mutated registers {level}", HISTORIES // 4, True):
        expected = snapshot_order(history.calls(), form, registers=True)
        outcomes[expected] += 1
        assert (verdict.validity is not INVALID) == expected, (list(history), verdict)
        assert expected or verdict.anomalies
    assert min(outcomes.values()) > HISTORIES / 100


def test_consistent_view_is_refuted_only_if_one_rw_closes_a_cycle():
    """Where writes that nobody read could have stood matters too: then nothing is proved."""
    outcomes = {True: 0, False: 0}
    level, exactly = "consistent-view", 0
    for history, verdict in judged(list_append(level), f"mutated {level}", HISTORIES // 4):
        if reads_own_writes(history.calls()):
            continue
        expected = consistent_view(history.calls())
        outcomes[expected] += 1
        assert verdict.validity is not INVALID or not expected, (list(history), verdict)
        unproved = "no proof" in verdict.certificate or "dependencies" in verdict.certificate
        assert verdict.validity is INVALID or expected or unproved, (list(history), verdict)
        exactly += (verdict.validity is not INVALID) == expected
    assert exactly > 0.95 * sum(outcomes.values())
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


def started_otherwise(rng, history):
    """The history with null reads of some keys turned into a value that nobody wrote."""
    start = {key: rng.choice((None, 91, 92)) for key in "xyz"}
    operations = [replace(op, value=copy.deepcopy(op.value)) for op in history]
    for op in operations:
        for micro in op.value if op.type == OK else ():
            if micro[0] == "r" and micro[2] is None:
                micro[2] = start[micro[1]]
    return History.from_operations(operations)


def possible_starts(calls):
    """All that keys may have held at first: what was read of them and nobody wrote, or null."""
    written = {(k, v) for call in calls for f, k, v in call.argument if f != "r"}
    unwritten = {key: {None} for key in "xyz"}
    for call in calls:
        for f, key, value in call.result if call.outcome == OK else ():
            if f == "r" and (key, value) not in written:
                unwritten[key].add(value)
    for values in product(*unwritten.values()):
        yield dict(zip(unwritten, values, strict=True))


@pytest.mark.nightly(one_in=3)
@pytest.mark.parametrize("level", SERIAL)
def test_registers_are_refuted_without_assumptions_only_if_no_start_explains_them(level):
    rng = random.Random(f"registers without assumptions {level}")
    checker = rw_register(level)
    outcomes = {"refuted": 0, "let pass": 0, "explained": 0}
    for _ in range(HISTORIES // 2):
        history = started_otherwise(rng, mutated(rng, random_history(rng, registers=True)))
        verdict = checker.check(history)
        calls = history.calls()
        explained = any(
            serial_order(calls, level, registers=True, start=start)
            for start in possible_starts(calls)
        )
        if verdict.validity is INVALID:
            verify(history, verdict)
            assert not explained, (list(history), verdict)
            outcomes["refuted"] += 1
        else:
            outcomes["explained" if explained else "let pass"] += 1
    assert outcomes["refuted"] > 9 * outcomes["let pass"], outcomes
    assert outcomes["explained"] > HISTORIES / 100


@pytest.mark.parametrize(
    "level", ["read-committed", "monotonic-atomic-view", "read-atomic", "causal"]
)
def test_weak_levels_of_registers_are_proved_whatever_keys_start_as(level):
    rng = random.Random(f"weak registers without assumptions {level}")
    checker = rw_register(level)
    outcomes = {True: 0, False: 0}
    for _ in range(HISTORIES // 6):
        history = started_otherwise(rng, mutated(rng, random_history(rng, registers=True)))
        verdict = checker.check(history)
        if verdict.validity is not UNKNOWN:
            verify(history, verdict)
            outcomes[verdict.validity is INVALID] += 1
    assert min(outcomes.values()) > HISTORIES / 100
