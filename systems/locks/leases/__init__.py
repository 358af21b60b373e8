"""A lock with leases and fencing tokens, and a file that it protects.

    client --acquire--> lock service (n1)     lease, token 34
    client --read, 34--> storage (n2)         fence is 34 now: 33 is refused from here on
    client --write, 34--> storage
    client --release--> lock service

The problem (DDIA chapter 8, "The leader and the lock", figures 8-4 and 8-5): one client at a time
is to read a file, change it and write it back. Whoever holds the lock may crash, so the lock is a
*lease*, which ends by itself. Then its holder may not know that it has ended: it was paused, or its
write is late, and somebody else holds the lock already. No check by the client before it writes
helps, since the pause may come right after the check.

The idea: with each lease goes a *fencing token*, greater than all before it, which the holder shows
to the storage with everything that it does there. The storage refuses a token smaller than the
greatest it has seen. To read is to be seen: else a holder could read, an older one write, and the
first overwrite that.

Sources: Kleppmann, "Designing Data-Intensive Applications" (2017), chapter 8; Kleppmann, "How to do
distributed locking" (2016); Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for
Distributed File Cache Consistency" (SOSP 1989); Burrows, "The Chubby Lock Service" (OSDI 2006),
section 2.4 (sequencers).

Guarantees: additions to the file and reads of it are linearizable, under pauses of
clients, any number of crashes and power losses, clocks that jump or drift. That there is *one*
holder at a time is not guaranteed, and need not be. Nothing goes on while the storage or the lock
service is down.

Invariants:

1. A token is given once, and is greater than all given before: the counter is durable before the
   answer, so a crash skips numbers and repeats none.
2. The storage's fence never goes back; it is durable before anything is answered under it.
3. What the storage wrote is durable before it is answered or read.

Layout: ``service`` gives leases, ``storage`` keeps the file, ``servers`` says which server is
which, ``client`` does both; ``bugs`` has them with one decision wrong, figure 8-4 among them.

Left out: a lock service of several servers (`splitbrain.systems.consensus.raft` would be one),
waiting in line, more than one lock.
"""

from splitbrain.checkers.invariants.tokens import fencing_tokens
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.locks.leases.bugs import BUGS
from splitbrain.systems.locks.leases.client import LeaseClient
from splitbrain.systems.locks.leases.pictures import LEASES
from splitbrain.systems.locks.leases.servers import LeaseServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("lease", 0.1, 1.0, "how long a lease lasts, in seconds", "service.lease_s"),
    Knob(
        "compact_at",
        3,
        200,
        "frames in the storage's log before it is written anew",
        "storage.compact_at",
    ),
)

SYSTEM = System(
    name="leases",
    title="a lock with leases, and a file fenced by its tokens (chapter 8)",
    server=LeaseServer,
    client=LeaseClient,
    workloads=("counter", "set"),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    checkers=(fencing_tokens(),),
    nodes=2,
    sizes=range(2, 3),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(LEASES,),
)
