"""Verdicts on predicate reads are proved by other code than that which found them."""

import copy
import json
import random

import pytest
from isolation_twin import HISTORIES, Txn, _schedule
from mutations import mutated

from splitbrain.checkers.history import FAIL, INFO, OK, History
from splitbrain.checkers.isolation import CertificateError, NoCertificate, predicate_reads, verify
from splitbrain.checkers.isolation.predicates.history import matches
from splitbrain.checkers.isolation.recheck.predicates import matching
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Verdict

PREDICATES = ("all", ["=", 2], ["<", 3], [">", 2], ["mod", 2, 0], ["mod", 2, 1])


def random_predicate_history(rng):
    """Transactions that insert, delete and look, serial or nearly so."""
    sessions = rng.randint(1, 4)
    keys = [f"k{n}" for n in range(rng.randint(1, 4))]
    unwritten, undeleted = list(keys), list(keys)
    txns = []
    for _ in range(rng.randint(2, 6)):
        micros = []
        for _ in range(rng.randint(1, 3)):
            kind = rng.choice(("w", "d", "r", "rp", "rp"))
            if kind == "w" and unwritten:
                micros.append(["w", unwritten.pop(0), rng.randint(1, 4)])
            elif kind == "d" and undeleted:
                micros.append(["w", undeleted.pop(0), None])
            elif kind == "r":
                micros.append(["r", rng.choice(keys), None])
            else:
                micros.append(["rp", rng.choice(PREDICATES), None])
        outcome = rng.choices([OK, FAIL, INFO], [8, 1, 1])[0]
        txns.append(Txn(rng.randrange(sessions), micros, outcome))
    _execute(rng, txns)
    _disturb(rng, txns)
    return History.from_operations(_schedule(rng, txns, sessions))


def _execute(rng, txns):
    order = list(range(len(txns)))
    if rng.random() < 0.7:
        rng.shuffle(order)
    state, before = {}, {}
    for i in order:
        txn = txns[i]
        if txn.outcome == FAIL or (txn.outcome == INFO and rng.random() < 0.5):
            continue
        # Now and then a transaction sees an old snapshot.
        base, before = (before, dict(state)) if rng.random() < 0.3 else (state, dict(state))
        own = {}
        for micro in txn.micros:
            f, key, value = micro
            there = {k: v for k, v in {**base, **own}.items() if v is not None}
            if f == "w" and value is None and key not in there:
                # A key lives once: nobody deletes what is not there yet.
                micro[:] = ["r", key, None]
            elif f == "w":
                own[key] = value
            elif f == "r":
                micro[2] = there.get(key)
            else:
                micro[2] = [[k, v] for k, v in there.items() if matches(key, v)]
        state.update(own)


def _disturb(rng, txns):
    """Let some reads miss an item, or see one too many."""
    values = {m[1]: m[2] for t in txns for m in t.micros if m[0] == "w" and m[2] is not None}
    reads = [m for t in txns if t.outcome == OK for m in t.micros if m[0] != "w"]
    for micro in rng.sample(reads, min(len(reads), rng.choice((0, 0, 1, 2)))):
        if micro[0] == "r":
            micro[2] = rng.choice((None, values.get(micro[1])))
            continue
        found = {k: v for k, v in values.items() if matches(micro[1], v)}
        micro[2] = [[k, v] for k, v in found.items() if rng.random() < 0.6]


