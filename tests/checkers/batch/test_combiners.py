"""The law of combiners: right ones keep it, and each way to break it is told."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.batch import combiner_law
from splitbrain.checkers.batch.combiners import ENTRY, broken_law
from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError
from splitbrain.systems.batch.mapreduce.bugs import AveragesAverages
from splitbrain.systems.batch.mapreduce.jobs import Job

MEANS: Sequence[tuple[int, int]] = [(1, 1), (4, 1), (2, 3), (9, 2)]


def greatest(values):
    return tuple(map(max, zip(*values, strict=True)))


@pytest.mark.parametrize("combine", [Job().combined, greatest])
def test_a_right_combiner_keeps_the_law(combine):
    assert broken_law(combine, MEANS) == []


@pytest.mark.parametrize(
    ("combine", "values", "said"),
    [
        (AveragesAverages().combined, MEANS, "of [2, 3] alone it makes [0, 1]"),
        (lambda values: next(iter(values)), [1, 2], "not commutative: 1 and 2"),
        (lambda values: sum(values) / len(list(values)), [1, 2, 4], "not associative: 1, 1 and 2"),
        (lambda values: sum(values) + 1, [1], "of 1 alone it makes 2"),
    ],
)
def test_what_breaks_it_is_told(combine, values, said):
    assert said in broken_law(combine, values)


def test_what_the_combiner_makes_is_tried_too():
    def clipped(values):
        """Right for small numbers, which is all that are given."""
        total = 0
        for value in values:
            total += value if total < 10 else 0
        return total

    assert broken_law(clipped, [1, 2]) == []
    assert broken_law(clipped, [1, 2, 3]) == ["not associative: 5, 5 and 1"]


# The checker


def history(*calls):
    """Calls ``(tree, result)``, one after the other; a result of None failed."""
    events = []
    for tree, result in calls:
        kind = "fail" if result is None else "ok"
        for type_, told in (("invoke", tree), (kind, tree if result is None else result)):
            events.append(Operation(len(events), len(events), 0, type_, "combine", told))
    return History.from_operations(events)


@pytest.mark.parametrize(
    ("calls", "validity", "kinds"),
    [
        ([([1, 2, 3], 6), ([[1, 2], 3], 6), ([3, [2, 1]], 6)], VALID, []),
        ([([1, 2, 3], 6), ([[1, 2], 3], 7)], INVALID, ["grouping-dependent"]),
        ([([1, 2, 3], 6), ([3, 2, 1], 7)], INVALID, ["order-dependent"]),
        ([([1, 2], 3), ([1, 2], 4)], INVALID, ["grouping-dependent"]),
        ([([1, 2], 3), ([1, 3], 4)], UNKNOWN, []),
        ([([1, 2], 3), ([1, 2], 3)], UNKNOWN, []),
        ([([1, 2], 3), ([2, 1], None)], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_all_trees_of_the_same_numbers_give_the_same(calls, validity, kinds):
    made = history(*calls)
    verdict = combiner_law().check(made)

    assert verdict.validity is validity
    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds
    assert validity is UNKNOWN or ENTRY.verified(made, verdict, {}).complete


@pytest.mark.parametrize("tree", [None, 3, [], ["1"], [1, []], [1, True]])
def test_what_is_no_tree_is_named(tree):
    with pytest.raises(ModelError, match=r"operation 0: .* is no tree"):
        combiner_law().check(history((tree, 1)))


def some_tree(random):
    tree = random.sample([1, 2, 4][: random.randint(2, 3)], 2)
    return [tree, random.choice((3, 5))] if random.random() < 0.5 else tree


def leaves(tree):
    return [tree] if isinstance(tree, int) else [leaf for part in tree for leaf in leaves(part)]


def told_apart(calls):
    """The twin: any two results of the same numbers that differ."""
    return any(
        sorted(leaves(one)) == sorted(leaves(other)) and made != other_made
        for one, made in calls
        for other, other_made in calls
        if None not in (made, other_made)
    )


def test_the_checker_agrees_with_a_comparison_of_all_pairs_and_mutants_are_refuted():
    found = 0
    for seed in range(150):
        random = Random(seed)
        trees = [some_tree(random) for _ in range(random.randrange(1, 9))]
        calls = [(tree, random.choice((None, *[sum(leaves(tree))] * 5))) for tree in trees]
        assert combiner_law().check(history(*calls)).validity is not INVALID
        at = random.randrange(len(calls))
        calls[at] = calls[at][0], 99
        made = history(*calls)
        verdict = combiner_law().check(made)

        assert (verdict.validity is INVALID) == told_apart(calls)
        if verdict.validity is not UNKNOWN:
            assert ENTRY.verified(made, verdict, {}).complete
        found += verdict.validity is INVALID
    assert found > 30


def test_a_forged_verdict_is_refuted():
    good, bad = (history(([1, 2], 3), ([2, 1], result)) for result in (3, 4))
    valid, invalid = (combiner_law().check(each) for each in (good, bad))

    with pytest.raises(CertificateError, match="order-dependent"):
        ENTRY.verified(bad, valid, {})
    with pytest.raises(CertificateError, match="doesn't show it"):
        ENTRY.verified(good, invalid, {})
