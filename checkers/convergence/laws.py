"""The laws of merging, tried on given states.

*Property.* Replicas that merge in any order, any number of times, end up equal if merging is
commutative, associative and idempotent; a merge that changes what it was given breaks that for
whoever still has it.

*Source.* Shapiro, Preguiça, Baquero and Zawirski, "Conflict-free Replicated Data Types", SSS 2011,
definition 7: states form a join semilattice.

*Algorithm.* All triples of the states: n³ merges.

*Left out.* Whether the states given are all that matter; tests draw them (Hypothesis). Whether an
update only moves up in the order that merging makes; that is a law of updates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import TypeVar

from splitbrain.checkers.models.model import shown

State = TypeVar("State")


def broken_laws(merge: Callable[[State, State], State], states: Sequence[State]) -> list[str]:
    """Which laws a merge breaks on these states, a sentence each; none if it breaks none."""
    given = list(states)
    before = deepcopy(given)
    found = dict.fromkeys(_broken(merge, given))
    for at, (state, was) in enumerate(zip(given, before, strict=True)):
        if state != was:
            found[f"merging changed what it was given: state {at} was {shown(was)[:80]}"] = None
            break
    return list(found)


def _broken(merge: Callable[[State, State], State], states: Sequence[State]) -> Iterator[str]:
    """Each law that is broken, once, with the first states that break it."""
    kept = [deepcopy(state) for state in states]
    numbers = range(len(kept))

    def fresh(at: int) -> State:
        return deepcopy(kept[at])

    for a in numbers:
        if merge(fresh(a), fresh(a)) != kept[a]:
            yield f"not idempotent: {shown(kept[a])[:80]} with itself is something else"
            break
    pairs = [(a, b) for a in numbers for b in numbers if a < b]
    for a, b in pairs:
        if merge(fresh(a), fresh(b)) != merge(fresh(b), fresh(a)):
            yield f"not commutative: {shown(kept[a])[:80]} and {shown(kept[b])[:80]}"
            break
    for a, b, c in ((a, b, c) for a in numbers for b in numbers for c in numbers):
        left = merge(merge(fresh(a), fresh(b)), fresh(c))
        if left != merge(fresh(a), merge(fresh(b), fresh(c))):
            texts = ", ".join(shown(kept[at])[:50] for at in (a, b, c))
            yield f"not associative: {texts}"
            break
    for a, b in pairs:
        merge(merge(states[a], states[b]), states[b])  # may it change what it was given?
