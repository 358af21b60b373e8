"""The map of a partitioned database: which server has which range of keys, in numbered versions.

A map is never changed; each decision makes the next one. Ranges are told by where they begin, so
that the ranges of any map cover all keys, each once. What is under way is part of the map, too: a
move is decided twice, when it starts and when it ends.

>>> first = KeyMap.first("n1")
>>> two = first.split("m")
>>> two.ranges
(('', 'n1'), ('m', 'n1'))
>>> going = two.moving("m", "n2")
>>> going.owner("x"), going.ended(going.version, done=True).owner("x")
('n1', 'n2')
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, NamedTuple

Bounds = tuple[str, str | None]
"""The first key of a range, and the first key after it; None if there is none."""


class Move(NamedTuple):
    """A range on its way from one server to another.

    Attributes:
        number: the version of the map that it came with; no other move has it.
        low: its first key.
        high: the first key after it; None if there is none.
        source: who has it until the move is done.
        target: who has it then.
    """

    number: int
    low: str
    high: str | None
    source: str
    target: str

    def covers(self, key: str) -> bool:
        """Whether a key is in the range."""
        return self.low <= key and (self.high is None or key < self.high)


class KeyMap(NamedTuple):
    """One version.

    Attributes:
        version: counts decisions.
        ranges: the first key of each range with its owner, sorted; the first one is ``""``.
        moves: what is under way.
    """

    version: int
    ranges: tuple[tuple[str, str], ...]
    moves: tuple[Move, ...]

    @classmethod
    def first(cls, owner: str) -> KeyMap:
        """The map before any decision: one server has all keys."""
        return cls(0, (("", owner),), ())

    def position(self, key: str) -> int:
        """Which range a key is in."""
        return bisect_right(self.ranges, key, key=_low) - 1

    def begins(self, key: str) -> bool:
        """Whether a range begins with a key."""
        return self.ranges[self.position(key)][0] == key

    def owner(self, key: str) -> str:
        """The server that has a key."""
        return self.ranges[self.position(key)][1]

    def bounds(self, position: int) -> Bounds:
        """Where a range begins and ends."""
        after = position + 1
        high = self.ranges[after][0] if after < len(self.ranges) else None
        return self.ranges[position][0], high

    def owned(self, server: str) -> list[Bounds]:
        """The bounds of a server's ranges."""
        return [self.bounds(at) for at, (_, owner) in enumerate(self.ranges) if owner == server]

    def move_of(self, key: str) -> Move | None:
        """The move of a key's range, if it is on its way."""
        return next((move for move in self.moves if move.covers(key)), None)

    def numbers(self) -> frozenset[int]:
        """The moves under way."""
        return frozenset(move.number for move in self.moves)

    # Decisions: each is the next version

    def split(self, key: str) -> KeyMap:
        """A range ends before a key, and another begins with it, of the same owner."""
        ranges = sorted((*self.ranges, (key, self.owner(key))))
        return KeyMap(self.version + 1, tuple(ranges), self.moves)

    def merged(self, position: int) -> KeyMap:
        """A range and the next one are one."""
        ranges = (*self.ranges[: position + 1], *self.ranges[position + 2 :])
        return KeyMap(self.version + 1, ranges, self.moves)

    def moving(self, key: str, target: str) -> KeyMap:
        """The range of a key starts to move."""
        low, high = self.bounds(self.position(key))
        version = self.version + 1
        move = Move(version, low, high, self.owner(key), target)
        return KeyMap(version, self.ranges, (*self.moves, move))

    def ended(self, number: int, *, done: bool) -> KeyMap:
        """A move has ended: the target has the range, or all is as it was."""
        move = next(move for move in self.moves if move.number == number)
        others = tuple(each for each in self.moves if each.number != number)
        ranges = tuple(
            (low, move.target if done and low == move.low else owner) for low, owner in self.ranges
        )
        return KeyMap(self.version + 1, ranges, others)


def map_of(raw: Iterable[Any]) -> KeyMap:
    """A map from a message or a record, where it is plain tuples."""
    version, ranges, moves = raw
    return KeyMap(version, ranges, tuple(Move(*move) for move in moves))


def _low(entry: tuple[str, str]) -> str:
    return entry[0]