MODELS = (None, "serializable", "snapshot-isolation", "repeatable-read", "consistent-view",
          "read-committed", "strong-session-serializable", "causal")  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_every_verdict_is_proved_or_says_that_it_is_not(model):
    rng = random.Random(f"predicates {model}")
    proved = {VALID: 0, INVALID: 0}
    open_ones = 0
    checker = predicate_reads(model)
    for _ in range(HISTORIES // 6):
        history = random_predicate_history(rng)
        verdict = Verdict.from_json(json.loads(json.dumps(checker.check(history).to_json())))
        if verdict.validity is UNKNOWN:
            continue
        if "no proof" in verdict.certificate and "dependencies" not in verdict.certificate:
            assert "does not prove that it holds" in verdict.reason
            with pytest.raises(NoCertificate, match="judged by the anomalies"):
                verify(history, verdict)
            open_ones += 1
            continue
        verify(history, verdict)
        proved[verdict.validity] += 1
    assert proved[VALID] > 50 or model == "causal"
    assert proved[INVALID] > 5
    assert open_ones < sum(proved.values()) / 4 or model == "causal"


def test_an_order_that_is_proved_is_one_by_the_definition():
    """What is proved serializable has a serial order; what has none is never proved."""
    rng = random.Random("predicates by definition")
    outcomes = {True: 0, False: 0}
    for number in range(HISTORIES // 6):
        history = random_predicate_history(rng)
        history = mutated(rng, history) if number % 2 else history
        verdict = predicate_reads("serializable").check(history)
        if verdict.validity is UNKNOWN:
            continue
        expected = serial_order(history.calls())
        outcomes[expected] += 1
        if verdict.validity is INVALID or "order" in verdict.certificate:
            assert (verdict.validity is VALID) == expected, list(history)
    assert min(outcomes.values()) > 10


def serial_order(calls):
    alive = [call for call in calls if call.outcome != FAIL]
    required = {i for i, call in enumerate(alive) if call.outcome == OK}
    unexplored, reached = [(frozenset(), ())], set()
    while unexplored:
        done, state = unexplored.pop()
        if required <= done:
            return True
        for i, call in enumerate(alive):
            after = None if i in done else _run(call, dict(state))
            if after is not None:
                following = (done | {i}, tuple(sorted(after.items())))
                if following not in reached:
                    reached.add(following)
                    unexplored.append(following)
    return False


def _run(call, state):
    for f, key, value in call.argument if call.result is None else call.result:
        if f == "w" and value is None:
            state.pop(key, None)
            state[f"~{key}"] = 0
        elif f == "w" and f"~{key}" in state:
            return None  # a key lives once
        elif f == "w":
            state[key] = value
        elif call.outcome == OK and f == "r" and state.get(key) != value:
            return None
        elif call.outcome == OK and f == "rp":
            found = {k: v for k, v in state.items() if k[0] != "~" and matches(key, v)}
            if found != dict(value):
                return None
    return state


def test_predicates_mean_the_same_to_both():
    for predicate in PREDICATES:
        for value in range(-3, 6):
            assert matching(predicate, value) == matches(predicate, value)


def history_of(*txns):
    operations_of = [Txn(at, [list(m) for m in txn], OK) for at, txn in enumerate(txns)]
    return History.from_operations(_schedule(random.Random(1), operations_of, len(txns)))


PHANTOMS = (
    [["rp", ["mod", 2, 1], []], ["w", "x", 1]],
    [["rp", ["mod", 2, 1], []], ["w", "y", 3]],
)
SERIAL = ([["rp", "all", []], ["w", "x", 1]], [["rp", "all", [["x", 1]]], ["w", "x", None]])
BETWEEN = ([["w", "x", 1]], [["w", "x", None]], [["rp", "all", []]], [["r", "x", 1]])


def cycle(data):
    return data["anomalies"][0]["details"]["cycle of predicates"]


FORGERIES = [
    ("serializable", PHANTOMS, lambda d: cycle(d)[0].update(key="z")),
    ("serializable", PHANTOMS, lambda d: cycle(d)[0].update(predicate=["mod", 2, 0])),
    ("serializable", PHANTOMS, lambda d: cycle(d)[0].pop("predicate")),
    ("serializable", PHANTOMS, lambda d: cycle(d)[0].update(type="wr")),
    ("serializable", PHANTOMS, lambda d: cycle(d).pop()),
    ("serializable", PHANTOMS, lambda d: d["anomalies"][0].update(kind="G2-item")),
    ("serializable", SERIAL, lambda d: d["certificate"]["order"].reverse()),
    ("serializable", SERIAL, lambda d: d["certificate"]["order"].pop()),
    ("serializable", SERIAL, lambda d: d["certificate"].pop("order")),
    ("snapshot-isolation", PHANTOMS, lambda d: d["certificate"]["schedule"].reverse()),
    ("snapshot-isolation", PHANTOMS, lambda d: d["certificate"]["schedule"].pop()),
    ("repeatable-read", PHANTOMS, lambda d: d["certificate"]["dependencies"].pop()),
    ("read-committed", PHANTOMS, lambda d: d["certificate"].update(dependencies=[7])),
]


@pytest.mark.parametrize(("model", "txns", "change"), FORGERIES)
def test_forgeries_are_refused(model, txns, change):
    history = history_of(*txns)
    verdict = predicate_reads(model).check(history)
    verify(history, verdict)
    data = copy.deepcopy(verdict.to_json())
    change(data)
    with pytest.raises(CertificateError):
        verify(history, Verdict.from_json(data))


def test_whoever_missed_an_item_that_was_deleted_comes_before_or_after_it():
    history = history_of(*BETWEEN)
    verdict = predicate_reads("serializable").check(history)
    verify(history, verdict)
    assert len(verdict.certificate["order"]) == 4
