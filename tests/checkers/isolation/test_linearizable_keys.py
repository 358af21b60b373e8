"""Serializable (or snapshots) with real time key by key: what etcd's keys promise."""

import json
import random

import pytest
from adya_twin import holds
from isolation_twin import HISTORIES, random_history, snapshot_history
from mutations import mutated

from splitbrain.checkers.history import INVOKE, OK, History, Operation
from splitbrain.checkers.isolation import (
    CertificateError,
    list_append,
    predicate_reads,
    rw_register,
    verify,
)
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Verdict

SERIALIZABLE = "serializable-with-linearizable-keys"
SNAPSHOTS = "snapshot-isolation-with-linearizable-keys"

STALE = "T1: ax1 || T2: rx"


def against_time():
    """A reader sees y's append but not x's, which had completed before: no key has both."""
    reader = [["r", "y", [1]], ["r", "x", []]]
    events = [
        (0, INVOKE, reader),
        (1, INVOKE, [["append", "x", 1]]),
        (1, OK, [["append", "x", 1]]),
        (2, INVOKE, [["append", "y", 1]]),
        (2, OK, [["append", "y", 1]]),
        (0, OK, reader),
    ]
    return History.from_operations(
        Operation(at, at, process, kind, "txn", value)
        for at, (process, kind, value) in enumerate(events)
    )


def test_a_stale_read_of_a_key_is_refuted():
    history = transactions(STALE)
    for level in (SERIALIZABLE, SNAPSHOTS, "serializable with linearizable keys"):
        verdict = list_append(level).check(history)
        assert list(verdict.certificate["anomalies"]) == ["G-single-per-key"]
        assert "both touch x" in verdict.reason
        verify(history, verdict)
    assert list_append("strong-session-serializable").check(history).validity is VALID


def test_real_time_between_different_keys_does_not_matter():
    history = against_time()
    verdict = list_append(SERIALIZABLE).check(history)
    assert verdict.validity is VALID
    verify(history, verdict)
    assert list_append("strong-serializable").check(history).validity is INVALID


def test_registers_know_the_order_of_versions_by_it():
    history = transactions("T1: wx1 || T2: wx2 || T3: rx1", registers=True)
    verdict = rw_register(SERIALIZABLE).check(history)
    assert list(verdict.certificate["anomalies"]) == ["G-single-per-key"]
    verify(history, Verdict.from_json(verdict.to_json()))
    assert rw_register("strong-session-serializable").check(history).validity is VALID


def test_predicates_touch_all_keys_so_that_it_says_nothing_of_them():
    with pytest.raises(ValueError, match="says nothing of predicates"):
        predicate_reads(SERIALIZABLE)


def test_the_ladder_has_no_such_rungs():
    certificate = list_append().check(against_time()).certificate
    rungs = certificate["ruled out"] + certificate["strongest not refuted"]
    assert not any("keys" in name for name in rungs)


def test_an_order_against_the_time_of_a_key_is_refused():
    history = transactions("T1: ax1 || T2: ax2 | T3: rx1,2")
    data = list_append(SERIALIZABLE).check(history).to_json()
    order = data["certificate"]["order"]
    verify(history, Verdict.from_json(data))
    unread = transactions("T1: ax1 || T2: rx | T3: ry")
    data["certificate"]["order"] = [1, *[i for i in order if i != 1]]
    with pytest.raises(CertificateError):
        verify(unread, Verdict.from_json(data))


def test_an_edge_between_different_keys_is_refused():
    history = transactions("T1: ax1 | T2: ay1 || T3: rx")
    data = list_append(SERIALIZABLE).check(history).to_json()
    step = next(s for s in data["anomalies"][0]["details"]["cycle"] if s["type"] == "per-key")
    step["key"] = "y"
    with pytest.raises(CertificateError, match="the history does not say"):
        verify(history, Verdict.from_json(data))


@pytest.mark.slow
@pytest.mark.parametrize("registers", [False, True])
@pytest.mark.parametrize("level", [SERIALIZABLE, SNAPSHOTS])
def test_verdicts_are_those_of_the_definition(level, registers):
    pytest.importorskip("pysat")
    rng = random.Random(f"{level} {registers}")
    outcomes = {True: 0, False: 0}
    checker = rw_register(level, complete=True) if registers else list_append(level)
    for number in range(HISTORIES // 6):
        draw = random_history if number % 2 else snapshot_history
        history = draw(rng, registers=registers)
        history = mutated(rng, history) if number % 3 else history
        verdict = checker.check(history)
        if verdict.validity is UNKNOWN:
            continue
        weaker = level.partition("-with")[0]
        expected = holds(history.calls(), weaker, "key", registers=registers)
        outcomes[expected] += 1
        assert (verdict.validity is VALID) == expected, (list(history), verdict)
        verify(history, Verdict.from_json(json.loads(json.dumps(verdict.to_json()))))
    assert min(outcomes.values()) > HISTORIES / 30
