"""Refutations by the complete search are proved without a solver, and forged ones are not."""

import copy
import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from isolation_twin import HISTORIES, open_history, random_history

from splitbrain.checkers.history import INVOKE, OK, History, Operation
from splitbrain.checkers.isolation import (
    CertificateError,
    NoCertificate,
    load_transactions,
    rw_register,
    verify,
)
from splitbrain.checkers.isolation.complete import refuting
from splitbrain.checkers.isolation.notation import transactions
from splitbrain.checkers.isolation.recheck.refutation import Clauses
from splitbrain.checkers.verdict import VALID, Verdict

pytest.importorskip("pysat")

LEVELS = (
    "serializable",
    "strong-session-serializable",
    "strong-serializable",
    "snapshot-isolation",
    "strong-session-snapshot-isolation",
    "strong-snapshot-isolation",
)


def refuted(rng, level, count):
    """Random histories that only the search refutes, and their verdicts back from JSON."""
    checker = rw_register(level, complete=True)
    for number in range(count):
        history = open_history(rng) if number % 2 else random_history(rng, registers=True)
        verdict = checker.check(history)
        if verdict.anomalies and "refutation" in verdict.anomalies[0].details:
            yield history, Verdict.from_json(json.loads(json.dumps(verdict.to_json())))


@pytest.mark.nightly(one_in=3)
@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_every_refutation_is_proved(level):
    rng = random.Random(f"search refutes {level}")
    proved = 0
    for history, verdict in refuted(rng, level, HISTORIES // 2):
        assert "found again" in verify(history, verdict)
        proved += 1
    assert proved


# Wherever T1's write of x comes among the others, it is too early or too late for some read.
ORDERS = "T1: ry wx1 | T2: rx ry wx2 | T3: rx2 wy1 wx3"


def found(text=ORDERS, level="serializable"):
    history = transactions(text, registers=True)
    verdict = rw_register(level, complete=True).check(history)
    assert "refutation" in verdict.anomalies[0].details, verdict
    return history, verdict


@pytest.mark.parametrize("level", LEVELS)
def test_a_write_that_fits_nowhere_is_refuted_at_all_levels(level):
    history, verdict = found(level=level)
    verify(history, verdict)


def _forgeries():
    def of(data):
        return data["anomalies"][0]["details"]["refutation"]

    def assumed(data):
        return next(s for ring in of(data)["cycles"] for s in ring if "assumes" in s)

    def quoted(data):
        return next(s for ring in of(data)["cycles"] for s in ring if "assumes" not in s)

    yield lambda d: of(d)["cycles"].pop()
    yield lambda d: of(d)["cycles"][0].pop()
    yield lambda d: of(d)["cycles"][0].clear()
    yield lambda d: of(d)["cycles"].clear()
    yield lambda d: of(d)["pairs"].pop()
    yield lambda d: of(d)["pairs"][0].update(key="z")
    yield lambda d: of(d)["pairs"][0].update({"first operation": 3})
    yield lambda d: of(d)["pairs"][0].update(
        {"first operation": of(d)["pairs"][0]["second operation"]}
    )
    yield lambda d: assumed(d).update(assumes=-assumed(d)["assumes"])
    yield lambda d: assumed(d).update(assumes=0)
    yield lambda d: assumed(d).update(assumes=9)
    yield lambda d: assumed(d).pop("assumes")
    yield lambda d: assumed(d).update(type="wr")
    yield lambda d: assumed(d).update(type="realtime")
    yield lambda d: quoted(d).update(value=7)
    yield lambda d: quoted(d).update(type="ww")
    yield lambda d: d["anomalies"][0].update(kind="not-serializable-realtime")


@pytest.mark.parametrize("change", list(_forgeries()))
def test_forged_refutations_are_refused(change):
    history, verdict = found()
    data = copy.deepcopy(verdict.to_json())
    change(data)
    with pytest.raises(CertificateError):
        verify(history, Verdict.from_json(data))


def test_mutated_refutations_of_random_histories_never_refute_what_is_so():
    """Whatever is dropped or turned round: a proof that still holds is of another contradiction."""
    rng = random.Random("mutated refutations")
    refused = 0
    for history, verdict in refuted(rng, "strong-serializable", HISTORIES // 60):
        data = copy.deepcopy(verdict.to_json())
        ring = rng.choice(data["anomalies"][0]["details"]["refutation"]["cycles"])
        ring.pop(rng.randrange(len(ring)))
        with pytest.raises(CertificateError):
            verify(history, Verdict.from_json(data))
        refused += 1
    assert refused


def test_snapshot_isolation_does_not_forbid_two_rw_in_a_row():
    history, verdict = found(ORDERS, "snapshot-isolation")
    data = copy.deepcopy(verdict.to_json())
    for ring in data["anomalies"][0]["details"]["refutation"]["cycles"]:
        for step in ring:
            step["type"] = "rw"
    with pytest.raises(CertificateError, match="snapshot isolation allows"):
        verify(history, Verdict.from_json(data))


def pigeons(count):
    """Clauses that put ``count`` pigeons into one hole fewer, which cannot be."""
    holes = range(count - 1)
    yield from ([p * count + h + 1 for h in holes] for p in range(count))
    for h in holes:
        for one, other in itertools.combinations(range(count), 2):
            yield [-(one * count + h + 1), -(other * count + h + 1)]


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_proofs_of_the_solver_are_checked(count):
    clauses = list(pigeons(count))
    lemmas = refuting._proof(clauses)
    known = Clauses()
    for clause in clauses:
        known.add(clause)
    # Two pigeons contradict each other without a case split; more need the lemmas.
    assert known.implies(()) == (count == 2)
    for lemma in lemmas:
        assert known.implies(lemma)
        known.add(lemma)
    assert known.implies(())


def test_what_propagation_finds_does_follow():
    rng = random.Random("clauses")
    answers = {True: 0, False: 0}
    for _ in range(HISTORIES // 6):
        variables = rng.randint(1, 5)
        clauses = [
            [rng.choice((1, -1)) * rng.randint(1, variables) for _ in range(rng.randint(1, 3))]
            for _ in range(rng.randint(1, 12))
        ]
        known = Clauses()
        for clause in clauses:
            known.add(clause)
        for _ in range(3):
            wanted = [rng.choice((1, -1)) * rng.randint(1, variables)]
            answer = known.implies(wanted)
            assert answer == _propagated(clauses, wanted)
            answers[answer] += 1
            if answer:
                assert not _satisfiable([*clauses, *([-x] for x in wanted)], variables)
    assert min(answers.values()) > 50


def _propagated(clauses, wanted):
    """Unit propagation by going through all clauses again and again."""
    true = {-x for x in wanted}
    while True:
        if any(-x in true for x in true):
            return True
        forced = set()
        for clause in clauses:
            left = {x for x in clause if -x not in true}
            if not left:
                return True
            if len(left) == 1:
                forced |= left
        if forced <= true:
            return False
        true |= forced


def _satisfiable(clauses, variables):
    return any(
        all(any((x > 0) == signs[abs(x) - 1] for x in clause) for clause in clauses)
        for signs in itertools.product((True, False), repeat=variables)
    )


def forks(count):
    """Independent contradictions, of which one is enough."""
    texts = []
    for i in range(count):
        x, y, n = chr(ord("a") + 2 * i), chr(ord("b") + 2 * i), 3 * i
        texts += [
            f"T{n}: r{y} w{x}1",
            f"T{n + 1}: r{x} r{y} w{x}2",
            f"T{n + 2}: r{x}2 w{y}1 w{x}3",
        ]
    return " | ".join(texts)


def test_a_refutation_has_the_cycles_that_are_needed():
    one = found(ORDERS)[1].anomalies[0].details["refutation"]
    many = found(forks(8))[1].anomalies[0].details["refutation"]
    assert len(many["cycles"]) == len(one["cycles"])
    assert len(many["pairs"]) == len(one["pairs"]) <= 3


def test_a_refutation_that_is_too_large_is_left_out_and_says_so(monkeypatch):
    monkeypatch.setattr(refuting, "SIZE_LIMIT", 3)
    history, verdict = found()
    details = verdict.anomalies[0].details
    assert details["refutation"] is None
    assert "more than 3 steps" in details["refutation left out"]
    with pytest.raises(NoCertificate, match="the refutation was left out"):
        verify(history, verdict)


TRIAL = Path(__file__).parents[3].parent / "shared/data/trial/rw-register-2500.jsonl.gz"


@pytest.mark.slow
@pytest.mark.parametrize("level", ["serializable", "snapshot-isolation"])
def test_two_thousand_transactions_over_twenty_keys_are_decided(level):
    if not TRIAL.is_file():
        pytest.skip("the recorded history is not here")
    history = load_transactions(TRIAL)
    verdict = rw_register(level, complete=True).check(history)
    assert verdict.validity is VALID
    verify(history, verdict)


RUN = """
import json, random, sys
sys.path.insert(0, {here!r})
from test_refutations import contended
from splitbrain.checkers.isolation import rw_register
print(json.dumps(rw_register("serializable", complete=True).check(contended()).to_json()))
"""


def contended(transactions=60, keys=4):
    """Everyone at once writes a key and reads another, of which it sees a random version."""
    rng = random.Random("contended")
    operations, written = [], {key: [] for key in range(keys)}
    txns = []
    for number in range(transactions):
        write, read = rng.sample(range(keys), 2)
        seen = rng.choice(written[read][-6:]) if written[read] else None
        txns.append([["r", f"k{read}", seen], ["w", f"k{write}", number]])
        written[write].append(number)
    for kind in (INVOKE, OK):
        for process, txn in enumerate(txns):
            at = len(operations)
            value = [[f, k, v if f == "w" or kind == OK else None] for f, k, v in txn]
            operations.append(Operation(at, at, process, kind, "txn", value))
    return History.from_operations(operations)


def test_the_certificate_is_the_same_under_any_hash_seed():
    here = os.path.dirname(__file__)
    texts = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", RUN.format(here=here)],
            check=True, capture_output=True, text=True, env=environment,
        )  # fmt: skip
        texts.add(run.stdout)
    assert len(texts) == 1
    verdict = Verdict.from_json(json.loads(texts.pop()))
    assert verdict.anomalies
    verify(contended(), verdict)
