"""A log-structured merge tree: sorted files that are written once, and merged again and again.

The problem (DDIA chapter 3, "SSTables and LSM-Trees"): a disk writes long pieces well and short
ones badly, there is more data than memory, and ranges of keys are wanted in order.

The idea (O'Neil et al., "The Log-Structured Merge-Tree", 1996; LevelDB): writes go to a log and to
memory. Memory that has filled up is written to a *table*, a file of keys in order that is never
changed. Reads look into memory, then into the tables from the newest to the oldest; a filter says
which of them need not be asked. Tables are merged in the background, level by level::

    memory      log
       | flush
    level 0     [b..x] [a..m] [c..z]      newest first, may overlap
       | merge all
    level 1     [a..f] [g..q] [r..z]      each key once; ten times as much on each level below
    level 2     [a..b] [c..d] ...         a tombstone goes down until nothing is below it

A manifest names the tables of each level; it is replaced in one step, so that a crash leaves the
tables of before a merge or those of after it. Whatever other files there are is removed at the
start.

Guarantees are those of `splitbrain.systems.storage.engine`. Invariants (``verify``):

1. On levels from 1 on no two tables overlap; in each table keys are in order, as its index says.
2. What is on a level is newer than what is below it, key by key.
3. A tombstone is kept as long as a level below may have its key.
4. A filter never denies a key of its table.
5. The manifest names tables that are durable; it is durable before any input of a merge is
   removed, and before the log is emptied.

Layout: `tables` and `bloom` are files, `memory` and `levels` what a version of the tree consists
of, `engine` what is done to it.

Left out: compression, a cache of blocks, merges beside writes (here writes wait), several versions
of a key in one table.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.storage.claims import CHECKERS, CLAIMS
from splitbrain.systems.storage.client import StorageClient
from splitbrain.systems.storage.lsm_tree.bugs import BUGS
from splitbrain.systems.storage.lsm_tree.engine import LsmServer, LsmTree, SmallLsmTree
from splitbrain.systems.storage.lsm_tree.pictures import LEVELS
from splitbrain.systems.storage.pictures import DISK

__all__ = ["SYSTEM", "LsmServer", "LsmTree", "SmallLsmTree"]

_PLACE = "engine_class."

SYSTEM = System(
    name="lsm-tree",
    title="a log-structured merge tree (chapter 3)",
    server=LsmServer,
    client=StorageClient,
    workloads=("store", "kv"),
    nodes=1,
    sizes=SINGLE_SERVER,
    claims=CLAIMS,
    checkers=CHECKERS,
    bugs=BUGS,
    knobs=(
        Knob("memory", 64, 65536, "bytes in memory until it is written", _PLACE + "memory_bytes"),
        Knob("table", 64, 65536, "bytes in a table that a merge makes", _PLACE + "table_bytes"),
        Knob("level", 64, 65536, "bytes on level 1", _PLACE + "level_bytes"),
        Knob("newest", 1, 8, "most tables on level 0", _PLACE + "most_newest"),
    ),
    pictures=(LEVELS, DISK),
)
"""The system, by its name in plans."""
