"""What leaders tell each other: changes, each with what it rests on; and the copy that they make.

A *change* puts a value into a cell, or takes values out. Its *dot* is its origin, a leader in one
of its lives, and a number: the how-manyeth of that origin's changes it is. What a copy has seen is
a version vector over these. Every change names what its origin had seen (``needs``) and what it
replaces (``over``, a part of that), and a copy takes it only once it has seen what it needs. So a
vector is always closed under causes, one vector for the whole copy is the context of every cell,
and a value that was removed needs no tombstone: the vector covers it, and it is not there.

Sources: Petersen and others, "Flexible Update Propagation for Weakly Consistent Replication" (the
write log and vectors of Bayou), SOSP 1997; Almeida, Shoker and Baquero, "Delta State Replicated
Data Types" (causal context of a store), 2018; DDIA chapter 5, "Multi-Leader Replication
Topologies".

>>> one = Change("n1/1", 1, (), ("value", "x"), (), ("milk",))
>>> other = Change("n2/1", 1, (), ("value", "x"), (), ("eggs",))
>>> copy = Copy(keep=10)
>>> copy.apply(one)
>>> copy.apply(other)
>>> [sibling.value for sibling in copy.siblings(("value", "x"))]
['milk', 'eggs']
>>> copy.apply(Change("n1/1", 2, copy.seen, ("value", "x"), copy.seen, ("flour",)))
>>> [sibling.value for sibling in copy.siblings(("value", "x"))]
['flour']
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from splitbrain.systems.clocks.vectors import Vector, joined
from splitbrain.systems.replication.leaderless.siblings import Cell, Sibling, merged

Key = tuple[str, ...]
"""Of a cell: what kind it is of, and its name."""

REGISTER = "register"
"""The kind of cells whose values are ``(stamp, value)``, of which the last write wins."""


class Change(NamedTuple):
    """One change of one cell.

    Attributes:
        origin: the leader that took it, in one of its lives: ``n1/2``.
        number: the how-manyeth change of that origin it is, from 1.
        needs: what the origin had seen of others.
        key: the cell.
        over: what it replaces: all values of the cell that this covers.
        value: the new value, alone in a tuple; empty for a removal.
    """

    origin: str
    number: int
    needs: Vector
    key: Key
    over: Vector
    value: tuple[Any, ...]


class Snapshot(NamedTuple):
    """A whole copy: what it has seen, and the values of each cell that has any."""

    seen: Vector
    cells: tuple[tuple[Key, tuple[Sibling, ...]], ...]


class Copy:
    """What one leader has of the data.

    Args:
        keep: how many of the latest changes are kept for those who lack them. Who lacks more than
            these is sent a snapshot.

    Attributes:
        vector: by origin, how many of its changes are in this copy: all up to that one.
        floor: likewise, of how many nothing but the effect was kept.
        recent: the changes that were kept, in the order in which they were applied.
    """

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.vector: dict[str, int] = {}
        self.floor: dict[str, int] = {}
        self.recent: list[Change] = []
        self._cells: dict[Key, tuple[Sibling, ...]] = {}

    @property
    def seen(self) -> Vector:
        """The vector, as messages have it."""
        return tuple(sorted(self.vector.items()))

    def siblings(self, key: Key) -> tuple[Sibling, ...]:
        """The values of a cell that nothing has replaced, sorted by dot."""
        return self._cells.get(key, ())

    def cells(self, kind: str) -> dict[str, tuple[Sibling, ...]]:
        """All cells of a kind that have values, by name."""
        return {key[1]: found for key, found in self._cells.items() if key[0] == kind}

    def apply(self, change: Change) -> None:
        """Take the next change of its origin."""
        self.vector[change.origin] = change.number
        covered = dict(change.over)
        left = [s for s in self.siblings(change.key) if s.number > covered.get(s.actor, 0)]
        left += (Sibling(change.origin, change.number, value) for value in change.value)
        self._put(change.key, tuple(sorted(left, key=lambda s: s[:2])))
        self.recent.append(change)
        while len(self.recent) > self.keep:
            oldest = self.recent.pop(0)
            self.floor[oldest.origin] = oldest.number

    def snapshot(self) -> Snapshot:
        """All there is."""
        return Snapshot(self.seen, tuple(self._cells.items()))

    def merge(self, other: Snapshot) -> None:
        """Take all that another copy has; how it came about nobody can be told from here."""
        theirs = dict(other.cells)
        for key in {**self._cells, **theirs}:
            one = Cell(self.seen, self.siblings(key))
            self._put(key, merged(one, Cell(other.seen, theirs.get(key, ()))).siblings)
        self.vector = dict(joined(self.seen, other.seen))
        self.floor = dict(joined(tuple(self.floor.items()), other.seen))
        self.recent = [c for c in self.recent if c.number > self.floor.get(c.origin, 0)]

    def lacking(
        self, seen: Mapping[str, int], leaders: Collection[str] | None
    ) -> list[Change] | None:
        """Changes that one who has seen that lacks, in an order in which it can take them.

        Args:
            seen: by origin, what it has.
            leaders: whose changes it wants; None: everybody's.

        Returns:
            None if some are not kept any more, so that it needs a snapshot.
        """
        if any(
            seen.get(origin, 0) < number and _wanted(origin, leaders)
            for origin, number in self.floor.items()
        ):
            return None
        return [
            change
            for change in self.recent
            if change.number > seen.get(change.origin, 0) and _wanted(change.origin, leaders)
        ]

    def _put(self, key: Key, siblings: tuple[Sibling, ...]) -> None:
        if siblings:
            self._cells[key] = last_write(siblings) if key[0] == REGISTER else siblings
        else:
            self._cells.pop(key, None)


def last_write(siblings: Iterable[Sibling]) -> tuple[Sibling, ...]:
    """The one with the greatest stamp; of equal ones, that of the greatest origin's last write."""
    return (max(siblings, key=lambda s: (s.value[0], s.actor, s.number)),)


def knows(seen: Mapping[str, int], context: Iterable[tuple[str, int]]) -> bool:
    """Whether one who has seen that has seen all of the context."""
    return all(seen.get(origin, 0) >= number for origin, number in context)


def snapshot_of(raw: Iterable[Any]) -> Snapshot:
    """A snapshot from a message or a record, where it is plain tuples."""
    seen, cells = raw
    return Snapshot(
        tuple(seen),
        tuple((tuple(key), tuple(Sibling(*each) for each in found)) for key, found in cells),
    )


def _wanted(origin: str, leaders: Collection[str] | None) -> bool:
    return leaders is None or origin.partition("/")[0] in leaders
