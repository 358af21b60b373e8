"""Counters that are merged: each actor counts its own, and nobody else's.

Source: Shapiro, Preguiça, Baquero and Zawirski, "A comprehensive study of Convergent and
Commutative Replicated Data Types", INRIA RR-7506, 2011, specifications 6 and 7.

>>> one = PNCounter().changed("a", 5)
>>> one.changed("a", -2).merged(one.changed("b", 1)).value
4
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Self

from splitbrain.systems.clocks.vectors import Vector, joined, newer


class GCounter(NamedTuple):
    """A counter that only grows: by actor, how much it has added. Sorted."""

    counts: Vector = ()

    @property
    def value(self) -> int:
        """The sum."""
        return sum(count for _, count in self.counts)

    def changed(self, actor: str, by: int) -> Self:
        """The counter after the actor has added `by`, which is not negative."""
        assert by >= 0, "a counter that only grows"
        if not by:
            return self
        own = dict(self.counts).get(actor, 0) + by
        return self._replace(counts=joined(self.counts, ((actor, own),)))

    def merged(self, other: Self) -> Self:
        """What both know: of each actor the greater count, which is the later one."""
        return self._replace(counts=joined(self.counts, other.counts))

    def since(self, before: GCounter) -> GCounter:
        """What this one knows and an earlier state did not: merged with that, it is this one."""
        return GCounter(newer(self.counts, before.counts))

    @classmethod
    def of(cls, raw: Iterable[Any]) -> Self:
        """A counter from a message or a record, where it is plain tuples."""
        (counts,) = raw
        return cls(counts)


class PNCounter(NamedTuple):
    """A counter that goes up and down: two that only grow."""

    up: GCounter = GCounter()
    down: GCounter = GCounter()

    @property
    def value(self) -> int:
        """What was added less what was taken away."""
        return self.up.value - self.down.value

    def changed(self, actor: str, by: int) -> PNCounter:
        """The counter after the actor has added `by`, which may be negative."""
        if by < 0:
            return PNCounter(self.up, self.down.changed(actor, -by))
        return PNCounter(self.up.changed(actor, by), self.down)

    def merged(self, other: PNCounter) -> PNCounter:
        """What both know."""
        return PNCounter(self.up.merged(other.up), self.down.merged(other.down))

    def since(self, before: PNCounter) -> PNCounter:
        """What this one knows and an earlier state did not: merged with that, it is this one."""
        return PNCounter(self.up.since(before.up), self.down.since(before.down))

    @classmethod
    def of(cls, raw: Iterable[Any]) -> PNCounter:
        """A counter from a message or a record, where it is plain tuples."""
        up, down = raw
        return cls(GCounter(*up), GCounter(*down))
