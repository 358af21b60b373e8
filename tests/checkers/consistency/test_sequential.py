"""Sequential consistency: against the definition, and by the examples of the literature."""

import random

import pytest
from consistency_twin import HISTORIES, random_history, sequential_by_definition

from splitbrain.checkers import INVALID, UNKNOWN, VALID, Verdict, linearizable, models
from splitbrain.checkers.consistency import sequential, verify_sequential
from splitbrain.checkers.history import INFO, INVOKE, OK, History, Operation, drawn
from splitbrain.checkers.linearizability import Budget, CertificateError
from splitbrain.checkers.models import split

REGISTER = models.cas_register()


def numbered(history: History, keyed: bool):
    parts = split(history.calls(), keyed=keyed)
    return [(key, call) for key, part in enumerate(parts) for call in part.calls]


@pytest.mark.parametrize(("keys", "cas"), [(None, 0.0), (None, 0.3), (2, 0.0), (3, 0.2)])
def test_verdicts_are_those_of_the_definition(keys, cas):
    r, counts = random.Random(f"sequential {keys} {cas}"), {VALID: 0, INVALID: 0, UNKNOWN: 0}
    checker = sequential(REGISTER, keyed=keys is not None)
    for _ in range(HISTORIES // 2):
        history = random_history(r, most=9, keys=keys, cas=cas, values=r.randint(1, 3))
        verdict = checker.check(history)
        counts[verdict.validity] += 1
        expected = sequential_by_definition(REGISTER, numbered(history, keys is not None))
        assert (verdict.validity is not INVALID) == expected, list(history)
        if verdict.validity is VALID:
            verify_sequential(REGISTER, history, verdict.certificate)
    assert counts[VALID] > 100
    assert counts[INVALID] > 100


def test_every_linearizable_history_is_sequentially_consistent():
    r, stronger, weaker = random.Random("stronger"), 0, 0
    for _ in range(HISTORIES // 4):
        history = random_history(r, most=10, cas=0.2)
        strong = linearizable(REGISTER).check(history).validity
        weak = sequential(REGISTER).check(history).validity
        stronger += strong is VALID
        weaker += strong is INVALID and weak is VALID
        assert strong is not VALID or weak is VALID, list(history)
    assert stronger > 50
    assert weaker > 10


def test_queues_agree_with_the_definition():
    r, counts = random.Random("queues"), {True: 0, False: 0}
    model = models.queue()
    for _ in range(HISTORIES // 6):
        operations = []
        for process in range(r.randint(2, 3)):
            for _ in range(r.randint(1, 3)):
                f = r.choice(("enqueue", "dequeue"))
                value = r.randint(1, 3) if f == "enqueue" else None
                result = value if f == "enqueue" else r.choice((None, 1, 2, 3))
                operations += [(process, INVOKE, f, value), (process, OK, f, result)]
        history = History.from_operations(Operation(i, i, *o) for i, o in enumerate(operations))
        expected = sequential_by_definition(model, numbered(history, False))
        counts[expected] += 1
        assert (sequential(model).check(history).validity is not INVALID) == expected
    assert min(counts.values()) > 50, counts


def test_stale_reads_are_allowed():
    history = drawn("""
        a: [w1] [w2]
        b:           [r1] [r2]
    """)
    assert linearizable(REGISTER).check(history).validity is INVALID
    assert sequential(REGISTER).check(history).validity is VALID


def test_reads_that_go_back_are_not():
    history = drawn("""
        a: [w1] [w2]
        b:           [r2] [r1]
    """)
    verdict = sequential(REGISTER).check(history)
    assert verdict.validity is INVALID
    assert verdict.signature == "sequential(cas-register)/not-sequential"
    _, overwriting, *reads = (call.invoke_index for call in history.calls())
    assert verdict.anomalies[0].details["window"] == [overwriting, *reads]
    assert [entry["why"] for entry in verdict.anomalies[0].details["candidates"]] == [
        "process 0's write 2 (operation 2) would overwrite 1, which others must still find",
        "process 1's read → 2 (operation 4) does not fit the state, which is 1",
    ]


def test_dekkers_store_buffers_show_that_it_is_not_local():
    """Each key alone is sequentially consistent (Herlihy and Wing 1990, section 3.3)."""
    rows = [
        (0, "write", ["x", 1], ["x", 1]),
        (1, "write", ["y", 1], ["y", 1]),
        (0, "read", ["y", None], ["y", None]),
        (1, "read", ["x", None], ["x", None]),
    ]
    events = []
    for process, f, argument, result in rows:
        events += [(process, INVOKE, f, argument), (process, OK, f, result)]
    history = History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))
    assert sequential(REGISTER).check(history).validity is INVALID
    for key in ("x", "y"):
        alone = [e for e in events if e[3][0] == key]
        part = History.from_operations(Operation(i, i, *event) for i, event in enumerate(alone))
        assert sequential(REGISTER).check(part).validity is VALID


def test_an_indeterminate_write_may_happen_after_its_process_has_gone_on():
    events = [
        (0, INVOKE, "write", 1),
        (0, INFO, "write", 1),
        (2, INVOKE, "read", None),
        (2, OK, "read", None),
        (1, INVOKE, "read", None),
        (1, OK, "read", 1),
    ]
    history = History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))
    assert sequential(REGISTER).check(history).validity is VALID


