"""Ages that reads tell: examples, a twin by the definition, mutants, re-checks."""

import random
from dataclasses import replace

import pytest
from consistency_twin import HISTORIES, fewest_missed, random_history

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.consistency.told_ages import ENTRY, told_staleness
from splitbrain.checkers.history import History, drawn
from splitbrain.checkers.models import ModelError


def aged(history, ages):
    """The history with an age for each ok read, in order of completion."""
    told = iter(ages)
    return History.from_operations(
        replace(o, value={"value": o.value, "age": next(told)})
        if (o.f, o.type) == ("read", "ok")
        else o
        for o in history
    )


STALE = """
    a: [w1] [w2]
    b:                [r1]
"""
"""The second write ends 7 ms before the read begins."""


@pytest.mark.parametrize(
    ("picture", "ages", "kinds"),
    [
        ("a: [w1] [r1]", [0], []),
        (STALE, [0.007], []),
        (STALE, [5], []),
        (STALE, [0.006], ["age-too-small"]),
        (STALE, [0], ["age-too-small"]),
        ("a: [w1] [r7]", [99], ["unwritten-read"]),
        ("a: [w1]\nb:        [r_]", [0], ["age-too-small"]),
    ],
)
def test_examples(picture, ages, kinds):
    verdict = told_staleness().check(aged(drawn(picture), ages))

    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds
    assert verdict.validity is (INVALID if kinds else VALID)


def test_a_verdict_says_how_old_reads_said_they_were_and_how_old_they_were():
    verdict = told_staleness().check(aged(drawn(STALE), [0.5]))

    assert verdict.coverage["greatest age told (ms)"] == 500
    assert verdict.coverage["greatest age that was true (ms)"] == 7
    too_small = told_staleness().check(aged(drawn(STALE), [0.002]))
    assert "0.007 s before the read began, which says that it is 0.002 s old at most" in (
        too_small.reason
    )


def test_nothing_read_is_unknown():
    assert told_staleness().check(drawn("a: [w1] [w2]")).validity is UNKNOWN
    assert told_staleness().check(History.from_operations([])).validity is UNKNOWN


@pytest.mark.parametrize(
    "value", [1, None, {"value": 1}, {"value": 1, "age": -1}, {"value": 1, "age": True}, ["x", 1]]
)
def test_a_read_without_an_age_is_refused(value):
    operations = list(drawn("a: [w1] [r1]"))
    operations[-1].value = value
    with pytest.raises(ModelError, match="give its value and its age in seconds"):
        told_staleness().check(History.from_operations(operations))


def right(calls, ages) -> bool:
    reads = [call for call in calls if call.f == "read" and call.outcome == "ok"]
    by_end = dict(zip(sorted(read.complete_index for read in reads), ages, strict=True))
    return all(
        fewest_missed(calls, read, slack=by_end[read.complete_index] * 1e9) == 0 for read in reads
    )


def test_verdicts_are_those_of_the_definition_and_are_judged_the_same_again():
    r, counts = random.Random("told"), {VALID: 0, INVALID: 0, UNKNOWN: 0}
    for _ in range(HISTORIES // 8):
        history = random_history(r, most=8, doubt=r.choice((0.0, 0.2)), values=r.randint(1, 4))
        calls = history.calls()
        if sum(call.f == "write" for call in calls) > 5:
            continue
        reads = sum(call.f == "read" and call.outcome == "ok" for call in calls)
        ages = [r.choice((0, 2, 5, 9, 20)) for _ in range(reads)]
        told = aged(history, ages)
        verdict = told_staleness().check(told)
        counts[verdict.validity] += 1
        assert (verdict.validity is not INVALID) == right(calls, ages), list(told)
        if verdict.validity is not UNKNOWN:
            ENTRY.verified(told, verdict)
    assert min(counts[VALID], counts[INVALID]) > 50, counts


def test_mutants_of_right_histories_are_refuted():
    """What a sequential history reads, a while after it was overwritten, with a smaller age."""
    r = random.Random("mutants")
    for _ in range(50):
        behind = r.randint(1, 6)
        writes = "".join(f"[w{n}] " for n in range(1, behind + 2))
        picture = f"a: {writes}\nb: {' ' * len(writes)} [r1]"
        calls = drawn(picture).calls()
        age = (calls[-1].start - calls[1].end) / 1e9
        assert told_staleness().check(aged(drawn(picture), [age])).validity is VALID
        mutant = aged(drawn(picture), [age * r.uniform(0, 0.99)])
        assert told_staleness().check(mutant).validity is INVALID


def test_a_forged_verdict_is_refuted():
    good, bad = aged(drawn(STALE), [0.5]), aged(drawn(STALE), [0.001])
    valid, invalid = told_staleness().check(good), told_staleness().check(bad)

    with pytest.raises(CertificateError, match="is wrong"):
        ENTRY.verified(bad, valid, {"initial": None})
    with pytest.raises(CertificateError, match="no read is wrong"):
        ENTRY.verified(good, invalid)


def test_keys_are_judged_one_by_one():
    operations = [replace(o, value=["x", o.value]) for o in aged(drawn(STALE), [0.001])]
    verdict = told_staleness().check(History.from_operations(operations))
    assert verdict.validity is INVALID
    assert ENTRY.verified(History.from_operations(operations), verdict)
