"""Viewstamped Replication: a replicated log whose servers keep nothing on a disk.

The problem (DDIA chapter 9, "Fault-Tolerant Consensus") is that of Raft
(`splitbrain.systems.consensus.raft`), with one condition more: what a server knew is gone when it
crashes, and to write to a disk before each answer is too slow. At most f of 2f + 1 servers fail at
a time; one that recovers still counts as failed.

The idea: servers take turns as primary, view by view. The primary orders operations, and one that f
others hold is committed. Whoever starts again asks, and takes part in nothing before a majority has
told it what it may have said::

    n1, primary of view 0   a b c d    crashes, and starts again: what did I acknowledge?
    n2                      a b c      view-change: n2 is primary of view 1, with the best log of a
    n3                      a b c d    majority; d may be committed, so it is in it
    n1                      . . . .    recovering, until n2 and n3 answer: view 1, a b c d

Sources: Liskov and Cowling, "Viewstamped Replication Revisited", MIT-CSAIL-TR-2012-021 (cited by
section); Oki and Liskov, PODC 1988; Michael, Ports, Sharma and Szekeres, "Recovering Shared Objects
Without Stable Storage", DISC 2017, for what the first leaves out (``changing``).

Guarantees: commands and queries are linearizable, and a command that is repeated within its session
is applied once, whatever fails. What was acknowledged survives while at most f servers have failed
and not recovered: with more, all is lost, and the servers know it; none answers any more.

Invariants (``invariants`` watches them from outside at every step of every simulated run):

1. In a view all servers that are in order hold prefixes of one log.
2. Who is in order in a view holds what was committed in the views before it.
3. A server acknowledges an operation only if it holds all before it.
4. A server says nothing before it has recovered, and what it said in an earlier life counts for
   nothing in a view change.

Layout: the core has no I/O and no clock; ``Viewstamped.receive`` and ``tick`` (in ``core``) return
effects. ``operating`` is what happens as long as all is well, ``changing`` a new view,
``recovering`` a new life, all over the records in ``state``; what they decide is in ``rules``.
Around it are the shell, the machine and the client that all protocols of this folder share. The
disk has one number, how often the server has started; ``bugs`` has the store with one decision
wrong.

Where it differs from the paper: who hears that the primary of its view has lost its memory leaves
the view at once; reads ask a majority (the paper has leases for that, 6.3); who recovers asks again
at longer and longer intervals if nobody answers, as when more than f have failed.

Left out: checkpoints (whole logs are sent), changes of the members.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.consensus.client import StoreClient
from splitbrain.systems.consensus.viewstamped.bugs import BUGS
from splitbrain.systems.consensus.viewstamped.invariants import ViewstampedInvariants
from splitbrain.systems.consensus.viewstamped.server import ViewstampedKV
from splitbrain.systems.log_grid import LOGS

_PLACE = "settings."

KNOBS = (
    Knob("heartbeat", 0.03, 0.1, "longest silence of a primary, in seconds", _PLACE + "heartbeat"),
    Knob("patience_min", 0.3, 0.4, "least wait for a primary, in seconds", _PLACE + "patience_min"),
    Knob("patience_max", 0.6, 1.2, "longest wait for one, in seconds", _PLACE + "patience_max"),
)

SYSTEM = System(
    name="viewstamped",
    title="Viewstamped Replication, whose servers recover without a disk (chapter 9)",
    server=ViewstampedKV,
    client=StoreClient,
    workloads=("register", "set", "kv"),
    nodes=7,  # who recovers counts as failed, which plans do not see
    sizes=range(5, 100),  # of three, one that recovers and one that is down are too many
    claims=Claims(
        (
            "process.kill",
            "process.power_loss",
            "net.duplicate",
            "clock",
            "client",
        ),
        max_down=1,
        notices=(
            "process.pause",
            "net",
            "member.dead",
            "member.away",
            "scenario",
            "disk.slow",
            "disk.stall",
        ),
    ),
    bugs=BUGS,
    knobs=KNOBS,
    invariants=ViewstampedInvariants,
    pictures=LOGS,
)
