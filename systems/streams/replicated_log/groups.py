"""A group of consumers: who of it reads which key, in which generation, and how far each key is.

    c1 --turn: I had k0 up to 7--> generation 12: k0 c1 | k1 c2      offsets k0 7, k1 3
    c2 (silent)                    generation 13: k0 c1 | k1 c1
    c2 --turn: I had k1 up to 9--> of generation 12, so refused: c1 reads k1 from 3 on

No I/O, no clock: times are given. Offsets are what the controller has on disk; members and
generations are not: a new life begins with a generation that nobody can have been told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Offsets = tuple[tuple[str, int], ...]
"""By key, the offset before which all of it has been read."""

Told = Callable[[str, int, str], None]
"""Who owns a key from now on: key, generation, owner."""


@dataclass(slots=True)
class Member:
    """A consumer.

    Attributes:
        keys: what it wants to read.
        turn: the number of its last request; older ones come late.
        heard: when that came, in seconds.
    """

    keys: tuple[str, ...]
    turn: int
    heard: float


class Groups:
    """The one group that there is.

    Invariants: a key has one owner in a generation, and who joins, leaves, or falls silent begins
    another one; offsets are taken of owners of the present generation only, and never go back.

    Args:
        generation: where to begin.
        told: is called for each key and its owner when a generation begins.
    """

    def __init__(self, generation: int, told: Told) -> None:
        self.generation = generation
        self.members: dict[str, Member] = {}
        self.owners: dict[str, str] = {}
        self.offsets: dict[str, int] = {}
        self._told = told

    def hear(self, name: str, keys: tuple[str, ...], turn: int, now: float) -> bool:
        """A member takes its turn; whether that is no late message."""
        known = self.members.get(name)
        if known is not None and turn < known.turn:
            return False
        self.members[name] = Member(keys, turn, now)
        if known is None or known.keys != keys:
            self._rebalance()
        return True

    def look(self, silent_since: float) -> None:
        """Whoever hasn't been heard of since then is out."""
        gone = [name for name, member in self.members.items() if member.heard < silent_since]
        for name in gone:
            del self.members[name]
        if gone:
            self._rebalance()

    def _rebalance(self) -> None:
        self.generation += 1
        wanted: dict[str, list[str]] = {}
        for name in sorted(self.members):
            for key in self.members[name].keys:
                wanted.setdefault(key, []).append(name)
        self.owners = {
            key: wanted[key][number % len(wanted[key])] for number, key in enumerate(sorted(wanted))
        }
        for key, owner in self.owners.items():
            self._told(key, self.generation, owner)

    def admits(self, name: str, generation: int, keys: Iterable[str]) -> bool:
        """Whether offsets come of the owner of these keys, as it is now."""
        return generation == self.generation and all(self.owners.get(key) == name for key in keys)

    def move(self, offsets: Offsets) -> None:
        """Take offsets, which were admitted."""
        for key, upto in offsets:
            self.offsets[key] = max(upto, self.offsets.get(key, 0))

    def of(self, name: str) -> Offsets:
        """What a member is to read, and from where."""
        owners: Mapping[str, str] = self.owners
        return tuple((key, self.offsets.get(key, 0)) for key in owners if owners[key] == name)
