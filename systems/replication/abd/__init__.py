"""The ABD register: linearizable reads and writes from quorums, without a leader.

The problem (DDIA chapter 5, "Leaderless Replication"; chapter 9, "Linearizability and quorums"):
every value is on several replicas, any of which may be slow, cut off or dead; no replica is
special, so there is no failover, and nothing stops while a majority can be reached. Reading from a
quorum and writing to one is not enough for clients to see one copy of the data: a read that meets a
write half way may return the new value, and a later one from other replicas the old (figure 9-6).

The idea (Attiya, Bar-Noy and Dolev): a *version* orders the writes of a key, and each operation
goes to a majority twice. Any two majorities share a replica, so what one operation left at a
majority, no later one can miss::

    write   ask a majority for their versions, take a greater one; store it at a majority
    read    ask a majority, take the value of the greatest version; store *that* at a majority

    n1  --------x=2----------------x=2----
    n2  --x=1----------x=1---------x=2----    <- the read wrote back what it is about to return
    n3  --x=1----------x=1----------x=1---
          write(2) begins   read -> 2      any later read meets x=2 at n1 or n2

Every server is a replica, and coordinator for the clients that ask it. Elements of a set are
registers that are written once, so the version of an element is known and needs no asking.

Sources: Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems", Journal of
the ACM 42(1), 1995; for several writers Lynch and Shvartsman, "Robust Emulation of Shared Memory
Using Dynamic Quorum-Acknowledged Broadcasts", FTCS 1997.

Guarantees: reads and writes of each key are linearizable, adds and reads of the set likewise, under
any number of crashes and power losses, as long as disks keep what they synced. Operations end while
a majority answers. There is no compare-and-set: that takes consensus, which no asynchronous system
of reads and writes can do if one server may fail (Herlihy, "Wait-Free Synchronization", 1991).

Invariants:

1. A replica never replaces a version by a smaller one, nor forgets one that it said it had.
2. A replica says that it has a version, when stored or asked, only once it is durable there.
3. No two writes have the same version: it holds the coordinator's name, which of its lives it is
   in, and a counter that goes up within a life. Lives are counted durably.
4. A client's write is begun once, however often its request comes, crashes or not.
5. When an operation ends, a majority has the version it wrote or returned, or a greater one.

Layout: ``versions`` orders writes, ``storage`` keeps them on disk, ``server`` is replica and
coordinator, ``client`` asks; ``bugs`` has the servers with one decision wrong.

Left out: replicas that missed a write are not brought up to date until somebody reads it
(anti-entropy), and the set of replicas is fixed.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.replication.abd.bugs import BUGS
from splitbrain.systems.replication.abd.client import QuorumClient
from splitbrain.systems.replication.abd.server import QuorumServer
from splitbrain.systems.replication.quorums import QUORUMS

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("resend", 0.05, 0.5, "time until a silent replica is asked again, in seconds", "resend_s"),
    Knob(
        "patience",
        0.2,
        3.0,
        "time until a coordinator gives an operation up, in seconds",
        "patience_s",
    ),
    Knob("compact_at", 3, 1_000, "records in the log before it is written anew", "compact_at"),
)

SYSTEM = System(
    name="abd",
    title="the ABD register: quorums that are linearizable (chapters 5 and 9)",
    server=QuorumServer,
    client=QuorumClient,
    workloads=("register", "set"),
    claims=Claims(
        (
            "process",
            "net",
            "clock",
            "member.dead",
            "member.away",
            "disk.slow",
            "disk.stall",
            "client",
            "scenario",
        )
    ),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(QUORUMS,),
)
