"""Sets that are merged: an element stays if somebody added it whom no remover had seen.

`ORSet` has no tombstones: what its context covers and it does not have was removed. `TombstoneSet`
has one for each removed addition; they may go when no replica can send the addition any more, and
no sooner.

Sources: Shapiro and others, INRIA RR-7506, 2011, specification 15; Bieniusa and others, "An
Optimized Conflict-free Replicated Set", INRIA RR-8083, 2012.

>>> one = ORSet().added("a", "x")
>>> removed, again = one.removed("x"), one.added("b", "x")
>>> removed.merged(one).elements, removed.merged(again).elements
((), ('x',))
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from typing import Any, NamedTuple

from splitbrain.systems.clocks.vectors import joined
from splitbrain.systems.replication.leaderless.siblings import (
    EMPTY,
    Cell,
    cell_of,
    merged,
    written,
)


class ORSet(NamedTuple):
    """A set in which additions win over removals that have not seen them."""

    cell: Cell = EMPTY

    @property
    def elements(self) -> tuple[Any, ...]:
        """The elements, sorted."""
        return tuple(sorted(set(self.cell.values)))

    def added(self, actor: str, element: Any) -> ORSet:
        """The set after the actor has added an element, perhaps once more."""
        return ORSet(written(self.removed(element).cell, (), actor, element))

    def removed(self, element: Any) -> ORSet:
        """The set without the additions of an element that it has seen."""
        rest = tuple(each for each in self.cell.siblings if each.value != element)
        return ORSet(Cell(self.cell.context, rest))

    def merged(self, other: ORSet) -> ORSet:
        """What both know."""
        return ORSet(merged(self.cell, other.cell))

    @classmethod
    def of(cls, raw: Iterable[Any]) -> ORSet:
        """A set from a message or a record, where it is plain tuples."""
        (cell,) = raw
        return cls(cell_of(cell))


Addition = tuple[str, int, Any]
"""Who added it, the how-manyeth of its additions it is, and the element."""


class TombstoneSet(NamedTuple):
    """The same, with a tombstone for each addition that was removed.

    Attributes:
        additions: all that are known and have no tombstone, sorted.
        tombstones: all that were removed, sorted.
        counts: by actor, how many additions it has made.
    """

    additions: tuple[Addition, ...] = ()
    tombstones: tuple[Addition, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()

    @property
    def elements(self) -> tuple[Any, ...]:
        """The elements, sorted."""
        return tuple(sorted({element for _, _, element in self.additions}))

    def added(self, actor: str, element: Any) -> TombstoneSet:
        """The set after the actor has added an element, perhaps once more."""
        number = dict(self.counts).get(actor, 0) + 1
        additions = tuple(sorted((*self.additions, (actor, number, element))))
        return TombstoneSet(additions, self.tombstones, joined(self.counts, ((actor, number),)))

    def removed(self, element: Any) -> TombstoneSet:
        """The set without the additions of an element that it has seen."""
        gone = {each for each in self.additions if each[2] == element}
        return self._with({*self.additions}, {*self.tombstones, *gone}, self.counts)

    def merged(self, other: TombstoneSet) -> TombstoneSet:
        """What both know."""
        additions = {*self.additions, *other.additions}
        tombstones = {*self.tombstones, *other.tombstones}
        return self._with(additions, tombstones, joined(self.counts, other.counts))

    def purged(self, of: Collection[Hashable] | None = None) -> TombstoneSet:
        """The set without tombstones, or without these: right only if nobody can send what they
        stand for."""
        if of is None:
            return self._replace(tombstones=())
        gone = {*of}
        return self._replace(tombstones=tuple(t for t in self.tombstones if t not in gone))

    @classmethod
    def of(cls, raw: Iterable[Any]) -> TombstoneSet:
        """A set from a message or a record, where it is plain tuples."""
        return cls(*map(tuple, raw))

    def _with(
        self,
        additions: set[Addition],
        tombstones: set[Addition],
        counts: tuple[tuple[str, int], ...],
    ) -> TombstoneSet:
        left = additions - tombstones
        return TombstoneSet(tuple(sorted(left)), tuple(sorted(tombstones)), counts)
