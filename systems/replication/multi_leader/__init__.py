"""Multi-leader replication: every server takes writes, and they tell each other later.

The problem (DDIA chapter 5, "Multi-Leader Replication"): with a leader in each place a write need
not wait for another place, and goes on when the way there is cut. The price is that two leaders
write the same thing at once, and that changes travel by several ways: round in circles, past a
leader that is down, and an answer before its question (figures 5-8 and 5-9).

The idea: a change has a number of its origin, and names what it rests on and what it replaces
(``changes``). A leader says what it has seen, a version vector, and is sent what it lacks: so
nothing is taken twice, whatever the ways. It takes a change only after those that it rests on::

    n1   asks: 1                         n1/1:1 needs nothing
    n2   hears it, answers: 2            n2/1:1 needs n1/1:1
    n3   hears 2 first: not yet          lacks n1/1:1
    n3   hears 1, and then 2             both are shown

Who asks whom is the *topology* (``topologies``): all to all, a ring, a star. Each goes round
leaders that are silent. Who has been away for so long that the changes are not kept any more is
sent a whole copy, and merges it.

Conflicts, by the kind of a cell: what was written at once is kept side by side, as *siblings*,
until somebody who has read them writes something in their place; or the *last write wins*, by
hybrid logical clocks, so that a write always wins over those that its leader had heard of; or
siblings are *merged* when they are read, as a counter's shares are added, or by a function of the
user's (``multi-leader-carts``: shopping carts). Or there is none, as all
changes of one thing go to one leader, which bookings need, or take numbers that no other leader
gives out.

Sources: Petersen and others, "Flexible Update Propagation for Weakly Consistent Replication", SOSP
1997 (Bayou); Terry and others, "Session Guarantees for Weakly Consistent Replicated Data", PDIS
1994; Kulkarni and others, "Logical Physical Clocks", OPODIS 2014.

Guarantees, under crashes, power losses, partitions, and messages lost, late or repeated, as long as
disks keep what they synced: a write is acknowledged by one leader alone, durably; every client
sees a causally consistent history, at whichever leaders; leaders that have seen the same changes
are equal, and all have all in the end, if all come back. If a minority never does, what they alone
had is lost, and the others go on and agree.

Invariants:

1. No two changes have one number of one origin: an origin is a leader in one of its lives, which
   are counted durably.
2. A copy's vector is closed: of each origin it has all changes up to that one, and of each change
   all that it needs.
3. A change replaces only what its origin had seen (a client writes where what it has seen is).
4. What is shown, to clients and leaders, is durable.

Layout: ``changes`` is a leader's copy and its arithmetic, ``topologies`` says who asks whom,
``storage`` keeps the copy on disk, ``server`` is a leader, ``client`` remembers what it has seen;
``bugs`` has leaders with one decision wrong.

Left out: transactions over several cells; vectors grow with the lives of leaders, and requests are
remembered for good; a client that needs what only a silent leader has waits for it, or is refused.
"""

from splitbrain.harness.bug import planted
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.replication.carts import put_together
from splitbrain.systems.replication.heard import HEARD
from splitbrain.systems.replication.multi_leader.bugs import (
    BUGS,
    CART_BUGS,
    MERGING_BUGS,
    RING_BUGS,
)
from splitbrain.systems.replication.multi_leader.client import (
    CartClient,
    MergingClient,
    MultiLeaderClient,
)
from splitbrain.systems.replication.multi_leader.server import MultiLeaderServer, merging_by
from splitbrain.systems.replication.multi_leader.topologies import Ring, Star

__all__ = ["CARTS", "MERGING", "RING", "STAR", "SYSTEM"]

KNOBS = (
    Knob("pull", 0.02, 0.5, "time between askings for changes, in seconds", "pull_s"),
    Knob("suspect", 0.3, 3.0, "time until a leader counts as silent, in seconds", "suspect_s"),
    Knob("batch", 1, 50, "most changes in one message", "batch"),
    Knob("keep", 1, 200, "changes that are kept for leaders that lack them", "keep"),
    Knob("compact_at", 3, 1_000, "records in the log before it is written anew", "compact_at"),
)

CLAIMS = Claims(
    ("process", "net", "clock", "member.dead", "member.away", "disk.slow", "disk.stall", "client"),
    max_down="all",
)

SYSTEM = System(
    name="multi-leader",
    title="multi-leader replication, all to all (chapter 5)",
    server=MultiLeaderServer,
    client=MultiLeaderClient,
    workloads=("messages", "siblings", "booking", "unique-ids"),
    claims=CLAIMS,
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(HEARD,),
)

RING = System(
    name="multi-leader-ring",
    title="multi-leader replication in a ring (chapter 5)",
    server=planted(MultiLeaderServer, topology=Ring()),
    client=MultiLeaderClient,
    workloads=("messages",),
    claims=CLAIMS,
    nodes=5,
    bugs=RING_BUGS,
    knobs=KNOBS,
    pictures=(HEARD,),
)

STAR = System(
    name="multi-leader-star",
    title="multi-leader replication in a star (chapter 5)",
    server=planted(MultiLeaderServer, topology=Star()),
    client=MultiLeaderClient,
    workloads=("messages",),
    claims=CLAIMS,
    nodes=4,
    knobs=KNOBS,
    pictures=(HEARD,),
)

MERGING = System(
    name="multi-leader-merging",
    title="multi-leader replication that resolves conflicts: last write wins, merges (chapter 5)",
    server=MultiLeaderServer,
    client=MergingClient,
    workloads=("crdt",),
    claims=Claims((*CLAIMS.kinds, "stamp"), max_down="all"),
    bugs=MERGING_BUGS,
    knobs=KNOBS,
    pictures=(HEARD,),
)

CARTS = System(
    name="multi-leader-carts",
    title="multi-leader replication whose user merges shopping carts (chapter 5)",
    server=merging_by(put_together),
    client=CartClient,
    workloads=("shopping-cart",),
    claims=Claims(
        tuple(kind for kind in CLAIMS.kinds if not kind.startswith("member.")), max_down="all"
    ),
    bugs=CART_BUGS,
    knobs=KNOBS,
    pictures=(HEARD,),
)
