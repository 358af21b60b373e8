"""Planted bugs of the leaderless store: the servers with one decision wrong."""

from __future__ import annotations

from typing import Any

import trio

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.clocks.vectors import joined
from splitbrain.systems.replication.leaderless.grace import GraceServer
from splitbrain.systems.replication.leaderless.merkle import MerkleTree
from splitbrain.systems.replication.leaderless.server import LeaderlessServer
from splitbrain.systems.replication.leaderless.siblings import EMPTY, Cell, Context


class HintsExpire(LeaderlessServer):
    """Stands in for a home until it has tried once to hand over what it keeps."""

    sloppy = True
    write_quorum = 1

    async def _hand_over(self, home: str, key: str, hint: Cell) -> None:
        await super()._hand_over(home, key, hint)
        if self.storage.hints.get((home, key)) == hint:
            self.storage.handed(home, key)


class ForgetsInTime(GraceServer):
    """Forgets removed keys after the time of grace; a home that was away for longer has them."""

    async def may_forget(self, key: str, cell: Cell) -> bool:
        """Whether it was removed so long ago, whoever knows that."""
        agreed = self._agreed.setdefault(key, (cell, trio.current_time()))
        return trio.current_time() - agreed[1] > self.patient_grace_s


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
        shows=("write-kept", "lost", "resurrected"),
        source="Cassandra documentation, Hints: max_hint_window",
        options={"keys": 8},
    ),
)

GRACE_BUGS: tuple[Bug, ...] = (
    Bug(
        id="LL-05",
        title="removals are forgotten after a time: a home that was away brings values back",
        server=ForgetsInTime,
        workload="siblings",
        faults=("member.away",),
        nodes=5,
        seeds=20,
        shows=("resurrected",),
        source="Cassandra documentation, Tombstones and gc_grace_seconds",
        options={"keys": 20, "remove": 0.25, "system": {"grace": 0.5}},
    ),
)
