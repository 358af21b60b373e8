"""A store in memory with a write-ahead log: the least that keeps what it acknowledged.

The problem (DDIA chapter 3, "Hash Indexes" and "Making B-trees reliable"): memory forgets, and a
disk remembers only what was synced, in an order of its own. Writing a file in place tears it.

The idea: all data are in memory; each batch of writes is one record at the end of a log, and nobody
hears of it before the log is synced. A new process reads the log from its beginning::

    log    [x=1] [y=2] [x=3, z=1] [del y] ...      one record a batch, one sync for many
                                          ^ torn: the end       memory: x=3, z=1

When the log has grown to several times the data, it is written anew with these alone, beside the
old one, and put in its place in one step.

Guarantees and invariants are those of `splitbrain.systems.storage.engine`, and:

1. The log's records, in order, make the data that are in memory (``verify`` reads it again).
2. A log is put in the place of another only when it is durable, and nothing is appended to it
   before its name is.
3. A log that is opened is written anew: what the page cache shows need not be on the platter.

Left out: data beyond the memory; a start that does not read all of them.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.storage.claims import CHECKERS, CLAIMS
from splitbrain.systems.storage.client import StorageClient
from splitbrain.systems.storage.pictures import DISK
from splitbrain.systems.storage.write_ahead_log.bugs import BUGS
from splitbrain.systems.storage.write_ahead_log.engine import LogStore, LogStoreServer

__all__ = ["SYSTEM", "LogStore", "LogStoreServer"]

SYSTEM = System(
    name="write-ahead-log",
    title="a store in memory with a write-ahead log (chapter 3)",
    server=LogStoreServer,
    client=StorageClient,
    workloads=("store", "kv"),
    nodes=1,
    sizes=SINGLE_SERVER,
    claims=CLAIMS,
    checkers=CHECKERS,
    bugs=BUGS,
    knobs=(
        Knob(
            "slack",
            256,
            65536,
            "bytes that a log may be longer than twice the data before it is written anew",
            "engine_class.slack",
        ),
    ),
    pictures=(DISK,),
)
"""The system, by its name in plans."""
