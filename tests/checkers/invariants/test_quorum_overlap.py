"""Who is elected was voted for by somebody who holds what was committed last."""

from itertools import combinations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import INFO, History, Operation
from splitbrain.checkers.invariants.quorums import quorum_overlap
from splitbrain.checkers.models import ModelError


def leads(term, by):
    return {"what": "leads", "term": term, "by": [f"n{name}" for name in by]}


def commits(term, index, by):
    return {"what": "commits", "term": term, "index": index, "by": [f"n{name}" for name in by]}


def decided(*values):
    return History.from_operations(
        Operation(i, i * 10**9, "n1", INFO, "quorum", value) for i, value in enumerate(values)
    )


TWO_ADDS = (
    leads(1, "123"),
    commits(1, 1, "1234"),  # of n1 to n4; n1 adds n5 and tells nobody but n5
    leads(2, "234"),
    commits(2, 3, "23"),  # n4 is removed: of n1 to n3 two suffice
    leads(3, "145"),  # of the five that n1 knows of
)
"""Ongaro, raft-dev, 10 July 2015, with other members: the last two have nobody in common."""


@pytest.mark.parametrize(
    ("values", "validity", "disjoint"),
    [
        ((leads(1, "12"), commits(1, 1, "12"), leads(2, "23")), VALID, []),
        ((leads(1, "12"), commits(1, 1, "12"), leads(2, "34")), INVALID, [(1, 2)]),
        ((leads(1, "12"), leads(2, "34")), UNKNOWN, []),
        ((commits(2, 1, "12"), leads(1, "34")), UNKNOWN, []),
        ((commits(1, 1, "12"), commits(1, 5, "23"), leads(2, "34")), VALID, []),
        (
            (commits(1, 5, "12"), commits(2, 6, "23"), leads(3, "34"), leads(4, "1")),
            INVALID,
            [(1, 3)],
        ),
        (TWO_ADDS, INVALID, [(3, 4)]),
        ((), UNKNOWN, []),
    ],
    ids=(
        "they meet in n2",
        "nobody in common",
        "nothing was committed",
        "a commit of a later term",
        "the last commit counts",
        "of all terms",
        "two adds and a leader change",
        "nothing",
    ),
)
def test_quorums(values, validity, disjoint):
    verdict = quorum_overlap().check(decided(*values))

    assert (verdict.validity, [a.operations for a in verdict.anomalies]) == (validity, disjoint)


@pytest.mark.parametrize(
    "value", [None, {}, {"what": "leads", "term": "1", "by": []}, {"what": "x"}]
)
def test_what_is_no_decision_is_named(value):
    with pytest.raises(ModelError, match="quorum has"):
        quorum_overlap().check(decided(value))


def test_the_checker_agrees_with_a_twin_that_looks_at_all_pairs():
    random, seen = Random(11), set()
    for _ in range(1500):
        values = []
        for index in range(random.randrange(1, 8)):
            term, by = random.randrange(1, 5), random.sample("12345", random.randrange(1, 4))
            kind = random.random() < 0.5
            values.append(leads(term, by) if kind else commits(term, index, by))

        # A pair is of a commit and a later election of a later term, with no such commit between.
        disjoint = [
            (i, j)
            for (i, one), (j, other) in combinations(enumerate(values), 2)
            if one["what"] == "commits" and other["what"] == "leads" and one["term"] < other["term"]
            and not any(
                v["what"] == "commits" and v["term"] < other["term"] for v in values[i + 1 : j]
            )
            and not set(one["by"]) & set(other["by"])
        ]  # fmt: skip
        seen.add(bool(disjoint))

        verdict = quorum_overlap().check(decided(*values))

        assert [a.operations for a in verdict.anomalies] == disjoint, values
    assert seen == {True, False}
