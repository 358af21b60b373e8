"""Siblings: the values of a key that nobody has overwritten yet, and what is known to be history.

A *dot* names one write: the actor that did it (a coordinator in one of its lives) and the how-many-
eth of that actor's writes of the key it is. A *context* is a version vector: by actor, a count; it
covers the dots up to that count. A cell holds siblings, each with its dot, and the context of all
that the cell has ever seen: what a context covers and no sibling has was overwritten or removed.

A context may be so short only because no cell has a dot without its actor's earlier ones: an
actor's next write is made from a cell that has seen all of its writes before.

Source: Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Dotted Version Vectors: Efficient
Causality Tracking for Distributed Key-Value Stores", 2012, section 5; DDIA chapter 5, "Detecting
Concurrent Writes".

>>> one = written(EMPTY, (), "a", "milk")
>>> other = written(EMPTY, (), "b", "eggs")
>>> both = merged(one, other)
>>> both.values
('milk', 'eggs')
>>> merged(written(one, one.context, "b", "flour"), both).values
('eggs', 'flour')
>>> merged(both, overwritten(one, one.context)).values
('eggs',)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from splitbrain.systems.clocks.vectors import Vector, joined, ticked

Context = Vector
"""By actor, how many of its writes are covered: all up to that one."""


class Sibling(NamedTuple):
    """A value that was written, with the dot of its write."""

    actor: str
    number: int
    value: Any


class Cell(NamedTuple):
    """What is known of a key: siblings, sorted by dot, and the context of all that was seen."""

    context: Context
    siblings: tuple[Sibling, ...]

    @property
    def values(self) -> tuple[Any, ...]:
        """The values that nobody has overwritten."""
        return tuple(sibling.value for sibling in self.siblings)


EMPTY = Cell((), ())
"""The cell of a key that was never written."""


def merged(one: Cell, other: Cell) -> Cell:
    """What two cells of a key know together.

    A sibling of one stays if the other has it, too, or has not seen it.
    """
    kept = {*one.siblings} & {*other.siblings}
    kept.update(_unseen(one, other.context), _unseen(other, one.context))
    return Cell(joined(one.context, other.context), tuple(sorted(kept, key=_dot)))


def overwritten(cell: Cell, context: Context) -> Cell:
    """The cell without what a context covers: the removal of what somebody has read."""
    return Cell(joined(cell.context, context), tuple(_unseen(cell, context)))


def written(cell: Cell, read: Context, actor: str, value: Any) -> Cell:
    """The cell after a write by one who had read what a context covers.

    The cell must have seen all of the actor's writes of this key.
    """
    rest = overwritten(cell, read)
    context = ticked(rest.context, actor)
    siblings = sorted((*rest.siblings, Sibling(actor, dict(context)[actor], value)), key=_dot)
    return Cell(context, tuple(siblings))


def cell_of(raw: Iterable[Any]) -> Cell:
    """A cell from a message or a record, where it is plain tuples."""
    context, siblings = raw
    return Cell(tuple(context), tuple(Sibling(*sibling) for sibling in siblings))


def _unseen(cell: Cell, context: Context) -> list[Sibling]:
    counts = dict(context)
    return [each for each in cell.siblings if each.number > counts.get(each.actor, 0)]


def _dot(sibling: Sibling) -> tuple[str, int]:
    return sibling.actor, sibling.number
