"""A leader's clients: whose command and whose strong read waits for what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from splitbrain.systems.replication.leader_follower.machine import Query

CommandIdentity = tuple[int, int]
"""A client's session and its number for the command; the same in a retry."""


class Waiting(NamedTuple):
    """Who waits: a client's name, and its number for the request."""

    client: str
    request: int


class PendingRead(NamedTuple):
    """A strong read that waits until a majority has answered broadcast number `round`."""

    round: int
    waiting: Waiting
    query: Query


@dataclass(slots=True)
class Desk:
    """Everyone who waits for an answer.

    Attributes:
        commands: who waits for which command to be committed.
        reads: the reads that wait to be confirmed, oldest first.
    """

    commands: dict[CommandIdentity, Waiting] = field(default_factory=dict)
    reads: list[PendingRead] = field(default_factory=list)

    def register(self, identity: CommandIdentity, waiting: Waiting) -> bool:
        """Note who waits for a command; False if it was waited for already (then a retry waits)."""
        new = identity not in self.commands
        self.commands[identity] = waiting
        return new

    def confirmed(self, round_: int) -> list[PendingRead]:
        """Take out the reads that `round_` confirms."""
        ready = [read for read in self.reads if read.round <= round_]
        self.reads = [read for read in self.reads if read.round > round_]
        return ready

    def clear(self) -> tuple[list[Waiting], list[Waiting]]:
        """Take out everyone: those who wait for commands, and those who wait for reads."""
        commands, reads = list(self.commands.values()), [read.waiting for read in self.reads]
        self.commands.clear()
        self.reads.clear()
        return commands, reads
