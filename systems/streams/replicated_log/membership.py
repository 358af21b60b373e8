"""What a consumer knows of its part in the group: what it reads, from where, and what it owes."""

from __future__ import annotations

from dataclasses import dataclass, field

from splitbrain.systems.streams.replicated_log.controller import Reader
from splitbrain.systems.streams.replicated_log.groups import Offsets


@dataclass(slots=True)
class Membership:
    """A member of the group, from its subscription to the next one.

    Invariants: offsets that it commits are those of records that its caller was given.

    Attributes:
        name: its own; no other member ever has it.
        keys: what it wants to read.
        turn: the number of its last request.
        generation: the one that it knows of.
        positions: by key that it owns in it, where it reads on.
        owed: by key, up to where records were given and not committed.
    """

    name: str
    keys: tuple[str, ...]
    turn: int = 0
    generation: int = -1
    positions: dict[str, int] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)

    def begin(self, generation: int, mine: Offsets) -> None:
        """Read on from what is committed: what was given and isn't, others will be given."""
        self.generation, self.positions, self.owed = generation, dict(mine), {}

    def forget(self) -> None:
        """Ask anew where to read on."""
        self.begin(-1, ())

    def read(self, moved: dict[str, int]) -> None:
        """Records up to these offsets are about to be given."""
        self.positions.update(moved)
        self.owed.update(moved)

    @property
    def offsets(self) -> Offsets:
        """What is to be committed."""
        return tuple(self.owed.items())

    @property
    def reader(self) -> Reader:
        """The same, for the end of a transaction."""
        return self.name, self.generation, self.offsets
