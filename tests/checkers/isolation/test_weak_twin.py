"""Weak levels agree with their definition: some order of commits satisfies the level's axiom."""

import random
from itertools import permutations

import pytest
from isolation_twin import HISTORIES, random_history
from mutations import mutated

from splitbrain.checkers.history import FAIL, INFO, OK
from splitbrain.checkers.isolation import list_append, rw_register, verify
from splitbrain.checkers.verdict import INVALID, UNKNOWN

pytestmark = pytest.mark.slow

INITIAL = "initial"


def holds(calls, level):
    """Biswas and Enea, section 2: try all orders of commits."""
    facts = _facts(calls, level)
    if facts is None:
        return False
    alive, reads, writes, sessions = facts
    for order in permutations(alive):
        at = {t: i for i, t in enumerate([INITIAL, *order])}
        if any(at[source] > at[t] for t, _, _, source in reads):
            continue
        if level == "causal" and any(at[a] > at[b] for a, b in sessions):
            continue
        if all(at[a] < at[b] for a, b in _required(reads, writes, sessions, level)):
            return True
    return False


def _required(reads, writes, sessions, level):
    """Pairs of transactions that must commit in this order."""
    follows = {(source, t) for t, _, _, source in reads}
    if level == "causal":
        follows = _closed(follows | set(sessions))
    for t3, place, key, t1 in reads:
        for t2, written in writes.items():
            if key not in written or t2 in (t1, t3):
                continue
            if level == "monotonic-atomic-view":
                seen = any(t == t3 and p < place and s == t2 for t, p, _, s in reads)
            else:
                seen = (t2, t3) in follows
            if seen:
                yield t2, t1


def _closed(pairs):
    while True:
        more = pairs | {(a, d) for a, b in pairs for c, d in pairs if b == c}
        if more == pairs:
            return pairs
        pairs = more


def _facts(calls, level):
    """Who took effect, read what from whom, wrote what; or None if single reads are wrong."""
    writer, final, failed = {}, {}, set()
    for i, call in enumerate(calls):
        for f, key, value in call.argument:
            if f == "w":
                writer[key, value] = i
                final[i, key] = value
                if call.outcome == FAIL:
                    failed.add((key, value))
    reads, observed = [], set()
    for i, call in enumerate(calls):
        own, known = {}, {}
        for place, (f, key, value) in enumerate(call.result if call.outcome == OK else ()):
            if f == "w":
                own[key] = value
            elif key in own:
                if own[key] != value:
                    return None
            else:
                if known.setdefault(key, value) != value and level != "monotonic-atomic-view":
                    return None
                source = INITIAL if value is None else writer.get((key, value))
                if source is None or source == i or (key, value) in failed:
                    return None
                if source != INITIAL and final[source, key] != value:
                    return None
                observed.add(source)
                reads.append((i, place, key, source))
    alive = [
        i
        for i, call in enumerate(calls)
        if call.outcome == OK or (call.outcome == INFO and i in observed)
    ]
    writes = {i: {key for f, key, _ in calls[i].argument if f == "w"} for i in alive}
    sessions = [
        (a, b)
        for a in alive
        for b in alive
        if a < b and calls[a].process == calls[b].process and calls[a].outcome == OK
    ]
    return alive, reads, writes, sessions


@pytest.mark.parametrize("level", ["monotonic-atomic-view", "read-atomic", "causal"])
def test_registers_are_refuted_exactly_if_no_order_of_commits_works(level):
    rng = random.Random(f"weak {level}")
    checker = rw_register(level, initial=True)
    outcomes = {True: 0, False: 0}
    for number in range(HISTORIES // 6):
        history = random_history(rng, registers=True)
        history = mutated(rng, history) if number % 2 else history
        verdict = checker.check(history)
        internal = "internal" in verdict.certificate.get("anomalies", ())
        if verdict.validity is UNKNOWN or (level == "monotonic-atomic-view" and internal):
            continue
        expected = holds(history.calls(), level)
        outcomes[expected] += 1
        assert (verdict.validity is not INVALID) == expected, (number, list(history), verdict)
    assert min(outcomes.values()) > HISTORIES / 120


@pytest.mark.parametrize("level", ["monotonic-atomic-view", "read-atomic", "causal"])
def test_what_is_serializable_in_sessions_is_never_refuted(level):
    rng = random.Random(f"weak lists {level}")
    refuted = 0
    for _ in range(HISTORIES // 6):
        history = random_history(rng)
        if list_append(level).check(history).validity is INVALID:
            refuted += 1
            assert list_append("strong-session-serializable").check(history).validity is INVALID
    assert refuted


@pytest.mark.parametrize("level", ["monotonic-atomic-view", "read-atomic", "causal"])
@pytest.mark.parametrize("registers", [True, False])
def test_every_refutation_is_proved(level, registers):
    rng = random.Random(f"weak certificates {level} {registers}")
    checker = rw_register(level, initial=True) if registers else list_append(level)
    proved = 0
    for _ in range(HISTORIES // 10):
        history = random_history(rng, registers=registers)
        verdict = checker.check(history)
        if verdict.validity is INVALID:
            verify(history, verdict)
            proved += any("commit order" in anomaly.details for anomaly in verdict.anomalies)
    assert proved
