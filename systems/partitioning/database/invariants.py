"""What must hold between the servers at every moment, watched from outside at every step.

===============  ===================================================================================
one-owner        no two servers answer for a key at one time
no-orphan-range  every range is held by the server that the latest map names, or is all there for it
map-agreement    no two maps have the same version
===============  ===================================================================================

A server that is down is taken as it was when it was seen last; it answered for nothing since.
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.invariants import Breach
from splitbrain.systems.partitioning.database.keymap import Bounds, KeyMap
from splitbrain.systems.partitioning.database.storage import Storage


class DatabaseInvariants:
    """A probe (`splitbrain.harness.invariants.Probe`) of servers with a ``storage``.

    Attributes:
        seen: by server, the storage of its present life, with the map, the freezes and the arrivals
            that were looked at last.
        served: by server, what it answers for.
        maps: by version, the map.
        latest: the greatest version that any server knows.
    """

    def __init__(self) -> None:
        self.seen: dict[str, tuple[Storage, int, int, tuple[int, ...]]] = {}
        self.served: dict[str, tuple[Bounds, ...]] = {}
        self.maps: dict[int, KeyMap] = {}
        self.latest = -1

    def __call__(self, name: str, server: Any) -> Breach | None:
        """See `splitbrain.harness.invariants.Probe`."""
        storage: Storage = server.storage
        if not storage.opened:
            return None
        now = (storage, storage.map.version, len(storage.frozen), storage.arrived())
        if self.seen.get(name) == now:
            return None
        self.seen[name] = now
        self.served[name] = storage.served()
        return self.map_agreement(name, storage.map) or self.one_owner(name) or self.no_orphan(name)

    def map_agreement(self, name: str, known: KeyMap) -> Breach | None:
        """A version is decided once."""
        other = self.maps.setdefault(known.version, known)
        self.latest = max(self.latest, known.version)
        if other == known:
            return None
        return Breach("map-agreement", f"{name} knows another map {known.version} than others do")

    def one_owner(self, name: str) -> Breach | None:
        """Ranges that are served are disjoint."""
        for other, ranges in self.served.items():
            if other == name:
                continue
            for low, high in ranges:
                for mine in self.served[name]:
                    if overlap((low, high), mine):
                        key = max(low, mine[0])
                        return Breach("one-owner", f"{name} and {other} both answer for {key!r}")
        return None

    def no_orphan(self, name: str) -> Breach | None:
        """What the latest map gives to a server is there: as its own, or arrived."""
        latest = self.maps[self.latest]
        for low, _ in latest.owned(name):
            storage = self.seen[name][0]
            has = storage.map.owner(low) == name
            arrived = any(
                move.covers(low) and move.number in storage.arrived() for move in storage.map.moves
            )
            if not has and not arrived:
                return Breach(
                    "no-orphan-range", f"the range from {low!r} is {name}'s and not there"
                )
        return None


def overlap(one: Bounds, other: Bounds) -> bool:
    """Whether two ranges share a key."""
    return (other[1] is None or one[0] < other[1]) and (one[1] is None or other[0] < one[1])
