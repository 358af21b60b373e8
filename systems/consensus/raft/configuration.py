"""Who decides: the servers whose majorities elect, commit and confirm (paper 6, thesis 4).

A configuration is an entry of the log, and counts from the moment that it is there, committed or
not. One that differs from the one before in a single voter needs no more, for their majorities
share a server; otherwise a *joint* one comes in between, in which both majorities must agree.
Learners are sent the log and decide nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeVar

CONFIGURATION = "configuration"
"""The kind of command that is one: ``("configuration", voters, outgoing, learners)``."""

Value = TypeVar("Value", int, float)


class Configuration(NamedTuple):
    """The members of a cluster.

    Attributes:
        voters: whose majority decides.
        outgoing: while joint, the voters before, whose majority must agree as well; else empty.
        learners: who is sent the log, and has no vote.
    """

    voters: tuple[str, ...]
    outgoing: tuple[str, ...] = ()
    learners: tuple[str, ...] = ()

    @property
    def everybody(self) -> tuple[str, ...]:
        """All to whom a leader sends, each once, voters first."""
        return tuple(dict.fromkeys((*self.voters, *self.outgoing, *self.learners)))

    @property
    def electorate(self) -> tuple[str, ...]:
        """All whose votes count, each once."""
        return tuple(dict.fromkeys((*self.voters, *self.outgoing)))

    def agreed(self, names: Collection[str]) -> bool:
        """Whether these are a majority, of both halves of a joint configuration."""
        return _majority(self.voters, names) and (
            not self.outgoing or _majority(self.outgoing, names)
        )

    def reached(self, values: Mapping[str, Value]) -> Value:
        """The greatest value that a majority has reached, by voter; of both halves."""
        reached = _reached(self.voters, values)
        return min(reached, _reached(self.outgoing, values)) if self.outgoing else reached

    def command(self) -> tuple[Any, ...]:
        """The command that stands for it in the log."""
        return (CONFIGURATION, *self)


def _majority(half: tuple[str, ...], names: Collection[str]) -> bool:
    return len([name for name in half if name in names]) > len(half) // 2


def _reached(voters: tuple[str, ...], values: Mapping[str, Value]) -> Value:
    return sorted([values[voter] for voter in voters])[(len(voters) - 1) // 2]


def configuration_of(command: Any) -> Configuration | None:
    """The configuration that a command stands for, if it does for one."""
    if command is not None and command[0] == CONFIGURATION:
        return Configuration(*command[1:])
    return None
