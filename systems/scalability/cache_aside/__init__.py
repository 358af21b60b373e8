"""Caches beside a database: what they give may be old, by a second at most.

    client --read--> front: entry? --no--> load, one at a time --> database: log of changes
                       ^                                               |
                       +---- invalidated to version 17 <-- follow -----+

The problem (DDIA chapter 1, "Scalability"; Nishtala et al., "Scaling Memcache at Facebook", NSDI
2013): a cache is filled by readers and must hear of writers. Filled too late, it keeps what was
replaced meanwhile; cut off, it never hears; and when a popular key ends, all readers ask the
database at once.

The idea: the database's log gives each change a position, which is the version of its key. A front
follows the log and remembers the newest version that it heard of, so that a load which began
before is not kept (a lease). An entry ends by time, counted from when the database was *asked*, a
key that was not there too; ends are spread by chance. Of each key one load is under way.

Guarantees: a read gives a value that was current at most 1 s before it was invoked, with any
servers cut off, paused or restarted; an acknowledged write is never lost, as long as the database's
disk keeps what it synced. A front never goes back to an older version, and who asks one front alone
never reads one. Hosts' monotonic clocks must run at the right rate: drift would stretch the second.

Layout: ``database`` keeps, ``front`` answers, ``entries`` are a cache, ``servers`` says which is
which, ``client`` asks; ``bugs`` has them with one decision wrong; ``summary`` is the sketch with
its weaknesses.

Left out: a cache that several fronts share, eviction when it is full, several databases.
"""

from splitbrain.checkers.caching import (
    cache_monotonic,
    expiry_spread,
    no_stale_set,
    single_flight,
)
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.scalability.cache_aside.bugs import BUGS
from splitbrain.systems.scalability.cache_aside.client import CacheClient
from splitbrain.systems.scalability.cache_aside.invariants import CacheInvariants
from splitbrain.systems.scalability.cache_aside.pictures import VERSIONS
from splitbrain.systems.scalability.cache_aside.servers import CacheServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="cache-aside",
    title="caches beside a database, old by a second at most (chapter 1)",
    server=CacheServer,
    client=CacheClient,
    workloads=("cache",),
    claims=Claims(
        (
            "process",
            "net",
            "service",
            "clock.bump",
            "disk.slow",
            "disk.stall",
            "client",
            "scenario",
        ),
        max_down="all",
    ),
    checkers=(no_stale_set(), single_flight(), cache_monotonic(), expiry_spread()),
    sizes=range(2, 10),
    bugs=BUGS,
    invariants=CacheInvariants,
    pictures=(VERSIONS,),
)
