"""Planted bugs of the leaderless store: the servers with one decision wrong."""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.harness.node import Message
from splitbrain.systems.clocks.vectors import joined
from splitbrain.systems.replication.leaderless.merkle import MerkleTree
from splitbrain.systems.replication.leaderless.server import LeaderlessServer
from splitbrain.systems.replication.leaderless.siblings import EMPTY, Cell, Context
from splitbrain.systems.replication.leaderless.storage import Storage


class HintsExpire(LeaderlessServer):
    """Stands in for a home until it has tried once to hand over what it keeps."""

    sloppy = True

    async def _hand_over(self, home: str, key: str, hint: Cell) -> None:
        await super()._hand_over(home, key, hint)
        if self.storage.hints.get((home, key)) == hint:
            self.storage.handed(home, key)


class ForgettingStorage(Storage):
    """Can be made to forget removed keys."""

    def forget_removed(self) -> None:
        """As if there had never been anything."""
        for key, cell in self.cells.items():
            if cell != EMPTY and not cell.siblings:
                self._record("cell", key, EMPTY)


class ForgetsRemovals(LeaderlessServer):
    """Forgets removed keys after a while; a home that was away for longer brings them back."""

    grace_s = 0.5
    storage: ForgettingStorage

    async def _keep(self, sender: str, message: Message) -> None:
        await super()._keep(sender, message)
        await trio.sleep(self.grace_s)
        self.storage.forget_removed()


class CountsServers(LeaderlessServer):
    """Has version vectors without dots: a write replaces the coordinator's earlier ones, too."""

    def change(self, key: str, context: Context, *value: Any) -> Cell:
        """What this coordinator wrote last is taken for read, whoever the client is."""
        issued = self.issued.get(key, EMPTY).context
        own = tuple(each for each in issued if each[0] == self.actor)
        return super().change(key, joined(context, own), *value)


class OwnBoundaries(LeaderlessServer):
    """Splits the ranges of its trees with each key that it gets, whatever others have."""

    def tree(self, peer: str) -> MerkleTree:
        """The same cells in other ranges than those of a peer that has more keys, or fewer."""
        shared = {k: cell for k, cell in self.storage.cells.items() if peer in self.homes(k)}
        return MerkleTree(shared, min(len(self.storage.cells), 10))


_GONE = ("lost", "stale")

BUGS: tuple[Bug, ...] = (
    Bug(
        id="LL-03",
        title="a sloppy quorum: reads of the homes miss what stand-ins hold",
        server=planted(LeaderlessServer, sloppy=True),
        workload="siblings",
        faults=("net.partition",),
        nodes=5,
        seeds=20,
        shows=("stale", "resurrected"),
        source="DDIA chapter 5, Sloppy Quorums and Hinted Handoff",
    ),
    Bug(
        id="LL-07",
        title="version vectors without dots: a write replaces what its coordinator wrote before",
        server=CountsServers,
        workload="siblings",
        faults=(),
        nodes=5,
        seeds=10,
        shows=_GONE,
        source="Preguiça and others 2012, section 3: one entry a server is not enough",
    ),
    Bug(
        id="LL-05",
        title="removals are forgotten after a time: a home that was away brings values back",
        server=planted(ForgetsRemovals, storage_class=ForgettingStorage),
        workload="siblings",
        faults=("net.partition",),
        nodes=5,
        seeds=20,
        shows=("resurrected",),
        source="Cassandra documentation, Tombstones and gc_grace_seconds",
    ),
    Bug(
        id="LL-09",
        title="Merkle trees are split by what each server holds: homes compare different ranges",
        server=OwnBoundaries,
        workload="siblings",
        faults=("net.partition",),
        nodes=5,
        seeds=20,
        shows=("endless-repair", "diverged"),
        source="DeCandia et al., Dynamo, SOSP 2007, sections 4.7 and 6.2 (ranges that are split)",
        options={"keys": 8},
    ),
)

SLOPPY_BUGS: tuple[Bug, ...] = (
    Bug(
        id="LL-04",
        title="hints expire after one attempt: what only stand-ins hold is gone",
        server=HintsExpire,
        workload="siblings",
        faults=("net.partition",),
        nodes=5,
        seeds=60,
        shows=("lost", "resurrected"),
        source="Cassandra documentation, Hints: max_hint_window",
        options={"keys": 8},
    ),
)
