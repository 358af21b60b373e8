"""Regular and safe registers and bounded staleness, against their definitions."""

import random

import pytest
from consistency_twin import HISTORIES, fewest_missed, precedes, random_history

from splitbrain.checkers import INVALID, UNKNOWN, VALID, linearizable, models
from splitbrain.checkers.consistency import bounded_staleness, regular_register, safe_register
from splitbrain.checkers.history import History, drawn
from splitbrain.checkers.models import ModelError


def ok_reads(calls):
    return [call for call in calls if call.f == "read" and call.outcome == "ok"]


def overlaps_a_write(calls, read) -> bool:
    return any(
        call.f == "write"
        and call.outcome != "fail"
        and not precedes(call, read)
        and not precedes(read, call)
        for call in calls
    )


def regular_by_definition(calls) -> bool:
    return all(fewest_missed(calls, read) == 0 for read in ok_reads(calls))


def safe_by_definition(calls) -> bool:
    return all(
        overlaps_a_write(calls, read) or fewest_missed(calls, read) == 0 for read in ok_reads(calls)
    )


def versions_by_definition(calls, versions) -> bool:
    missed = [fewest_missed(calls, read) for read in ok_reads(calls)]
    return all(number is not None and number <= versions for number in missed)


def seconds_by_definition(calls, seconds) -> bool:
    slack = seconds * 1_000_000_000
    return all(fewest_missed(calls, read, slack=slack) == 0 for read in ok_reads(calls))


