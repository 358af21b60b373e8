"""Merges that keep the laws of a semilattice, and those that break one each."""

from __future__ import annotations

import pytest

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.convergence import broken_laws
from splitbrain.checkers.convergence.laws import laws_broken_by
from splitbrain.checkers.convergence.recheck.merge_laws import confirm_broken

SETS = [set(), {1}, {2}, {1, 3}]


def into_the_first(one, other):
    """The right answer, and what it was given is no longer what it was."""
    one |= other
    return one


MERGES = [
    (set.union, SETS, []),
    (max, [3, 1, 2], []),
    (lambda a, b: a + b, [1, 2], ["not idempotent"]),
    (lambda a, b: b, [1, 2], ["not commutative"]),
    (lambda a, b: (a + b) / 2, [0, 4, 1], ["not associative"]),
    (into_the_first, SETS, ["merging changed what it was given"]),
]


@pytest.mark.parametrize(("merge", "states", "broken"), MERGES)
def test_each_law_is_told_by_its_name(merge, states, broken):
    found = broken_laws(merge, states)

    assert [sentence.partition(":")[0] for sentence in found] == broken


@pytest.mark.parametrize(("merge", "states", "broken"), MERGES)
def test_other_code_confirms_the_states_that_break_a_law(merge, states, broken):
    found = laws_broken_by(merge, states)

    assert [each.law for each in found] == broken
    for each in found:
        confirm_broken(merge, each.law, each.states)


@pytest.mark.parametrize("forged", [("not idempotent", ({1},)), ("not commutative", ({1}, {2}))])
def test_states_that_break_nothing_are_refused(forged):
    with pytest.raises(CertificateError, match="keeps the law"):
        confirm_broken(set.union, *forged)


def test_a_law_that_there_is_not_is_refused():
    with pytest.raises(CertificateError, match="no law of 2 states called 'associative'"):
        confirm_broken(set.union, "associative", ({1}, {2}))