def test_nothing_exercised_is_unknown():
    assert sequential(REGISTER).check(drawn("a: [w1] [w2]")).validity is UNKNOWN
    assert sequential(REGISTER).check(History.from_operations([])).validity is UNKNOWN


def test_a_budget_ends_in_unknown():
    history = drawn("""
        a: [w1] [w2] [w3] [w4]
        b: [w5] [w6] [w7] [w8]
        c: [r4] [r8] [r4] [r8] [r1]
    """)
    verdict = sequential(REGISTER, budget=Budget(configurations=2)).check(history)
    assert verdict.validity is UNKNOWN
    assert "raise it" in verdict.reason


def test_beyond_the_budget_a_linearization_will_do():
    """The keys' orders are merged into one that is right for all of them."""
    r, merged = random.Random("merged"), 0
    checker = sequential(REGISTER, keyed=True, budget=Budget(configurations=1))
    for _ in range(HISTORIES // 6):
        history = random_history(r, most=10, keys=2, values=2)
        verdict = checker.check(history)
        if verdict.validity is VALID and "linearization" in verdict.cost["algorithm"]:
            merged += 1
            verify_sequential(REGISTER, history, verdict.certificate)
    assert merged > 10


def test_certificates_that_prove_nothing_are_refused():
    history = drawn("""
        a: [w1] [w2] [r2]
        b:           [r1!]
    """)
    verdict = sequential(REGISTER).check(history)
    order = verdict.certificate["order"]
    verify_sequential(REGISTER, history, Verdict.from_json(verdict.to_json()).certificate)
    for wrong in (order[:-1], order[::-1], [*order, order[0]], [*order, 999], [*order, 5]):
        with pytest.raises(CertificateError):
            verify_sequential(REGISTER, history, {**verdict.certificate, "order": wrong})


def test_long_sequential_histories_are_ordered_and_mutants_refuted():
    """Readers lag behind the writer, each at its own pace."""
    r = random.Random("lagging")
    events, written, seen = [], 0, [0, 0, 0]
    for _ in range(600):
        who = r.randrange(4)
        if who == 0:
            written += 1
            events += [(0, INVOKE, "write", written), (0, OK, "write", written)]
        else:
            seen[who - 1] = r.randint(seen[who - 1], min(written, seen[who - 1] + 3))
            value = seen[who - 1] or None
            events += [(who, INVOKE, "read", None), (who, OK, "read", value)]
    history = History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))
    assert sequential(REGISTER).check(history).validity is VALID
    last = max(i for i, event in enumerate(events) if event[2] == "read" and event[1] == OK)
    events[last] = (*events[last][:3], 1)
    history = History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))
    verdict = sequential(REGISTER).check(history)
    assert verdict.validity is INVALID
    assert len(verdict.anomalies[0].details["window"]) <= 4
