"""Registers that are merged: the last write wins, or all that were written at once stay.

Source: Shapiro and others, INRIA RR-7506, 2011, specifications 9 and 10.

>>> one = LWWRegister().assigned(10, "a", "red")
>>> one.merged(LWWRegister().assigned(10, "b", "blue")).value
'blue'
>>> MVRegister().assigned("a", 1).merged(MVRegister().assigned("b", 2)).values
(1, 2)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

from splitbrain.systems.replication.leaderless.siblings import (
    EMPTY,
    Cell,
    Context,
    cell_of,
    merged,
    overwritten,
    written,
)


class LWWRegister(NamedTuple):
    """A value with the time of its write; the greater time wins, then the greater actor.

    Attributes:
        stamp: when it was written, in whatever units all actors use; greater than every stamp that
            the writer had seen, so that a write is never hidden by one that it follows.
        actor: who wrote it; tells apart writes of one time.
        value: what was written.
    """

    stamp: int = 0
    actor: str = ""
    value: Any = None

    def assigned(self, now: int, actor: str, value: Any) -> LWWRegister:
        """The register after a write at that time."""
        return type(self)(max(now, self.stamp + 1), actor, value)

    def merged(self, other: LWWRegister) -> LWWRegister:
        """The later write."""
        return max(self, other, key=lambda each: (each.stamp, each.actor))

    def since(self, before: LWWRegister) -> LWWRegister:
        """What this one knows and an earlier state did not: the write, if it is another."""
        return self if self != before else type(self)()

    @classmethod
    def of(cls, raw: Iterable[Any]) -> LWWRegister:
        """A register from a message or a record, where it is a plain tuple."""
        return cls(*raw)


class MVRegister(NamedTuple):
    """Values of which none was written by somebody who had seen another."""

    cell: Cell = EMPTY

    @property
    def values(self) -> tuple[Any, ...]:
        """The values, by the dots of their writes."""
        return self.cell.values

    def assigned(self, actor: str, value: Any, over: Context | None = None) -> Self:
        """The register after a write, which replaces what a context covers; without one, all that
        this replica has."""
        return type(self)(written(self.cell, self._read(over), actor, value))

    def cleared(self, over: Context | None = None) -> Self:
        """The register without what a context covers; without one, empty."""
        return type(self)(overwritten(self.cell, self._read(over)))

    def merged(self, other: Self) -> Self:
        """What both know."""
        return type(self)(merged(self.cell, other.cell))

    def _read(self, over: Context | None) -> Context:
        return self.cell.context if over is None else over

    @classmethod
    def of(cls, raw: Iterable[Any]) -> Self:
        """A register from a message or a record, where it is plain tuples."""
        (cell,) = raw
        return cls(cell_of(cell))
