"""A leaderless store with siblings, after Dynamo: quorums, read repair, hinted handoff.

The problem (DDIA chapter 5, "Leaderless Replication"): any server takes writes, so two clients may
write a key at once and neither knows of the other. A store that keeps the later one silently drops
the other; one that keeps both must know which of its values were written by somebody who had read
which, or carts fill with what was taken out of them.

The idea: the homes of a key, three servers by rendezvous hashing, each keep the *siblings*: the
values that nobody who had read them has replaced. A read merges what most homes answer, and gives
with the values a *context* of all that they rest on; a write sends the context back, and replaces
what it covers. Which write a value is from is told by its *dot*, apart from the context, so that
writes through one server at once do not pass for one after the other::

    client a   write(milk)            -> {a1: milk}           context {}
    client b   write(eggs)            -> {a1: milk, a2: eggs}     neither had read the other
    client a   read -> milk, eggs        context {a: 2}
    client a   write(flour, {a: 2})   -> {a3: flour}              both are replaced

Every server coordinates for the clients that ask it. What a home missed it is told when it answers
a read behind the others (read repair) and when homes compare (anti-entropy, by Merkle trees).

In a **sloppy** quorum (``leaderless-sloppy``) other servers stand in for homes that are silent:
they keep hints, which count as acknowledged, until the home has them. One answer is enough there
(Dynamo's w = 1, Cassandra's ANY): writes go on while any server can be reached, and reads may miss
them until the hints are handed over.

Sources: DeCandia et al., "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007; Preguiça,
Baquero, Almeida, Fonte and Gonçalves, "Dotted Version Vectors", 2012.

Guarantees: no acknowledged value goes but by a write or a removal of somebody who had read it,
under crashes and power losses, as long as disks keep what they synced and every server comes back;
homes converge, and then no more is sent to repair them. Without sloppiness each read shows what was
acknowledged before it began; it is not linearizable, as a write in progress may show in one read
and not in the next.

Invariants:

1. No cell has a dot without having seen the earlier ones of its actor (see ``siblings``).
2. A replica says that it keeps a cell only once it is durable there.
3. No two writes have the same dot: an actor is a coordinator in one of its lives, which are counted
   durably, and a repeated request is not done twice.
4. A hint is kept until its home has acknowledged it: what may have been acknowledged is known to
   some server at every moment, which is watched (see ``invariants``).

Layout: ``siblings`` is the arithmetic of cells, ``splitbrain.systems.partitioning.rendezvous``
says who is at home, ``merkle`` compares homes, ``storage`` keeps cells and hints on disk,
``server`` is replica and coordinator, ``client`` asks, ``invariants`` watches; ``bugs`` has the
servers with one decision wrong.

Left out: of a removed key its context stays for good, as no time of grace is safe in a system
without bounds on time; with some, ``leaderless-grace`` forgets it (``grace``, LL-05). Contexts grow
with the lives of coordinators; trees are made anew for each comparison; membership is fixed.
"""

from splitbrain.checkers.convergence import no_lost_concurrent_write, repair_ends
from splitbrain.harness.bug import planted
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.replication.leaderless.bugs import BUGS, GRACE_BUGS, SLOPPY_BUGS
from splitbrain.systems.replication.leaderless.client import LeaderlessClient
from splitbrain.systems.replication.leaderless.grace import GraceServer
from splitbrain.systems.replication.leaderless.invariants import KeptWrites
from splitbrain.systems.replication.leaderless.server import LeaderlessServer
from splitbrain.systems.replication.quorums import QUORUMS

__all__ = ["GRACE", "SLOPPY", "SYSTEM"]

KNOBS = (
    Knob("resend", 0.05, 0.5, "time until the silent are asked again, in seconds", "resend_s"),
    Knob(
        "patience",
        0.4,
        3.0,
        "time until a coordinator gives an operation up, in seconds",
        "patience_s",
    ),
    Knob("repair", 0.1, 0.6, "time between comparisons of homes, in seconds", "repair_s"),
    Knob("tree_depth", 1, 8, "how often the circle of keys is halved to compare homes"),
    Knob("compact_at", 3, 1_000, "records in the log before it is written anew", "compact_at"),
)

QUORUM_KNOBS = (
    *KNOBS,
    Knob("copies", 2, 5, "homes of a key: n"),
    Knob("write_quorum", 1, 5, "answers that a write needs: w; a read needs n - w + 1"),
)

SLOPPY_KNOBS = (
    *KNOBS,
    # With as many as servers nobody could stand in; with more answers, homes must be among them.
    Knob("copies", 2, 3, "homes of a key: n, fewer than there are servers"),
    Knob("write_quorum", 1, 2, "answers that a write needs: w; a read needs n - w + 1"),
)

CLAIMS = Claims(("process", "net", "clock", "disk.slow", "disk.stall", "client"), max_down="all")

SYSTEM = System(
    name="leaderless",
    title="a leaderless store with siblings and strict quorums (chapter 5)",
    server=LeaderlessServer,
    client=LeaderlessClient,
    workloads=("siblings",),
    claims=CLAIMS,
    checkers=(no_lost_concurrent_write(current=True), repair_ends()),
    nodes=5,
    bugs=BUGS,
    knobs=QUORUM_KNOBS,
    invariants=KeptWrites,
    pictures=(QUORUMS,),
)

SLOPPY = System(
    name="leaderless-sloppy",
    title="a leaderless store with siblings, sloppy quorums and hints (chapter 5)",
    server=planted(LeaderlessServer, sloppy=True, write_quorum=1),
    client=LeaderlessClient,
    workloads=("siblings",),
    claims=CLAIMS,
    checkers=(repair_ends(),),
    nodes=5,
    sizes=range(4, 8),
    bugs=SLOPPY_BUGS,
    knobs=SLOPPY_KNOBS,
    invariants=KeptWrites,
    pictures=(QUORUMS,),
)

GRACE = System(
    name="leaderless-grace",
    title="a leaderless store that forgets removed keys after a time of grace (chapter 5)",
    server=GraceServer,
    client=LeaderlessClient,
    workloads=("siblings",),
    claims=Claims(
        (
            "process.kill",
            "process.power_loss",
            "member.away",
            "net.partition",
            "net.partition_oneway",
            "net.loss",
            "net.duplicate",
            "clock.bump",
            "disk.slow",
            "client",
        ),
        max_down="all",
        assumes=("process.pause", "net.latency", "net.bandwidth", "clock.drift"),
    ),
    checkers=(no_lost_concurrent_write(current=True), repair_ends()),
    nodes=5,
    bugs=GRACE_BUGS,
    knobs=(*KNOBS, Knob("grace", 0.5, 5.0, "time of grace for tombstones, in seconds", "grace_s")),
    pictures=(QUORUMS,),
)
