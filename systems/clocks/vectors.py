"""Vector clocks and version vectors: of each actor, how many of its events are known.

One event happened before another if and only if its vector is smaller: known everywhere at most as
well, and somewhere worse. Vectors of which neither is smaller are those of concurrent events, or of
concurrent versions, if what is counted are writes of a replica.

Sources: Mattern, "Virtual Time and Global States of Distributed Systems", 1989; Parker et al.,
"Detection of Mutual Inconsistency in Distributed Systems", IEEE Transactions on Software
Engineering 9(3), 1983 (version vectors); DDIA chapter 5, "Version vectors".

>>> one, other = ticked((), "a"), ticked((), "b")
>>> both = joined(one, other)
>>> both, compared(one, both), compared(one, other)
((('a', 1), ('b', 1)), 'before', 'concurrent')
"""

from __future__ import annotations

from typing import Literal

Vector = tuple[tuple[str, int], ...]
"""By actor, how many of its events are known: all up to that one. Sorted, without zeros, so that
equal vectors are equal tuples."""

Order = Literal["equal", "before", "after", "concurrent"]


def ticked(vector: Vector, actor: str) -> Vector:
    """The vector of the actor's next event, if `vector` has all of its events so far."""
    count = dict(vector).get(actor, 0) + 1
    return joined(vector, ((actor, count),))


def joined(one: Vector, other: Vector) -> Vector:
    """The vector that covers what either covers."""
    counts = dict(one)
    for actor, count in other:
        counts[actor] = max(counts.get(actor, 0), count)
    return tuple(sorted(counts.items()))


def newer(one: Vector, other: Vector) -> Vector:
    """Of one what the other does not cover; joined with the other, it covers what either does."""
    counts = dict(other)
    return tuple((actor, count) for actor, count in one if count > counts.get(actor, 0))


def covers(one: Vector, other: Vector) -> bool:
    """Whether one has all that the other has."""
    counts = dict(one)
    return all(count <= counts.get(actor, 0) for actor, count in other)


def compared(one: Vector, other: Vector) -> Order:
    """Whether one is that of an event before the other, after it, or concurrent with it."""
    if one == other:
        return "equal"
    if covers(other, one):
        return "before"
    return "after" if covers(one, other) else "concurrent"


class VectorClock:
    """The clock of one node.

    Args:
        actor: the node's name, in one of its lives if it forgets what it counted.
        vector: what is known at the start.
    """

    def __init__(self, actor: str, vector: Vector = ()) -> None:
        self.actor = actor
        self.vector = vector

    def tick(self) -> Vector:
        """An event of this node's own; to send a message is one, and its vector goes along."""
        self.vector = ticked(self.vector, self.actor)
        return self.vector

    def receive(self, vector: Vector) -> Vector:
        """The arrival of a message that was sent at `vector`."""
        self.vector = joined(self.vector, vector)
        return self.tick()
