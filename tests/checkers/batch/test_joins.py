"""Joins have all pairs of one version: examples, and a twin that tries every table there may be."""

from __future__ import annotations

from collections import Counter
from itertools import chain, combinations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.batch import join_complete
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError

TEXT = "a 1\na 2\nb 3\n"


def history(*calls):
    """Calls ``(f, value, kind, result)``, one after the other."""
    events = []
    for f, value, kind, result in calls:
        for type_, told in (("invoke", value), (kind, result if kind == "ok" else value)):
            events.append(Operation(len(events), len(events), len(events) // 2, type_, f, told))
    return History.from_operations(events)


def added(key, value, version, kind="ok"):
    return "add", [key, value], kind, [key, value, version]


def ran(version, *rows, job=1, text=TEXT):
    output = {"version": version, "rows": [list(row) for row in rows]}
    return "run", [job, "sort-merge", text], "ok", output


A7, B8 = added("a", 7, 1), added("b", 8, 2)
BOTH = ("a", 1, 7), ("a", 2, 7), ("b", 3, 8)


@pytest.mark.parametrize(
    ("calls", "kinds"),
    [
        ([A7, B8, ran(2, *BOTH)], []),
        ([A7, ran(1, *BOTH[:2]), B8], []),
        ([A7, B8, ran(2, *BOTH[::-1])], []),
        ([A7, B8, ran(1, *BOTH[:2])], ["stale-table"]),
        ([A7, B8, ran(2, *BOTH[:2])], ["missing-row"]),
        ([A7, B8, ran(2, *BOTH[1:])], ["missing-row"]),
        ([A7, B8, ran(2, *BOTH, BOTH[0])], ["repeated-row"]),
        ([A7, ran(1, *BOTH), B8], ["later-row", "invented-row"]),
        ([A7, ran(1, *BOTH[:2], ("a", 9, 7))], ["invented-row"]),
        ([A7, added("b", 8, None, "info"), ran(1, *BOTH)], []),
        ([A7, added("b", 8, None, "info"), ran(1, *BOTH[:2])], []),
        ([added("a", 7, None, "info"), B8, ran(2, *BOTH[1:])], ["torn-row"]),
        ([A7, added("b", 8, None, "fail"), ran(1, *BOTH)], ["invented-row"]),
        (
            [A7, ran(1, *BOTH[:2]), ("published", None, "ok", [[1, {"version": 1, "rows": []}]])],
            ["missing-row", "changed-output"],
        ),
    ],
)
def test_join_complete(calls, kinds):
    verdict = join_complete().check(history(*calls))

    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds, verdict
    assert verdict.validity is (INVALID if kinds else VALID)


def test_joins_without_any_row_say_nothing():
    assert join_complete().check(history(A7, ran(1, text="c 1\n"))).validity is UNKNOWN


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ([("run", [1, "x", "a b"], "ok", {})], "is no join"),
        ([("run", [1, "x", TEXT], "ok", {"version": 1})], "is no output"),
        ([A7, added("b", 7, 2)], "was added before"),
        ([("add", ["a"], "ok", [1])], r"give \[key, value\]"),
        ([("published", None, "ok", [[5, {}]])], "which nobody had asked for"),
    ],
)
def test_what_is_none_is_named(calls, said):
    with pytest.raises(ModelError, match=said):
        join_complete().check(history(*calls))


def possible(calls):
    """Whether each output is a join with some table: all rows up to its version, and any of those
    in doubt that were asked for before it ended; and the same each time."""
    adds = [(at, call) for at, call in enumerate(calls) if call[0] == "add"]
    for at, (f, value, _, result) in enumerate(calls):
        if f != "run":
            continue
        version = result["version"]
        if any(call[2] == "ok" and call[3][2] > version for before, call in adds if before < at):
            return False
        sure = [c[1] for _, c in adds if c[2] == "ok" and c[3][2] <= version]
        doubted = [c[1] for before, c in adds if c[2] == "info" and before < at]
        late = [c for before, c in adds if c[2] == "ok" and c[3][2] <= version and before > at]
        lines = [(k, int(n)) for k, n in (line.split() for line in value[2].splitlines())]
        choices = chain(*(combinations(doubted, n) for n in range(len(doubted) + 1)))
        if late or not any(
            Counter(map(tuple, result["rows"]))
            == Counter((*line, v) for line in lines for k, v in (*sure, *some) if k == line[0])
            for some in choices
        ):
            return False
    return True


def drawn(random):
    """A right history, and one with an output that was changed a little."""
    calls, table, version = [], [], 0
    for number in range(random.randint(2, 7)):
        key = random.choice("ab")
        if random.random() < 0.5:
            kind = random.choice(("ok", "ok", "info", "fail"))
            version += kind == "ok"
            if kind == "ok" or (kind == "info" and random.random() < 0.5):
                table.append((key, number))
            calls.append(added(key, number, version if kind == "ok" else None, kind))
        else:
            lines = [(random.choice("ab"), random.randrange(3)) for _ in range(random.randrange(4))]
            rows = [(*line, v) for line in lines for k, v in table if k == line[0]]
            text = "".join(f"{k} {n}\n" for k, n in lines)
            calls.append(ran(version, *rows, job=number, text=text))
    return calls


def mutated(random, calls):
    runs = [call for call in calls if call[0] == "run"]
    if not runs:
        return
    output = random.choice(runs)[3]
    rows = output["rows"]
    match random.randrange(4):
        case 0 if rows:
            rows.pop(random.randrange(len(rows)))
        case 1 if rows:
            rows.append(list(random.choice(rows)))
        case 2:
            output["version"] += random.choice((-1, 1))
        case 3:
            rows.append([random.choice("ab"), random.randrange(3), random.randrange(7)])


@pytest.mark.parametrize("seed", range(5))
def test_the_checker_agrees_with_one_that_tries_every_table(seed):
    random = Random(seed)
    wrong = 0
    for number in range(400):
        calls = drawn(random)
        if number % 2:
            mutated(random, calls)
        found = join_complete().check(history(*calls)).validity is INVALID
        wrong += found

        assert found == (not possible(calls)), calls
    assert wrong > 50
