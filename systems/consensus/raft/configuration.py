"""Who decides: the servers whose majorities elect, commit and confirm."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, TypeVar

Value = TypeVar("Value", int, float)


class Configuration(NamedTuple):
    """The members of a cluster. Any two majorities of one configuration share a server."""

    voters: tuple[str, ...]

    def agreed(self, names: Collection[str]) -> bool:
        """Whether these are a majority."""
        return sum(voter in names for voter in self.voters) > len(self.voters) // 2

    def reached(self, values: Mapping[str, Value]) -> Value:
        """The greatest value that a majority has reached, by voter."""
        return sorted(values[voter] for voter in self.voters)[(len(self.voters) - 1) // 2]
