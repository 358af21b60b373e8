"""A partitioned key-value database: ranges of keys that split, merge and move while it is used.

    client --put x--> any server --forward--> owner of x's range      the owner answers
                         |  map 7
                      coordinator:  map 7 = | ..m n2 | m..t n1 | t.. n3 |  moving: m..t n1 -> n3

The problem (DDIA chapter 6): keys are spread over servers by ranges, so that neighbours are read
together; ranges grow, and servers come to have more than others, so ranges must be split and moved,
while clients read and write. A write that meets a move must not be lost, no two servers may answer
for a key, and whoever decides may die at any moment.

The idea: what is decided is a *map*, in numbered versions, each durable at the coordinator before
anyone hears of it. A move is two decisions. With the first, its source sends a snapshot of the
range and then what changes; when only a little is left it freezes the range, durably, and sends the
rest. When the target has told that all of it is there, durably, the second decision makes it the
owner; or it calls the move off, and the source goes on. Everything that anybody does follows from
the latest map that it knows and from its own disk, so messages may be lost, late or repeated, and
who comes back goes on from there::

    coordinator   map 7: t.. moves to n3                     map 8: t.. is n3's
    n1 (source)   | sends snapshot, catches up | frozen ............ | forgets it
    n3 (target)   | keeps the parts apart      | all there: tells    | answers for it

Any server takes any request and sends it to whom its map says; maps may be old, and an owner goes
by its own map alone. Changes are numbered by clients, and what was done last is kept with the key
and moves with it, so that they may be repeated.

Sources: DDIA chapter 6, "Partitioning by Key Range", "Dynamic partitioning", "Request Routing";
Chang et al., "Bigtable", OSDI 2006, section 5 (tablets; a master that is not on the way of data);
Corbett et al., "Spanner", OSDI 2012, section 3 (movedir: move in the background, then a little in
a transaction); Elmore, Das, Agrawal and El Abbadi, "Zephyr: Live Migration in Shared Nothing
Databases", SIGMOD 2011.

Items have a color, by which they are found: by indexes of each server's own, where a search asks
all servers and gathers, each key once however ranges move; or by a global index
(``partitioned-database-global-index``), which is partitioned by color, and whose entries are hints
that are made before the item and looked up in the items.

Guarantees: every key is linearizable, and no acknowledged change is lost, under any number of
crashes and power losses of any servers, lost, late and repeated messages and partitions, as long as
disks keep what they synced. A range is answered for while its owner is up, but for the moment of
its hand-over. A search says of each key what it was at some moment within the search. While the
coordinator is down nothing moves.

Invariants, watched at every step (``invariants``): no two servers answer for a key; every range is
held by whom the latest map names; no version is decided twice. Those of each part are told there.

Layout: ``keymap`` is the map and the decisions about it, ``storage`` what a server has on disk,
``operations`` what is done to a key, ``server`` owns and routes, ``copying`` sends ranges,
``coordinator`` decides, ``indexing`` and ``gathering`` find items by local indexes,
``global_index`` by a global one, ``client`` and ``items`` ask; ``invariants`` watches; ``bugs`` has
one decision wrong; ``summary`` is the sketch with its weaknesses.

A key that is asked for more than others can get a range of its own, so that its neighbours move
away from it; small neighbours can be made one again (settings ``hot_at`` and ``merge_at``).

Left out: copies of a range on several servers, so its owner must come back; a second coordinator;
servers that join and leave; logs are written anew only when a server starts.
"""

from splitbrain.checkers.invariants.ownership import owner_agreement
from splitbrain.checkers.invariants.rebalances import no_needless_move
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.partitioning.database.bugs import BUGS, GLOBAL_INDEX_BUGS
from splitbrain.systems.partitioning.database.global_index import GlobalIndexServer
from splitbrain.systems.partitioning.database.invariants import DatabaseInvariants
from splitbrain.systems.partitioning.database.items import GlobalIndexClient, ItemsClient
from splitbrain.systems.partitioning.database.pictures import RANGES
from splitbrain.systems.partitioning.database.server import DatabaseServer

__all__ = ["GLOBAL_INDEX", "SYSTEM"]

KNOBS = (
    Knob("split_at", 1, 50, "keys that a range has at most", "coordinator_class.split_at"),
    Knob(
        "merge_at",
        0,
        10,
        "keys that two neighbours are made one with at most, if it is not split then; 0: none are",
        "coordinator_class.merge_at",
    ),
    Knob(
        "hot_at",
        0,
        10,
        "requests in a report that give a key a range of its own; 0: none do",
        "coordinator_class.hot_at",
    ),
    Knob("compact_at", 3, 1_000, "records of a log that is written anew when a server starts"),
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
        "time between looks at how even things are, in seconds",
        "coordinator_class.balance_s",
    ),
    Knob("part", 1, 20, "keys that are sent at a time", "outgoing_class.part"),
)

CLAIMS = Claims(
    ("process", "net", "clock", "change", "shard", "disk.slow", "disk.stall", "client", "scenario"),
    max_down="all",
)

SYSTEM = System(
    name="partitioned-database",
    title="a partitioned database: ranges split, merge and move while in use (chapter 6)",
    server=DatabaseServer,
    client=ItemsClient,
    workloads=("rebalance", "scan", "register"),
    claims=CLAIMS,
    checkers=(owner_agreement(), no_needless_move()),
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=KNOBS,
    invariants=DatabaseInvariants,
    pictures=(RANGES,),
)

GLOBAL_INDEX = System(
    name="partitioned-database-global-index",
    title="the partitioned database with a secondary index partitioned by term (chapter 6)",
    server=GlobalIndexServer,
    client=GlobalIndexClient,
    workloads=("scan",),
    claims=CLAIMS,
    checkers=(owner_agreement(), no_needless_move()),
    sizes=range(2, 10),
    bugs=GLOBAL_INDEX_BUGS,
    knobs=KNOBS,
    invariants=DatabaseInvariants,
    pictures=(RANGES,),
)
