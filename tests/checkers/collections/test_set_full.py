"""Sets: what was added, acknowledged, read, lost."""

import random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID, set_full
from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.models import ModelError

SECOND = 1_000_000_000


def history(*events):
    """Each event is (process, type, f, value); one a second."""
    return History.from_operations(
        [
            Operation(i, i * SECOND, process, kind, f, value)
            for i, (process, kind, f, value) in enumerate(events)
        ]
    )


def add(element, process=0, end=OK):
    return (process, INVOKE, "add", element), (process, end, "add", element)


def read(elements, process=1, end=OK):
    return (process, INVOKE, "read", None), (process, end, "read", elements)


def kinds(verdict):
    return [(anomaly.kind, anomaly.details["count"]) for anomaly in verdict.anomalies]


VALID_SETS = {
    "added, then read": [*add(1), *read([1])],
    "read twice": [*add(1), *read([1]), *read([1])],
    "an indeterminate add may be missing": [*add(1), *add(2, end=INFO), *read([1], 5)],
    "or be there": [*add(1), *add(2, end=INFO), *read([2, 1], 5)],
    "a failed add is missing": [*add(1), *add(2, end=FAIL), *read([1])],
    "a stale read": [*add(1), *read([]), *read([1])],
    "a read that overlaps the add": [
        *add(1),
        (0, INVOKE, "add", 2),
        *read([1]),
        (0, OK, "add", 2),
        *read([1, 2]),
    ],
    "a read that began before the acknowledgment": [
        *add(1),
        (0, INVOKE, "add", 2),
        (1, INVOKE, "read", None),
        (0, OK, "add", 2),
        (1, OK, "read", [1]),
    ],
    "an element added again after a failure": [*add(1, end=FAIL), *add(1), *read([1])],
    "reads that failed say nothing": [*add(1), *read([1]), *read(None, end=FAIL)],
    "elements may be of any JSON type": [*add([1, 2]), *add("x"), *read([[1, 2], "x"])],
}


@pytest.mark.parametrize("name", VALID_SETS)
def test_valid(name):
    verdict = set_full().check(history(*VALID_SETS[name]))
    assert verdict.validity is VALID, verdict.reason
    assert verdict.anomalies == ()


INVALID_SETS = {
    "acknowledged and never read": ([*add(1), *add(2), *read([1])], [("lost", 1)]),
    "read and then gone": ([*add(1), *read([1]), *read([])], [("lost", 1)]),
    "an indeterminate add that was read, and is gone": (
        [*add(1), *add(2, end=INFO), *read([1, 2], 5), *read([1], 5)],
        [("lost", 1)],
    ),
    "never added": ([*add(1), *read([1, 7])], [("unexpected", 1)]),
    "added only later": ([*add(1), *read([1, 2]), *add(2)], [("unexpected", 1)]),
    "its add failed": ([*add(1), *add(2, end=FAIL), *read([1, 2])], [("unexpected", 1)]),
    "twice in one read": ([*add(1), *read([1, 1])], [("duplicated", 1)]),
    "several of each": (
        [*add(1), *add(2), *add(3), *read([3, 3, 8, 9])],
        [("lost", 2), ("unexpected", 2), ("duplicated", 1)],
    ),
    "true is not one": ([*add(1), *read([True])], [("lost", 1), ("unexpected", 1)]),
}


@pytest.mark.parametrize("name", INVALID_SETS)
def test_invalid(name):
    events, expected = INVALID_SETS[name]
    verdict = set_full().check(history(*events))
    assert verdict.validity is INVALID
    assert kinds(verdict) == expected
    for anomaly in verdict.anomalies:
        assert set(anomaly.operations) <= set(range(len(events)))


UNKNOWN_SETS = {
    "nothing at all": [],
    "no read": [*add(1)],
    "no read that began after an acknowledgment": [*read([]), *add(1)],
    "nothing acknowledged": [*add(1, end=INFO), *read([1], 5)],
    "nothing but a failed read": [*add(1), *read(None, end=FAIL)],
}


@pytest.mark.parametrize("name", UNKNOWN_SETS)
def test_unknown(name):
    verdict = set_full().check(history(*UNKNOWN_SETS[name]))
    assert verdict.validity is UNKNOWN
    assert verdict.reason


def test_a_lost_element_is_told_as_a_story():
    events = [*add(17), *read([17], 4), *read([], 9), *read([], 9)]
    (anomaly,) = set_full().check(history(*events)).anomalies
    assert anomaly.message == (
        "write of element 17, acknowledged at 1.000 s, is missing from every read that began after "
        "2.000 s (first: process 9, at 4.000 s)"
    )
    assert anomaly.operations == (0, 1, 4, 5)


def test_stale_reads_are_errors_of_sets_that_claim_to_be_linearizable():
    events = history(*add(1), *read([]), *read([1]))
    verdict = set_full(linearizable=True).check(events)
    assert (verdict.validity, kinds(verdict)) == (INVALID, [("stale", 1)])
    assert verdict.anomalies[0].message == (
        "write of element 1, acknowledged at 1.000 s, is missing from a later read by process 1, "
        "at 2.000 s, though one after that has it"
    )
    assert set_full().check(events).coverage["stale"] == 1


def test_a_final_read_of_one_replica_must_have_everything():
    reads = [*read([], 1_000_001), *read([1], 1_000_002)]
    verdict = set_full().check(history(*add(1), *reads))
    assert kinds(verdict) == [("lost", 1)]
    assert "is missing from the final read by process 1000001" in verdict.reason
    assert set_full(final_process=10**9).check(history(*add(1), *reads)).validity is VALID


