"""Counters that may be behind: examples, a twin that tries every subset, mutants, re-checks."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError, NoCertificate
from splitbrain.checkers.convergence import eventual_counter, totals
from splitbrain.checkers.convergence.recheck import totals as recheck
from splitbrain.checkers.convergence.totals import ENTRY
from splitbrain.checkers.history import NEMESIS, History, Operation
from splitbrain.checkers.models import ModelError

FINAL = [(NEMESIS, "info", "phase", "final")]
DEAD = [(NEMESIS, "info", "answers", {"n1": "gone", "n2": "ok"})]


def history(*parts):
    events = (event for part in parts for event in part)
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def add(amount, kind="ok", process=1):
    return [(process, "invoke", "add", amount), (process, kind, "add", amount)]


def read(value):
    return [(2, "invoke", "read", None), (2, "ok", "read", value)]


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        # Maelstrom, doc/workloads.md: the sum of acknowledged adds and of any in doubt.
        ([add(1), add(4), FINAL, read(5)], VALID, []),
        ([add(1), add(4), FINAL, read(4)], INVALID, ["lost"]),
        ([add(1), add(4, "info", 3), FINAL, read(1), read(5)], VALID, []),
        ([add(1), add(4, "info", 3), FINAL, read(4)], INVALID, ["lost"]),
        ([add(1), add(4, "fail"), FINAL, read(5)], INVALID, ["unexpected"]),
        ([add(5), add(-2), FINAL, read(3)], VALID, []),
        ([add(5), add(-2), FINAL, read(5)], INVALID, ["lost"]),
        ([add(5), add(-2), FINAL, read(-3)], INVALID, ["unexpected"]),
        # Two adds in doubt: each may have happened.
        ([add(1), add(2, "info", 3), add(3, "info", 4), FINAL, read(6)], VALID, []),
        ([add(1), add(3, "info", 3), add(3, "info", 4), FINAL, read(3)], INVALID, ["lost"]),
        # A replica may be behind before the end, but not ahead.
        ([add(1), read(0), add(4), FINAL, read(5)], VALID, []),
        ([add(1), read(5), add(4), FINAL, read(5)], INVALID, ["unexpected"]),
        # What only a server had that is dead for good is gone with it.
        ([add(1), add(4), FINAL, DEAD, read(4)], UNKNOWN, []),
        # What exercises nothing.
        ([add(1), read(1)], UNKNOWN, []),
        ([FINAL, read(0)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_examples(parts, validity, kinds):
    verdict = eventual_counter().check(history(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds), verdict


def test_an_add_that_ends_in_the_end_may_show_or_not():
    begins, ends = add(4, process=3)
    for value in (1, 5):
        events = history(add(1), [begins], FINAL, read(value), [ends])
        assert eventual_counter().check(events).validity is VALID


@pytest.mark.parametrize("value", [None, "3", 1.0, True])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ModelError, match="a counter has whole numbers"):
        eventual_counter().check(history(read(value)))


def test_sums_that_cannot_be_listed_are_no_verdict(monkeypatch):
    events = history(add(10**12), FINAL, read(10**12))
    assert eventual_counter().check(events).validity is UNKNOWN

    events = history(add(1), FINAL, read(1))
    monkeypatch.setattr(totals, "MOST_BITS", 0)
    assert eventual_counter().check(events).validity is UNKNOWN


# A twin


def drawn(random: Random) -> list[Operation]:
    """Replicas that converge: reads before the end see some adds, those after it all."""
    events, done, pending = [], [], []
    for number in range(random.randrange(1, 6)):
        amount = random.choice([1, 2, 3, -2])
        events.append((number + 10, "invoke", "add", amount))
        pending.append((number + 10, amount, random.choice(["ok", "ok", "info", "fail"])))
        while pending and random.random() < 0.7:
            process, amount, kind = pending.pop(random.randrange(len(pending)))
            events.append((process, kind, "add", amount))
            if kind == "ok" or (kind == "info" and random.random() < 0.5):
                done.append(amount)
        if random.random() < 0.4:
            events += read(sum(random.sample(done, random.randrange(len(done) + 1))))
    events += FINAL + read(sum(done)) + read(sum(done))
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    at = random.choice([n for n, o in enumerate(operations) if (o.f, o.type) == ("read", "ok")])
    changed = replace(operations[at], value=operations[at].value + random.choice([-3, -1, 1, 2]))
    return [changed if n == at else o for n, o in enumerate(operations)]


def twin(operations: list[Operation]) -> dict[int, str]:
    """What is wrong with each read, by where it ended: every subset of the adds is tried."""
    ends = {o.process: o for o in operations if o.f == "add" and o.type != "invoke"}
    final = next(o.index for o in operations if o.f == "phase")
    wrong = {}
    for begin, end in pairwise(operations):
        if (end.f, end.type) != ("read", "ok"):
            continue
        begun = [o for o in operations[: end.index] if (o.f, o.type) == ("add", "invoke")]
        may = [o for o in begun if ends.get(o.process) is None or ends[o.process].type != "fail"]
        must = {
            o.process
            for o in may
            if o.process in ends
            and ends[o.process].type == "ok"
            and ends[o.process].index < begin.index
        }
        subsets = [some for n in range(len(may) + 1) for some in combinations(may, n)]
        fitting = [some for some in subsets if sum(o.value for o in some) == end.value]
        if not fitting:
            wrong[end.index] = "unexpected"
        elif end.index > final and not any(must <= {o.process for o in s} for s in fitting):
            wrong[end.index] = "lost"
    return wrong


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_agrees_with_its_twin_and_the_recheck_with_both(seed):
    random, counts = Random(seed), {VALID: 0, INVALID: 0, UNKNOWN: 0}
    for _ in range(250):
        right = drawn(random)
        assert not eventual_counter().check(History.from_operations(right)).anomalies
        for operations in (right, mutated(right, random)):
            made = History.from_operations(operations)
            verdict = eventual_counter().check(made)
            found = {anomaly.operations[-1]: anomaly.kind for anomaly in verdict.anomalies}
            assert found == twin(operations), operations
            counts[verdict.validity] += 1
            if verdict.validity is not UNKNOWN:
                ENTRY.verified(made, verdict)
    assert min(counts[VALID], counts[INVALID]) > 60, counts


def test_a_forged_verdict_is_refuted():
    good, bad = history(add(1), FINAL, read(1)), history(add(1), FINAL, read(0))
    valid, invalid = (eventual_counter().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="1 reads are wrong"):
        ENTRY.verified(bad, valid)
    with pytest.raises(CertificateError, match="0 reads are wrong"):
        ENTRY.verified(good, invalid)
    other = replace(invalid.anomalies[0], kind="unexpected")
    with pytest.raises(CertificateError, match="is not unexpected"):
        ENTRY.verified(bad, replace(invalid, anomalies=(other,)))


def test_what_is_too_much_to_be_checked_again_is_said(monkeypatch):
    events = history(add(1), add(2), FINAL, read(3))
    monkeypatch.setattr(recheck, "STEPS", 1)
    with pytest.raises(NoCertificate, match="too many to list again"):
        ENTRY.verified(events, eventual_counter().check(events))