DEFINITIONS = {
    "regular": (regular_register(), regular_by_definition),
    "safe": (safe_register(), safe_by_definition),
    "0 versions": (bounded_staleness(versions=0), regular_by_definition),
    "1 version": (
        bounded_staleness(versions=1),
        lambda calls: versions_by_definition(calls, 1),
    ),
    "2 versions": (
        bounded_staleness(versions=2),
        lambda calls: versions_by_definition(calls, 2),
    ),
    "0 s": (bounded_staleness(seconds=0), regular_by_definition),
    "4 s": (bounded_staleness(seconds=4), lambda calls: seconds_by_definition(calls, 4)),
    "9 s": (bounded_staleness(seconds=9), lambda calls: seconds_by_definition(calls, 9)),
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_verdicts_are_those_of_the_definition(name):
    checker, definition = DEFINITIONS[name]
    r, counts = random.Random(f"weak {name}"), {VALID: 0, INVALID: 0, UNKNOWN: 0}
    for _ in range(HISTORIES // 8):
        history = random_history(r, most=8, doubt=r.choice((0.0, 0.2)), values=r.randint(1, 4))
        calls = history.calls()
        if sum(call.f == "write" for call in calls) > 5:
            continue
        verdict = checker.check(history)
        counts[verdict.validity] += 1
        assert (verdict.validity is not INVALID) == definition(calls), list(history)
    assert counts[VALID] > 50
    assert counts[INVALID] > 50


def test_stronger_implies_weaker():
    r, strict = random.Random("weaker"), 0
    model = models.register()
    for _ in range(HISTORIES // 4):
        history = random_history(r, most=12, keys=r.choice((None, 2)), values=3)
        ladder = [
            linearizable(model),
            regular_register(),
            bounded_staleness(versions=1),
            bounded_staleness(versions=3),
        ]
        held = [checker.check(history).validity is not INVALID for checker in ladder]
        assert held == sorted(held), list(history)
        assert safe_register().check(history).validity is not INVALID or not held[1]
        strict += len(set(held)) > 1
    assert strict > 50


def test_regular_reads_may_disagree_about_a_write_in_progress():
    """New-old inversion (Lamport 1986, section 1): regular, but not atomic."""
    history = drawn("""
        a: [w1] [w2               ]
        b:         [r2] [r1]
    """)
    assert linearizable(models.register()).check(history).validity is INVALID
    verdict = regular_register().check(history)
    assert verdict.validity is VALID
    assert len(verdict.certificate["sources"]) == 2


def test_safe_reads_may_give_anything_during_a_write():
    history = drawn("""
        a: [w1] [w2       ] [w3]
        b:         [r7]           [r3]
    """)
    assert regular_register().check(history).anomalies[0].kind == "unwritten-read"
    assert safe_register().check(history).validity is VALID


def test_a_stale_read_names_what_overwrote_its_value():
    history = drawn("""
        a: [w1] [w2] [w3]
        b:                [r1]
    """)
    verdict = regular_register().check(history)
    assert verdict.signature == "regular-register/stale-read"
    anomaly = verdict.anomalies[0]
    assert "had been overwritten: process 0's write 3" in anomaly.message
    w1, _, w3, read = history.calls()
    assert anomaly.details["window"] == [w1.invoke_index, w3.invoke_index, read.invoke_index]


def test_bounds_say_by_how_much_they_are_exceeded():
    history = drawn("""
        a: [w1] [w2] [w3]
        b:                [r1]
    """)
    verdict = bounded_staleness(versions=1).check(history)
    assert "misses 2 writes in all, not at most 1" in verdict.anomalies[0].message
    assert bounded_staleness(versions=2).check(history).validity is VALID
    verdict = bounded_staleness(seconds=0.003).check(history)
    assert "0.007 s before the read began, not at most 0.003 s" in verdict.anomalies[0].message
    assert verdict.checker == "bounded-staleness(seconds=0.003)"
    assert bounded_staleness(seconds=0.01).check(history).validity is VALID
    assert bounded_staleness(seconds=0.01, versions=1).check(history).validity is INVALID


def test_mutants_of_regular_histories_are_refuted():
    """Any read of a sequential history, changed to what was overwritten before."""
    r = random.Random("mutants")
    for _ in range(HISTORIES // 60):
        rows, last = ["", ""], 0
        for step in range(1, r.randint(3, 12)):
            rows[0] += f"[w{step:<3}]        "
            rows[1] += f"        [r{step:<3}]"
            last = step
        history = drawn(f"a: {rows[0]}\nb: {rows[1]}".replace("   ]", "]   "))
        assert regular_register().check(history).validity is VALID
        operations = list(history)
        victim = r.choice([o for o in operations if o.f == "read" and o.type == "ok"])
        victim.value = r.choice([v for v in (None, *range(1, last + 1)) if v != victim.value])
        mutant = History.from_operations(operations)
        assert regular_register().check(mutant).validity is INVALID
        assert safe_register().check(mutant).validity is INVALID


def test_nothing_exercised_is_unknown():
    for checker in (regular_register(), safe_register(), bounded_staleness(versions=3)):
        assert checker.check(drawn("a: [w1] [w2]")).validity is UNKNOWN
        assert checker.check(History.from_operations([])).validity is UNKNOWN
    overlapping = drawn("""
        a: [w1          ]
        b:    [r1] [r7]
    """)
    verdict = safe_register().check(overlapping)
    assert verdict.validity is UNKNOWN
    assert verdict.reason == "every read may give any value, so nothing was exercised"


def test_the_initial_value_is_read_until_it_is_overwritten():
    history = drawn("""
        a: [w1]
        b: [r_]   [r_]
    """)
    anomaly = regular_register().check(history).anomalies[0]
    assert "null, the initial value, had been overwritten" in anomaly.message
    assert regular_register(initial=1).check(drawn("a: [r1]")).validity is VALID


def test_cas_is_refused_with_its_operation():
    with pytest.raises(ModelError, match=r"operation 2: .* reads and writes, not for \"cas\""):
        regular_register().check(drawn("a: [w1] [c12]"))


@pytest.mark.parametrize(
    ("bounds", "problem"),
    [
        ({}, "give seconds, versions or both"),
        ({"seconds": -1}, "seconds is -1"),
        ({"seconds": float("nan")}, "seconds is nan"),
        ({"versions": 1.5}, "versions is 1.5"),
        ({"versions": -2}, "versions is -2"),
    ],
)
def test_bounds_must_make_sense(bounds, problem):
    with pytest.raises(ValueError, match=problem):
        bounded_staleness(**bounds)


def test_the_curve_tells_how_stale_each_read_was():
    """It is the twin's count of writes missed, read by read, whatever the bound is."""
    r, several = random.Random("curve"), 0
    for _ in range(HISTORIES // 20):
        history = random_history(r, most=8, values=4)
        calls = history.calls()
        missed = [fewest_missed(calls, read) for read in ok_reads(calls)]
        known = sorted(number for number in missed if number is not None)
        curves = [bounded_staleness(versions=v).check(history).cost for v in (0, 9)]
        told = [curve.get("writes missed by reads") for curve in curves]
        if not known:
            continue
        middle = known[len(known) // 2]
        assert told[0] == told[1]
        assert told[0].startswith(f"least {known[0]}, median {middle}, "), list(history)
        assert told[0].endswith(f"most {known[-1]}")
        several += known[-1] > 0
    assert several > 5


def test_the_curve_is_in_milliseconds():
    history = drawn("""
        a: [w1] [w2]
        b:            [r1] [r2]
    """)
    calls = history.calls()
    missed = next(call for call in calls if call.argument == 2)
    read = next(call for call in calls if call.f == "read")
    age = (read.start - missed.end) / 1e6

    cost = bounded_staleness(versions=1).check(history).cost

    assert cost["staleness of reads (ms)"].startswith("least 0, ")
    assert cost["staleness of reads (ms)"].endswith(f"most {age:g}")
