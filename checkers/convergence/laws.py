"""The laws of merging, tried on given states.

*Property.* Replicas that merge in any order, any number of times, end up equal if merging is
commutative, associative and idempotent; a merge that changes what it was given breaks that for
whoever still has it.

*Source.* Shapiro, Preguiça, Baquero and Zawirski, "Conflict-free Replicated Data Types", SSS 2011,
definition 7: states form a join semilattice.

*Algorithm.* All triples of the states, with what comes of each pair: 2n³ merges. What is found are
the states that break a law, which other code tries again
(`splitbrain.checkers.convergence.recheck.merge_laws`).

*Left out.* Whether the states given are all that matter; tests draw them (Hypothesis). Whether an
update only moves up in the order that merging makes; that is a law of updates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import combinations, product
from typing import Any, NamedTuple, TypeVar

from splitbrain.checkers.models.model import shown

State = TypeVar("State")

IDEMPOTENT, COMMUTATIVE, ASSOCIATIVE = "not idempotent", "not commutative", "not associative"
MUTATES = "merging changed what it was given"


class Broken(NamedTuple):
    """A law that a merge breaks, and the states that show it, as they were before.

    Attributes:
        law: which, in words.
        states: one for idempotence; two for commutativity, and for a merge of the first with the
            second, and of what comes of it with the second, that changes either; three for
            associativity.
    """

    law: str
    states: tuple[Any, ...]

    def __str__(self) -> str:
        texts = [shown(state)[: 160 // len(self.states)] for state in self.states]
        return f"{self.law}: {' and '.join(texts)}"


def broken_laws(merge: Callable[[State, State], State], states: Sequence[State]) -> list[str]:
    """Which laws a merge breaks on these states, a sentence each; none if it breaks none."""
    return [str(broken) for broken in laws_broken_by(merge, states)]


def laws_broken_by(merge: Callable[[State, State], State], states: Sequence[State]) -> list[Broken]:
    """Of each law that a merge breaks on these states, the first that show it.

    Copies cost more than merges, so each merge has copies of its own only once something is amiss:
    a law is broken, or the states are not what they were.
    """
    tried = deepcopy(list(states))
    if not _found(merge, merge, tried) and tried == list(states):
        return []

    def apart(one: State, other: State) -> State:
        """What comes of copies, so that a merge which changes them breaks no other law by that."""
        return merge(deepcopy(one), deepcopy(other))

    return _found(merge, apart, states)


def _found(
    merge: Callable[[State, State], State],
    merged: Callable[[State, State], State],
    states: Sequence[State],
) -> list[Broken]:
    searches = (_idempotence, _commutativity, _associativity)
    found = [next(search(merged, states), None) for search in searches]
    found.append(next(_mutation(merge, states), None))
    return [broken for broken in found if broken is not None]


def _idempotence(
    merge: Callable[[State, State], State], states: Sequence[State]
) -> Iterator[Broken]:
    for state in states:
        if merge(state, state) != state:
            yield Broken(IDEMPOTENT, (deepcopy(state),))


def _commutativity(
    merge: Callable[[State, State], State], states: Sequence[State]
) -> Iterator[Broken]:
    for a, b in combinations(states, 2):
        if merge(a, b) != merge(b, a):
            yield Broken(COMMUTATIVE, (deepcopy(a), deepcopy(b)))


def _associativity(
    merge: Callable[[State, State], State], states: Sequence[State]
) -> Iterator[Broken]:
    all_of = range(len(states))
    pairs = {(a, b): merge(states[a], states[b]) for a, b in product(all_of, repeat=2)}
    for a, b, c in product(all_of, repeat=3):
        if merge(pairs[a, b], states[c]) != merge(states[a], pairs[b, c]):
            yield Broken(ASSOCIATIVE, tuple(deepcopy(states[each]) for each in (a, b, c)))


def _mutation(merge: Callable[[State, State], State], states: Sequence[State]) -> Iterator[Broken]:
    for a, b in combinations(states, 2):
        one, other = deepcopy(a), deepcopy(b)
        merge(merge(one, other), other)
        if one != a or other != b:
            yield Broken(MUTATES, (deepcopy(a), deepcopy(b)))
