"""Planted bugs of sets with tombstones, and of counters that only grow."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Self

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.clocks.vectors import covers
from splitbrain.systems.replication.crdts.counters import GCounter
from splitbrain.systems.replication.crdts.document import Document, Types
from splitbrain.systems.replication.crdts.server import GossipServer
from splitbrain.systems.replication.crdts.stability import Stability
from splitbrain.systems.replication.crdts.tombstones import TombstoneTypes


class AsksMost(Stability):
    """Takes what a majority has erased for erased everywhere."""

    def everywhere(self) -> set[Hashable]:
        """Who is cut off has what was removed, and brings it back."""
        servers = len(self._heard) + 1
        return {
            each
            for each, seen in self._noted.items()
            if 1 + sum(covers(heard, seen) for heard in self._heard.values()) > servers // 2
        }


class MergesOldStates(TombstoneTypes):
    """Merges whatever comes, as is right as long as tombstones stay."""

    def merged(self, one: Document, other: Document) -> Document:
        """A message of before the removal brings the element back."""
        return Types.merged(self, one, other)


class KeepsTheGreater(GCounter):
    """Merges as if it were one number."""

    def merged(self, other: Self) -> Self:
        """What both counted meanwhile is counted once."""
        return max(self, other, key=lambda counter: (counter.value, counter))


TOMBSTONE_BUGS: tuple[Bug, ...] = (
    Bug(
        id="ML-09-MAJORITY",
        title="a tombstone is forgotten once most have it: who was cut off brings elements back",
        server=planted(GossipServer, types_class=TombstoneTypes, stability_class=AsksMost),
        workload="crdt",
        faults=("net.partition",),
        nodes=3,
        seeds=20,
        shows=("resurrected", "diverged"),
        source="Shapiro and others, INRIA RR-7506, section 4.2: garbage collection needs all",
    ),
    Bug(
        id="ML-09-LATE",
        title="old messages are merged though tombstones were forgotten: what was removed returns",
        server=planted(GossipServer, types_class=MergesOldStates),
        workload="crdt",
        faults=("net.duplicate",),
        nodes=3,
        seeds=40,
        shows=("resurrected", "diverged"),
        source="Shapiro and others, INRIA RR-7506, section 4.2; made up (late messages)",
        options={"remove": 0.3},
    ),
)

COUNTER_BUGS: tuple[Bug, ...] = (
    Bug(
        id="ML-03-COUNTER",
        title="of two counts the greater one is kept: what was counted at once is counted once",
        server=planted(GossipServer, types_class=planted(Types, counter_type=KeepsTheGreater)),
        workload="eventual-counter",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("lost",),
        source="Shapiro and others, INRIA RR-7506, specification 6: a count for each actor",
    ),
)
