"""The consistent-hash ring as a page of code sketches it, with elements on the nodes that it names.

``add_node``, ``remove_node``, ``node_for(key)``: a node stands at three points, and a key belongs
to the next one. Nothing is said of what the nodes hold when the ring changes.

Guarantees: none once members change. The design's weaknesses are kept, since they are what there is
to see:

* The hash puts names that are alike side by side, so that a node's three points are one, and keys
  that are numbered land on the same arc: one node has nearly all (DDIA chapter 6, "Skewed Workloads
  and Relieving Hot Spots").
* An element is on one node, and stays there: a node that goes takes its elements along
  ("Rebalancing Partitions").
"""

from __future__ import annotations

import trio

from splitbrain.checkers.invariants.placements import placement
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.partitioning.ring_store.bugs import UnevenRing
from splitbrain.systems.set_client import SetClient


class SummaryRingServer(UnevenRing):
    """Has what it was given, and gives nothing away."""

    copies = 1

    async def _move(self) -> None:
        """Only ask who the members are."""
        while True:
            await trio.sleep(self.tick_s)
            self.node.network.send(self.servers[0], ("known", self.storage.version))

    async def _read(self, number: int) -> tuple[int, ...]:
        """What the members have."""
        answers = self._reads[number] = {}
        while absent := [name for name in self.storage.members if name not in answers]:
            for member in absent:
                self.node.network.send(member, ("read", number))
            await self._until(lambda: all(name in answers for name in self.storage.members))
        del self._reads[number]
        return tuple(dict.fromkeys(e for elements in answers.values() for e in elements))


SYSTEM = System(
    name="ring-store-summary",
    title="the consistent-hash ring as sketched, and what its nodes hold (chapter 6)",
    server=SummaryRingServer,
    client=SetClient,
    workloads=("changing-set",),
    claims=Claims(kinds=(), max_down=0),
    checkers=(placement(),),
    form="summary",
    nodes=5,
    sizes=range(2, 10),
)
