"""The entries of one cache: values with versions, until when, and what is known to be newer."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from random import Random
from typing import Any, NamedTuple

TTL_S = 1.0
"""How long an entry may be used, from when the database was asked for it."""

JITTER = 0.3
"""How much sooner an entry may end, as a share: entries of one moment don't end together."""


class Entry(NamedTuple):
    """A value, its version, and when it ends by the host's monotonic clock."""

    version: int
    value: Any
    until: float


class Entries:
    """The entries.

    Invariants: no entry is older than what its key was invalidated to; none is used after its end,
    those that say that there is nothing included.

    Args:
        clock: seconds, which never go back.
        random: where jitter comes from.
        announce: called with what happens, as `splitbrain.checkers.caching.filling` has it.
    """

    def __init__(
        self, clock: Callable[[], float], random: Random, announce: Callable[[str, Any], None]
    ) -> None:
        self.clock = clock
        self.random = random
        self.announce = announce
        self.entries: dict[str, Entry] = {}
        self._known: dict[str, int] = {}

    def get(self, key: str) -> Entry | None:
        """The key's entry if it may be used."""
        entry = self.entries.get(key)
        return entry if entry is not None and self.clock() < entry.until else None

    def fill(self, key: str, version: int, value: Any, asked: float) -> None:
        """Have a value from now on, unless the key was invalidated to a newer one since.

        That is what a lease is for: whoever asked before an invalidation has none any more.

        Args:
            key: the key.
            version: the value's version.
            value: the value; None if there is none.
            asked: when the database was asked for it.
        """
        if self.may_fill(key, version):
            until = self.until(asked, value)
            lasts = None if until == inf else until - asked
            self.announce("filled", {"key": key, "version": version, "lasts": lasts})
            self._know(key, version)
            self.entries[key] = Entry(version, value, until)

    def may_fill(self, key: str, version: int) -> bool:
        """Whether nothing newer is known of."""
        return version >= self._known.get(key, 0)

    def until(self, asked: float, value: Any) -> float:
        """When an entry ends; never is infinity."""
        return asked + TTL_S * (1 - JITTER * self.random.random())

    def invalidate(self, key: str, version: int) -> None:
        """A key has this version now: what is older goes."""
        if version > self._known.get(key, 0):
            self.announce("invalidated", {"key": key, "version": version})
            self._know(key, version)
        entry = self.entries.get(key)
        if entry is not None and entry.version < version:
            self.drop(key, entry)

    def drop(self, key: str, entry: Entry) -> None:
        """An entry goes."""
        del self.entries[key]

    def _know(self, key: str, version: int) -> None:
        self._known[key] = max(version, self._known.get(key, 0))
