"""A graph whose properties are on different servers, and move from one to another while in use.

    e17  --type-->  element      tablet "type"      on n1
    e17  --name-->  17           tablet "name"      on n3, moves to n2 meanwhile

The problem (DDIA chapter 2, "Triple-Stores and SPARQL"; chapter 6): a graph that is too large for
one server is cut by predicate, so that what a query joins over is together: a *tablet* has all
triples of one predicate. Tablets are of very different sizes, so they move; and a node then has
some of its properties here and some there, of which a move must lose none, nor show one as missing.

The idea: a triple is a key, its predicate first, so that a tablet is a range of keys, and a shard
of the sharded database (`splitbrain.systems.scalability.sharded`), which has a map of them in
numbered versions and moves them while they are written. A node gets its properties before its type,
and a query looks for the type first: so whatever it finds has all of its properties, whichever
tablets move in between.

Sources: DDIA chapter 2, "Triple-Stores and SPARQL"; Jain, "Dgraph: Synchronously Replicated,
Transactional and Distributed Graph Database", 2020, section 2 (predicates are sharded); the Jepsen
analyses of Dgraph 1.0.2 and 1.1.1 (tablet moves that lost writes, and left nulls).

Guarantees: a node that was acknowledged is found by its type, with its properties, under any number
of crashes and power losses of any servers, lost, late and repeated messages and partitions, while
tablets move, as long as disks keep what they synced.

Invariants, watched at every step: those of the partitioned database: no two servers answer for a
tablet.

Layout: ``tablets`` names them, ``client`` asks; ``bugs`` has them with one decision wrong.

Left out: edges (`splitbrain.systems.data_models.graph` has them, on one server), transactions over
several tablets, copies of a tablet.
"""

from splitbrain.checkers.invariants.ownership import owner_agreement
from splitbrain.checkers.invariants.placements import placement
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.data_models.graph_tablets.bugs import BUGS
from splitbrain.systems.data_models.graph_tablets.client import TabletClient
from splitbrain.systems.data_models.graph_tablets.tablets import TabletServer
from splitbrain.systems.partitioning.database.invariants import DatabaseInvariants
from splitbrain.systems.partitioning.database.pictures import RANGES
from splitbrain.systems.scalability.sharded import KNOBS

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="graph-tablets",
    title="a graph cut by predicate, whose tablets move while in use (chapters 2 and 6)",
    server=TabletServer,
    client=TabletClient,
    workloads=("changing-set",),
    claims=Claims(
        (
            *("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
            *("member.add", "member.remove", "member.replace"),
        ),
        max_down="all",
    ),
    checkers=(owner_agreement(), placement()),
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=KNOBS,
    invariants=DatabaseInvariants,
    pictures=(RANGES,),
)
