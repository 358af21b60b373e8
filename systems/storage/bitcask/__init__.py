"""A hash index over segments: every write is appended, memory knows where each value is.

The problem (DDIA chapter 3, "Hash Indexes"): an append is the fastest write there is, but who wants
to read all that was ever appended to find one value?

The idea (Sheehy and Smith, "Bitcask: A Log-Structured Hash Table for Fast Key/Value Data", 2010): a
table in memory says, for each key, in which file and where its newest value is; a read is one look
at the disk. The file that is appended to is closed when it is full, and gets a *hint* file, its
part of the table, for the next start. Closed files are merged: what is still valid of them is
written behind them, and they are removed::

    000002.data  [x=1][y=2][x=3]   closed, with 000002.hint: x at 2, y at 1
    000004.data  [del y][z=1]      closed           |
    000005.data  [x=3][z=1]        <----------------+ merged: what 2 and 4 leave
    000006.data  [z=2]...          active           memory: x -> 5, z -> 6

Guarantees are those of `splitbrain.systems.storage.engine`. Invariants (``verify``):

1. The table leads to the newest value of each key, and each value bears its frame's checksum.
2. A segment that is not the last one is durable to its end, and says so.
3. Segments are removed the oldest first, each when a later one has what it left: a delete is never
   gone before what it deletes.
4. A hint that tells of another segment than the one that is there is not believed.

Layout: `segments` is the files, `engine` the table and what is done to them.

Left out: keys in order (a scan sorts all of them); more keys than fit into memory.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.storage.bitcask.bugs import BUGS
from splitbrain.systems.storage.bitcask.engine import Bitcask, BitcaskServer, SmallBitcask
from splitbrain.systems.storage.claims import CHECKERS, CLAIMS
from splitbrain.systems.storage.client import StorageClient
from splitbrain.systems.storage.pictures import DISK

__all__ = ["SYSTEM", "Bitcask", "BitcaskServer", "SmallBitcask"]

SYSTEM = System(
    name="bitcask",
    title="a hash index over segments, with hints and merges (chapter 3)",
    server=BitcaskServer,
    client=StorageClient,
    workloads=("store", "kv"),
    nodes=1,
    sizes=SINGLE_SERVER,
    claims=CLAIMS,
    checkers=CHECKERS,
    bugs=BUGS,
    knobs=(
        Knob("segment", 128, 65536, "bytes of a segment", "engine_class.segment_bytes"),
        Knob("closed", 1, 16, "most segments until they are merged", "engine_class.most_closed"),
    ),
    pictures=(DISK,),
)
"""The system, by its name in plans."""
