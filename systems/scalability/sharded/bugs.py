"""Planted bugs of the sharded database: it, with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.partitioning.database.server import Request
from splitbrain.systems.scalability.sharded.coordinator import ShardCoordinator
from splitbrain.systems.scalability.sharded.server import ShardServer
from splitbrain.systems.scalability.sharded.shards import LOWS


class ByNumber(ShardCoordinator):
    """Deals shards by number: shard 7 of three members is the second one's."""

    def homes(self) -> dict[str, str]:
        """Another count of members, and nearly all shards are another's."""
        return {low: self.members[n % len(self.members)] for n, low in enumerate(LOWS)}


class BelievesClients(ShardServer):
    """Answers for whatever it is asked: who asks knows the map."""

    def serves(self, request: Request) -> bool:
        """The client's map may be old."""
        return True


BUGS: tuple[Bug, ...] = (
    Bug(
        id="PART-03-SHARDS",
        title="shards are dealt by number: nearly all move when a server joins or leaves",
        server=planted(ShardServer, coordinator_class=ByNumber),
        workload="changing-set",
        faults=(),
        nodes=4,
        seeds=5,
        shows=("needless-movement",),
        source="DDIA chapter 6, How not to do it: hash mod N",
    ),
    Bug(
        id="PART-02-SHARDS",
        title="a server answers for a shard that it gave away, to clients with an old map",
        server=BelievesClients,
        workload="rebalance",
        faults=("shard.move",),
        nodes=3,
        seeds=20,
        shows=("nonlinearizable", "missing", "stale"),
        source="DDIA chapter 6, Request Routing; Jepsen: RethinkDB 2.2.3 (reconfiguration)",
        options={"changes": 0.0},
    ),
)
