"""Conflict-free replicated data types, and servers that gossip them.

The problem (DDIA chapter 5, "Handling Write Conflicts"): where every replica takes writes, two of
them meet writes in different orders. Resolving conflicts by hand goes wrong; resolving them by
whichever came last loses writes and, done carelessly, leaves replicas different for good.

The idea: a type whose states have a *merge* that is commutative, associative and idempotent, and
whose updates only ever add to what is known. Then replicas that have seen the same updates are
equal, whatever the order, and however often they heard (*strong eventual consistency*). Removal is
the hard part: one must be able to tell what was removed from what has not arrived yet::

    n1   add(x)  ->  {x by n1:1}   seen n1:1
    n2   hears n1, removes x       {}            seen n1:1     <- n1:1 is covered and not there:
    n1   hears n2                  {}            seen n1:1        removed, without a tombstone
    n3   add(x) meanwhile          {x by n3:1}   seen n3:1     <- no remover had seen this one

The types, all of them values that are never changed: ``counters`` (G-counter, PN-counter),
``registers`` (last write wins; all values written at once), ``sets`` (observed-remove, without
tombstones and with), ``maps`` (key by key), ``text`` (replicated growable array).

The systems: each server has a document of a set, a counter, a register, a text and a map, takes
updates and reads alone, and tells the others now and then: its whole document (``crdts``,
state-based; ``crdts-map`` is its map, of registers that keep all that was written at once,
``crdts-counter`` a counter that only grows, and ``crdts-tombstones`` has a set with tombstones), or
what is new in it since they acknowledged (``crdts-delta``)::

    n1   add(x), add(y)      deltas 1, 2
         to n2, n3:  1..2 joined          n2:  heard, all before 3      n3:  (lost)
    n1   add(z)              delta 3
         to n2:  3       to n3:  1..3 joined: nothing that 3 builds on is missing there

Sources: Shapiro, Preguiça, Baquero and Zawirski, "Conflict-free Replicated Data Types", SSS 2011,
and INRIA RR-7506; Almeida, Shoker and Baquero, "Delta State Replicated Data Types", JPDC 111, 2018;
the types name theirs.

Guarantees: any two reads that have seen the same updates are equal; acknowledged updates are never
lost, and in the end every server has all, under crashes, power losses, partitions, and messages
lost, late or repeated, as long as disks keep what they synced and every server comes back.

Invariants:

1. No two updates have one number of one actor: an actor is a server in one of its lives.
2. A document has all updates of an actor up to the number that it has seen.
3. An update is acknowledged once it is durable at one server, and told to others no sooner.
4. A delta is merged only where all is that its sender had when the delta began; it is acknowledged
   once it is durable.
5. An erased letter is forgotten only when all servers have it erased, durably, all is here that any
   had typed before that, and nothing stands behind it; a tombstone of the set when all have it,
   durably, and all is here that any had told before. From then on no message is merged that has
   nothing new.

Layout: beside the types, ``document`` puts them together, ``storage`` keeps it on disk, ``server``
gossips, ``client`` asks, ``stability`` says what may be forgotten, ``tombstones`` what of the set.
Of deltas, ``dotted`` is the set, ``intervals`` says what is new to whom, ``delta_server`` sends
that. ``bugs``, ``delta_bugs`` and ``tombstone_bugs`` have types and servers with one decision
wrong.

Operations over a causal broadcast are ``multi-leader-merging``. What was removed from the set is
forgotten at once, which its context makes safe; tombstones alone could not be (ML-09), and wait
until that is stable (ML-09-MAJORITY, ML-09-LATE). A letter that was erased is forgotten once that
is stable (ML-09-TEXT), and kept while others stand behind it. Left out: keys of the map are never
taken out; what contexts and counters know of actors grows with the lives of servers.
"""

from dataclasses import replace

from splitbrain.harness.bug import planted
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.replication.crdts.bugs import BUGS, MAP_BUGS
from splitbrain.systems.replication.crdts.client import (
    CrdtClient,
    GrowingCounterClient,
    MapClient,
)
from splitbrain.systems.replication.crdts.counters import GCounter
from splitbrain.systems.replication.crdts.delta_bugs import DELTA_BUGS
from splitbrain.systems.replication.crdts.delta_server import DeltaServer
from splitbrain.systems.replication.crdts.document import Types
from splitbrain.systems.replication.crdts.pictures import REPLICAS
from splitbrain.systems.replication.crdts.server import GossipServer
from splitbrain.systems.replication.crdts.tombstone_bugs import COUNTER_BUGS, TOMBSTONE_BUGS
from splitbrain.systems.replication.crdts.tombstones import TombstoneTypes
from splitbrain.systems.replication.heard import HEARD

__all__ = ["COUNTER", "DELTA", "MAP", "SYSTEM", "TOMBSTONES"]

KNOBS = (
    Knob("gossip", 0.02, 0.5, "time between tellings, in seconds", "gossip_s"),
    Knob("compact_at", 3, 500, "records in the log before it is written anew", "compact_at"),
)

CLAIMS = Claims(
    ("process", "net", "clock", "disk.slow", "disk.stall", "client"),
    max_down="all",
)

STAMPED_CLAIMS = replace(CLAIMS, kinds=(*CLAIMS.kinds, "stamp"))
"""Of those with a register, whose last write wins: clocks aimed at it, too."""

SYSTEM = System(
    name="crdts",
    title="replicated data types that are merged: set, counter, register, text (chapter 5)",
    server=GossipServer,
    client=CrdtClient,
    workloads=("crdt", "text"),
    claims=STAMPED_CLAIMS,
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(REPLICAS, HEARD),
)

MAP = replace(
    SYSTEM,
    name="crdts-map",
    title="a map that is merged, of registers that keep what was written at once (chapter 5)",
    client=MapClient,
    workloads=("siblings",),
    claims=CLAIMS,
    bugs=MAP_BUGS,
)

TOMBSTONES = replace(
    SYSTEM,
    name="crdts-tombstones",
    title="a set with tombstones, which are forgotten once that is safe (chapter 5)",
    server=planted(GossipServer, types_class=TombstoneTypes),
    workloads=("crdt",),
    bugs=TOMBSTONE_BUGS,
)

COUNTER = replace(
    SYSTEM,
    name="crdts-counter",
    title="a counter that only grows, of one count for each replica (chapter 5)",
    server=planted(GossipServer, types_class=planted(Types, counter_type=GCounter)),
    client=GrowingCounterClient,
    workloads=("eventual-counter",),
    claims=CLAIMS,
    bugs=COUNTER_BUGS,
)

DELTA = System(
    name="crdts-delta",
    title="replicated data types of which what is new is told: deltas (chapter 5)",
    server=DeltaServer,
    client=CrdtClient,
    workloads=SYSTEM.workloads,
    claims=SYSTEM.claims,
    bugs=DELTA_BUGS,
    knobs=(*KNOBS, Knob("keep_deltas", 1, 200, "most deltas that are kept for who lacks them")),
    pictures=(REPLICAS, HEARD),
)
