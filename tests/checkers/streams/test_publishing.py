"""What is published is what was written, in order: examples, mutants and a plain reading."""

from __future__ import annotations

from random import Random

import pytest
from witnesses import checked_again

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.streams import published_in_order
from splitbrain.checkers.streams.publishing import ENTRY


def history(*calls):
    """Calls ``(f, value, kind, result)``, one after the other, each by a process of its own."""
    events = []
    for number, (f, value, kind, result) in enumerate(calls):
        for type_, told in (("invoke", value), (kind, result if kind == "ok" else value)):
            events.append(Operation(len(events), len(events), number, type_, f, told))
    return History.from_operations(events)


def put(key, version, value, kind="ok"):
    return "put", [key, value], kind, [key, value, version]


def published(*rows):
    return "published", None, "ok", [list(row) for row in rows]


ONE, TWO, OTHER = ("a", 1, 7), ("a", 2, 8), ("b", 1, 9)
WRITTEN = [put(*ONE), put(*TWO), put(*OTHER)]


@pytest.mark.parametrize(
    ("calls", "kinds"),
    [
        ([*WRITTEN, published(ONE, TWO, OTHER)], []),
        ([*WRITTEN, published(OTHER, ONE, TWO)], []),
        ([*WRITTEN, published(ONE, OTHER)], ["unpublished"]),
        ([*WRITTEN, published(ONE, TWO, TWO, OTHER)], ["published-twice"]),
        ([*WRITTEN, published(TWO, ONE, OTHER)], ["out-of-order"]),
        ([put(*ONE, "info"), published(ONE), published()], ["taken-back"]),
        ([put(*ONE, "info"), published()], []),
        ([put(*ONE, "fail"), published(ONE)], ["unwritten"]),
        ([put(*ONE), published(ONE, ("a", 2, 5))], ["unwritten"]),
        ([put(*ONE, "info"), put(*TWO), published(TWO)], ["out-of-order"]),
    ],
)
def test_published_in_order(calls, kinds):
    verdict = published_in_order().check(history(*calls))

    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds, verdict
    none = not any(call[0] == "published" and call[3] for call in calls)
    assert verdict.validity is (INVALID if kinds else UNKNOWN if none else VALID)


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ([put("a", 1, 7), put("a", 2, 7)], "twice"),
        ([("put", ["a"], "ok", [])], r"give \[key, value\]"),
        ([("published", None, "ok", [["a"]])], r"give \[key, version, value\]"),
    ],
)
def test_what_is_none_is_named(calls, said):
    with pytest.raises(ModelError, match=said):
        published_in_order().check(history(*calls))


def possible(calls):
    """Whether the writes of each key may have been made so that all reads are right: versions and
    values of a key are a list, of which each read has a beginning, no shorter than those before."""
    writes = {tuple(call[1]): (at, call) for at, call in enumerate(calls) if call[0] == "put"}
    for key in {call[1][0] for call in calls if call[0] == "put"} | {"a", "b"}:
        lists = [
            (at, [tuple(row) for row in call[3] if row[0] == key])
            for at, call in enumerate(calls)
            if call[0] == "published"
        ]
        shortest = 0
        log = max((rows for _, rows in lists), key=len, default=[])
        for at, rows in lists:
            mine = [(w, call[3]) for w, call in writes.values() if call[1][0] == key]
            due = [
                (key, version, value)
                for w, (_, value, version) in mine
                if w < at and calls[w][2] == "ok"
            ]
            if rows != log[: len(rows)] or len(rows) < shortest:
                return False
            if any(rows[version - 1 : version] != [row] for row in due for version in row[1:2]):
                return False
            shortest = len(rows)
            for place, (_, version, value) in enumerate(rows, 1):
                w, call = writes.get((key, value), (at, None))
                if version != place or w >= at or call[2] == "fail":
                    return False
                if call[2] == "ok" and call[3][2] != version:
                    return False
        values = [value for _, _, value in log]
        if len(values) != len(set(values)):
            return False
    return True


def drawn(random):
    calls, rows, versions = [], [], {"a": 0, "b": 0}
    for number in range(random.randint(2, 8)):
        if random.random() < 0.6:
            key, kind = random.choice("ab"), random.choice(("ok", "ok", "info", "fail"))
            if kind == "ok" or (kind == "info" and random.random() < 0.5):
                versions[key] += 1
                rows.append((key, versions[key], number))
            calls.append(put(key, versions[key], number, kind))
        else:
            calls.append(published(*rows))
    return calls


def mutated(random, calls):
    reads = [call[3] for call in calls if call[0] == "published" and call[3]]
    if reads:
        rows = random.choice(reads)
        match random.randrange(4):
            case 0:
                rows.pop(random.randrange(len(rows)))
            case 1:
                rows.append(random.choice(rows))
            case 2:
                random.shuffle(rows)
            case 3:
                random.choice(rows)[2] += 1


@pytest.mark.parametrize("seed", range(4))
def test_the_checker_agrees_with_a_reading_of_each_key(seed):
    random = Random(seed)
    wrong = 0
    for number in range(500):
        calls = drawn(random)
        if number % 2:
            mutated(random, calls)
        made = history(*calls)
        verdict = published_in_order().check(made)
        found = verdict.validity is INVALID
        wrong += found

        assert found == (not possible(calls)), calls
        checked_again(ENTRY, made, verdict)
    assert wrong > 50
