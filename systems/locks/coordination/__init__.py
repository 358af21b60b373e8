"""A coordination service over Raft: values with watches, a semaphore, and leader election.

    client --put, take, write--> leader --log--> followers
    client --watch after r-----> any server, also a follower; another one the next time

The problem (DDIA chapter 9, "Membership and Coordination Services"): a few facts that all nodes of
other systems must agree on (who leads, which locks are taken, what the configuration is), and news
of each change of them. News must come once and in order, though the watcher goes from server to
server, servers crash, and old changes are thrown away. And a leader may be dead, or only slow.

The idea: every change has a revision, its number in the log. A watcher asks for what came after the
last revision that it knows; any server can answer, late perhaps, but never with something left out.
What is thrown away is part of the state, too, so a server knows what it cannot tell. A leader's
permit expires; its token is the revision of its election, and what it writes is refused unless its
token is that of the permit which is held (a fencing token, checked by the state machine itself).

Sources: Burrows, "The Chubby Lock Service", OSDI 2006; Hunt et al., "ZooKeeper: Wait-free
Coordination for Internet-scale Systems", USENIX ATC 2010; etcd's API guarantees; Ongaro,
"Consensus: Bridging Theory and Practice", 2014 (the log is `splitbrain.systems.consensus.raft`'s).

Guarantees, under what Raft survives: watches are ordered, unique, complete and resumable from any
server (`splitbrain.checkers.collections.watches`); no more permits of a semaphore are held than
there are; what a leader wrote under its token is never overwritten by one whose token is not held
any more, however clocks drift and clients pause. A permit of the semaphore stays with its owner
until it is given back: an owner that crashed gets the same one when it asks again. A leader's is
taken away `CoordinationServer.lease_s` after its election at the earliest, and in the end it is
(`splitbrain.checkers.invariants.permits`).

Invariants:

1. Revisions, events and what is compacted are part of the replicated state: two servers that have
   applied the same entries have the same, also after a snapshot.
2. An answer to a watch has all events after the revision asked for, up to that of the server.
3. A permit is given back with its token only; a message that comes late frees nobody else's.
4. Whether a permit expires is decided by an entry in the log, so all servers agree when it ended.

Layout: ``machine`` is the replicated state, ``server`` adds watches and expiry to Raft's,
``client`` does what workloads ask for; ``bugs`` has them with one decision wrong.

Left out: renewing a permit, watching single keys, transactions of several changes.
"""

from splitbrain.checkers.invariants.permits import permits_end
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.consensus.raft.invariants import RaftInvariants
from splitbrain.systems.locks.coordination.bugs import BUGS
from splitbrain.systems.locks.coordination.client import ELECTION, CoordinationClient
from splitbrain.systems.locks.coordination.server import CoordinationServer
from splitbrain.systems.log_grid import LOGS

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("lease", 0.2, 1.0, "how long a leader's permit lasts, in seconds", "lease_s"),
    Knob("keep", 8, 100, "changes that are kept for watchers", "application_class.keep"),
    Knob(
        "snapshot_every",
        8,
        128,
        "entries applied between two snapshots",
        "settings.snapshot_every",
    ),
)

SYSTEM = System(
    name="coordination",
    title="a coordination service: watches, a semaphore, leader election (chapter 9)",
    server=CoordinationServer,
    client=CoordinationClient,
    workloads=("watch", "semaphore", "set"),
    claims=Claims(
        (
            "process",
            "net",
            "member.dead",
            "member.away",
            "clock",
            "client",
            "scenario",
            "disk.slow",
            "disk.stall",
        )
    ),
    # A leader needs a round and an answer or two beyond the longest lease.
    checkers=(permits_end((ELECTION,), within_s=2.5),),
    bugs=BUGS,
    knobs=KNOBS,
    invariants=RaftInvariants,
    pictures=LOGS,
)
