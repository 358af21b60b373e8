"""Merges that keep the laws of a semilattice, and those that break one each."""

from __future__ import annotations

import pytest

from splitbrain.checkers.convergence import broken_laws

SETS = [set(), {1}, {2}, {1, 3}]


def into_the_first(one, other):
    """The right answer, and what it was given is no longer what it was."""
    one |= other
    return one


@pytest.mark.parametrize(
    ("merge", "states", "broken"),
    [
        (set.union, SETS, []),
        (max, [3, 1, 2], []),
        (lambda a, b: a + b, [1, 2], ["not idempotent"]),
        (lambda a, b: b, [1, 2], ["not commutative"]),
        (lambda a, b: (a + b) / 2, [0, 4, 1], ["not associative"]),
        (into_the_first, SETS, ["merging changed what it was given"]),
    ],
)
def test_each_law_is_told_by_its_name(merge, states, broken):
    found = broken_laws(merge, states)

    assert [sentence.partition(":")[0] for sentence in found] == broken
