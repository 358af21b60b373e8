"""An observed-remove set that may be sent in parts: what it has seen may have gaps.

`sets.ORSet` says what it has seen by a version vector, which covers all of an actor's additions up
to one. A delta with such a context would claim additions that it does not have, and whoever merges
it would take them for removed. So here what was seen is told dot by dot, and those that follow each
other from the first are put together.

Source: Almeida, Shoker and Baquero, "Delta State Replicated Data Types", Journal of Parallel and
Distributed Computing 111, 2018, section 7.2 (figure 3: the add-wins set without tombstones).

>>> one = DottedSet().added("a", "x").added("a", "y")
>>> delta = one.added("a", "z").since(one)
>>> delta
DottedSet(additions=(('a', 3, 'z'),), vector=(), cloud=(('a', 3),))
>>> one.removed("x").merged(delta).elements
('y', 'z')
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any, NamedTuple, Self

from splitbrain.systems.clocks.vectors import Vector
from splitbrain.systems.replication.crdts.sets import Addition

Dot = tuple[str, int]
"""Who added something, and the how-manyeth of its additions it is."""


class DottedSet(NamedTuple):
    """A set in which additions win over removals that have not seen them.

    Attributes:
        additions: those that nobody removed, sorted.
        vector: by actor, up to where all of its additions were seen.
        cloud: what was seen beyond, sorted.
    """

    additions: tuple[Addition, ...] = ()
    vector: Vector = ()
    cloud: tuple[Dot, ...] = ()

    @property
    def elements(self) -> tuple[Any, ...]:
        """The elements, sorted."""
        return tuple(sorted({element for _, _, element in self.additions}))

    def added(self, actor: str, element: Any) -> Self:
        """The set after the actor, who must have seen all of its own, has added an element."""
        number = dict(self.vector).get(actor, 0) + 1
        kept = [each for each in self.additions if each[2] != element]
        return self._with([*kept, (actor, number, element)], self._dots() | {(actor, number)})

    def removed(self, element: Any) -> Self:
        """The set without the additions of an element that it has seen."""
        return self._replace(additions=tuple(e for e in self.additions if e[2] != element))

    def merged(self, other: Self) -> Self:
        """What both know: an addition stays if the other has it, too, or has not seen it."""
        one, two = set(self.additions), set(other.additions)
        kept = one & two
        kept.update(each for each in one - two if not other._has_seen(each[:2]))
        kept.update(each for each in two - one if not self._has_seen(each[:2]))
        return self._with(kept, self._dots() | other._dots())

    def since(self, before: Self) -> Self:
        """What this one knows and an earlier state did not: merged with that, it is this one."""
        new, gone = (
            set(self.additions) - set(before.additions),
            set(before.additions) - set(self.additions),
        )
        return self._with(new, (self._dots() - before._dots()) | {each[:2] for each in gone})

    @classmethod
    def of(cls, raw: Iterable[Any]) -> Self:
        """A set from a message or a record, where it is plain tuples."""
        additions, vector, cloud = raw
        return cls(*(tuple(map(tuple, each)) for each in (additions, vector, cloud)))

    def _has_seen(self, dot: Dot) -> bool:
        return dot[1] <= dict(self.vector).get(dot[0], 0) or dot in self.cloud

    def _dots(self) -> Set[Dot]:
        run = ((actor, n) for actor, count in self.vector for n in range(1, count + 1))
        return {*run, *self.cloud}

    def _with(self, additions: Iterable[Addition], dots: Set[Dot]) -> Self:
        """With what follows each other from the first put together."""
        vector: dict[str, int] = {}
        cloud = []
        for actor, number in sorted(dots):
            if number == vector.get(actor, 0) + 1:
                vector[actor] = number
            else:
                cloud.append((actor, number))
        return type(self)(tuple(sorted(additions)), tuple(vector.items()), tuple(cloud))
