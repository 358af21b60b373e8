"""What must hold of a cache at every moment, watched from outside while it runs.

===============  ===================================================================================
entry-outlives   no front has an entry, of a value or of nothing, that it would still use more than
                 a second after it began to have it, by its own monotonic clock
===============  ===================================================================================

Whether somebody reads the key then, and whether it has another value by then, makes no difference:
a front that is cut off would not hear of it.
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.invariants import Breach
from splitbrain.systems.scalability.cache_aside.entries import TTL_S, Entry
from splitbrain.systems.scalability.cache_aside.front import Front

EVERY_S = 0.05
"""How often a front is looked at, in seconds of its clock."""


class CacheInvariants:
    """A probe (`splitbrain.harness.invariants.Probe`) of fronts."""

    def __init__(self) -> None:
        self._looked: dict[str, tuple[Front, float]] = {}
        self._since: dict[tuple[str, str], tuple[Entry, float]] = {}

    def __call__(self, name: str, server: Any) -> Breach | None:
        """See `splitbrain.harness.invariants.Probe`."""
        front = server.server
        if not isinstance(front, Front):
            return None
        now = front.node.clock.monotonic()
        known = self._looked.get(name)
        if known is not None and known[0] is front and now < known[1] + EVERY_S:
            return None
        self._looked[name] = front, now
        for key, entry in front.entries.entries.items():
            had = self._since.get((name, key))
            if had is None or had[0] is not entry or known is None or known[0] is not front:
                self._since[name, key] = entry, now
            elif now > had[1] + TTL_S and front.entries.get(key) is entry:
                return Breach(
                    "entry-outlives",
                    f"{name} has had version {entry.version} of {key} for {now - had[1]:.3f} s, "
                    "and would still use it",
                )
        return None
