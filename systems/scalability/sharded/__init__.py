"""A sharded database: clients that know the map of shards, which moves under them as servers come.

    client, map 7 --put x, by map 7--> n1       n1 has the shard: answers
                                       n1       it gave the shard away: "moved, map 9"
           map 9 --put x, by map 9---> n3
    coordinator:  members n1 n2 n4 -> what is not at home moves, a few shards at a time

The problem (DDIA chapter 1, "Approaches for Coping with Load"; chapter 6, "Fixed number of
partitions", "Request Routing"): load is spread over servers by key, servers are added while it is
under way, and nobody between client and data should have to look the server up. Then clients go by
maps that are old, and what they ask for is on its way.

The idea: keys are in a fixed number of *shards* by their hash, far more shards than servers, and a
map in numbered versions says where each shard is. Clients keep the map and ask the owner at once;
whether a server answers is told by its own map and its own disk alone, and whoever asks the wrong
one is told a later map. Where a shard should be follows from who the members are (rendezvous
hashing), so that a server that joins is given its shards and no other shard moves.

It stands on the partitioned database (`splitbrain.systems.partitioning.database`): its map, its
servers' storage, and the way in which a range travels, whose ranges here are shards. What is its
own is where shards go and who routes: nobody but the client.

Sources: DDIA chapter 6, "Rebalancing Partitions"; Thaler and Ravishankar, "Using Name-Based
Mappings to Increase Hit Rates", IEEE/ACM Transactions on Networking 6(1), 1998.

Guarantees: every key is linearizable, and no acknowledged change is lost, while shards move, under
any number of crashes and power losses of any servers, lost, late and repeated messages and
partitions, as long as disks keep what they synced. When a server joins or leaves, only shards that
it gets or had change their home. While the coordinator is down nothing moves, and all else goes on.

Invariants, watched at every step: those of the partitioned database.

Layout: ``shards`` says where keys and shards belong, ``coordinator`` who is a member and what moves
next, ``server`` answers, ``client`` asks; ``bugs`` has them with one decision wrong; ``summary`` is
the sketch with its weaknesses.

Left out: copies of a shard on several servers (`splitbrain.systems.replication` has copies), a
second coordinator, shards that are split.
"""

from splitbrain.checkers.invariants.ownership import owner_agreement
from splitbrain.checkers.invariants.placements import placement
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.partitioning.database.invariants import DatabaseInvariants
from splitbrain.systems.partitioning.database.pictures import RANGES
from splitbrain.systems.scalability.sharded.bugs import BUGS
from splitbrain.systems.scalability.sharded.client import ShardedClient
from splitbrain.systems.scalability.sharded.server import ShardServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("compact_at", 10, 1_000, "records of a log that is written anew when a server starts"),
    Knob("at_once", 1, 5, "moves under way at most", "coordinator_class.at_once"),
    Knob(
        "patience",
        0.3,
        3.0,
        "time until a move is called off, in seconds",
        "coordinator_class.patience_s",
    ),
    Knob(
        "balance",
        0.1,
        2.0,
        "time between looks at what has to move, in seconds",
        "coordinator_class.balance_s",
    ),
    Knob("part", 1, 20, "keys that are sent at a time", "outgoing_class.part"),
)

SYSTEM = System(
    name="sharded-database",
    title="a sharded database whose clients know the map, while shards move (chapters 1 and 6)",
    server=ShardServer,
    client=ShardedClient,
    workloads=("rebalance", "changing-set", "register"),
    claims=Claims(
        (
            *("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
            *("member.add", "member.remove", "member.replace", "shard.move", "shard.rebalance"),
        ),
        max_down="all",
    ),
    checkers=(owner_agreement(), placement()),
    nodes=4,
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=KNOBS,
    invariants=DatabaseInvariants,
    pictures=(RANGES,),
)