def test_reads_after_the_phase_final_are_final():
    final = ("nemesis", INFO, "phase", "final")
    late = history(*add(1), final, *read([]), *read([1]))
    assert kinds(set_full().check(late)) == [("lost", 1)]
    early = history(*add(1), *read([]), final, *read([1]))
    assert set_full().check(early).validity is VALID


def test_sets_by_key():
    events = [*add(["a", 1]), *add(["b", 2])]
    events += [(1, INVOKE, "read", ["a", None]), (1, OK, "read", ["a", [1]])]
    events += [(1, INVOKE, "read", ["b", None]), (1, OK, "read", ["b", []])]
    verdict = set_full().check(history(*events))
    assert kinds(verdict) == [("lost", 1)]
    assert verdict.anomalies[0].details["key"] == "b"
    assert 'element 2 of key "b"' in verdict.reason


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (
            [*add(1), (0, INVOKE, "remove", 1)],
            'operation 2: a set knows add and read, not "remove"',
        ),
        ([*add(1), *read(3)], "operation 3: an ok read of a set gives a list of elements, not 3"),
        ([*add({1})], "operation 0: {1} can't be an element"),
    ],
)
def test_histories_that_are_none_of_a_set(events, message):
    with pytest.raises(ModelError) as raised:
        set_full().check(history(*events))
    assert str(raised.value).startswith(message)


def fates_by_definition(calls):
    """Jepsen's definitions, read by read and element by element."""
    reads = [c for c in calls if c.f == "read" and c.outcome == "ok"]
    counts = dict.fromkeys(("stable", "stale", "lost", "never read"), 0)
    for element in dict.fromkeys(c.argument for c in calls if c.f == "add"):
        acknowledged = [
            c.completed
            for c in calls
            if c.f == "add" and c.argument == element and c.outcome == "ok"
        ]
        known = min(
            [*acknowledged, *(r.completed for r in reads if element in r.result)], default=None
        )
        present = max((r.invoked for r in reads if element in r.result), default=-1)
        absent = [
            r.invoked
            for r in reads
            if known is not None and r.invoked > known and element not in r.result
        ]
        if absent and max(absent) > present:
            counts["lost"] += 1
        elif present >= 0:
            counts["stale" if absent else "stable"] += 1
        else:
            counts["never read"] += 1
    return counts


def test_fates_agree_with_the_definition_on_random_histories():
    r, seen = random.Random("sets"), dict.fromkeys(("stable", "stale", "lost", "never read"), 0)
    for _ in range(2_000):
        events, open_, added = [], {}, []
        for _ in range(r.randint(2, 24)):
            process = r.randrange(4)
            if process in open_:
                f, value = open_.pop(process)
                if f == "read":
                    value = [e for e in added if r.random() < 0.7]
                events.append((process, r.choice((OK, OK, OK, FAIL)), f, value))
            else:
                f, value = r.choice((("add", len(added)), ("read", None)))
                if f == "add":
                    added.append(value)
                open_[process] = (f, value)
                events.append((process, INVOKE, f, value))
        made = history(*events)
        expected = fates_by_definition(made.calls())
        coverage = set_full().check(made).coverage
        assert {fate: coverage[fate] for fate in expected} == expected, events
        seen = {fate: seen[fate] + expected[fate] for fate in expected}
    assert all(number > 100 for number in seen.values()), seen


def test_a_last_read_that_lacks_one_element_more_is_refuted():
    r = random.Random("mutants")
    for _ in range(200):
        count = r.randint(2, 6)
        events = [event for element in range(count) for event in add(element)]
        for _ in range(r.randint(1, 3)):
            events += read(r.sample(range(count), count))
        assert set_full().check(history(*events)).validity is VALID
        process, kind, f, elements = events[-1]
        events[-1] = (process, kind, f, elements[1:])
        verdict = set_full().check(history(*events))
        assert (verdict.validity, kinds(verdict)) == (INVALID, [("lost", 1)])


def test_it_tells_how_long_elements_took_to_stay_and_to_be_lost():
    """By hand, a second an event: 1 is known at 1 and missing at 2 and 6; 2 is known at 5, last
    read at 8, and then gone; 3 is there at once."""
    events = history(
        *add(1),
        *read([]),
        *add(2),
        *read([2], 2),
        *read([1, 2], 3),
        *add(3),
        *read([1, 3], 4),
    )

    assert dict(set_full().check(events).cost) == {
        "lost latencies (ms)": "least 3000, median 3000, 95 % 3000, 99 % 3000, most 3000",
        "stable latencies (ms)": "least 0, median 5000, 95 % 5000, 99 % 5000, most 5000",
    }


@pytest.mark.parametrize("seed", range(15))
def test_latencies_are_those_of_the_definition(seed):
    """Element by element, from the times of reads."""
    rng = random.Random(seed)
    events, reads, known = [], [], {}
    for element in range(8):
        known[element] = len(events) + 1
        events += add(element)
        for _ in range(rng.randint(0, 2)):
            held = [each for each in known if rng.random() < 0.7]
            reads.append((len(events), held))
            for each in held:
                known[each] = min(known[each], len(events) + 1)
            events += read(held)
    stable, lost = [], []
    for element, since in known.items():
        with_it = [at for at, held in reads if element in held]
        without = [at for at, held in reads if element not in held and at > since]
        if without and max(without) > max(with_it, default=-1):
            lost.append(max(0, max(with_it, default=0) - since))
        elif with_it:
            stable.append(max(0, max(without, default=0) - since))

    cost = set_full().check(history(*events)).cost

    for name, expected in (("lost", lost), ("stable", stable)):
        told = cost.get(f"{name} latencies (ms)")
        assert (told is None) == (not expected)
        if told is not None:
            assert told.startswith(f"least {1000 * min(expected):g}, median ")
            assert told.endswith(f"most {1000 * max(expected):g}")
