"""Multi-Paxos: consensus on a log, slot by slot, and a key-value store over it.

The problem (DDIA chapter 9, "Fault-Tolerant Consensus") is that of Raft
(`splitbrain.systems.consensus.raft`), with the same clients and the same promises: one copy of the
data, whatever crashes, as long as a majority of the servers is up and connected.

The idea: decide each slot of a log by itself, with the *synod* (``synod``). A proposer that was
promised all slots from some on leads: a command then takes one exchange with a majority. Slots are
independent. They may be chosen in any order, and have holes between them for a while; what is
applied ends at the first::

    slot        1   2   3   4   5   6
    n1, leader  x=1 y=1 y=2  .  x=9 y=7      votes; the leader asked for all six
    n2          x=1 y=1 y=2  .  x=9  .       chosen: 1, 2, 3 and 5. Applied: up to 3
    n3          x=1  .  y=2  .   .   .       a next leader that asks n2 and n3: 4 is done nothing
                                             with, and 6 is, or n1's value, if n1 answers as well

Sources: Lamport, "The Part-Time Parliament", ACM TOCS 16(2), 1998; Lamport, "Paxos Made Simple",
SIGACT News 32(4), 2001 (cited by section); Chandra, Griesemer and Redstone, "Paxos Made Live",
PODC 2007, for leases (5.2) and snapshots (5.5); van Renesse and Altinbuken, "Paxos Made Moderately
Complex", ACM Computing Surveys 47(3), 2015.

Guarantees: commands and queries are linearizable, and what was acknowledged survives any number of
crashes and power losses, as long as disks keep what they synced. A command that is repeated within
its session is applied once. Progress needs a majority that hears each other; safety needs no timing
at all, but for reads within leases, which ``WITH_LEASES`` has and ``SYSTEM`` has not.

Invariants (``invariants`` watches them from outside at every step of every simulated run):

1. An acceptor's promise never decreases, over any number of crashes, and it votes in no ballot
   before it. Both count only once they are durable.
2. All votes in one slot and ballot are for one value; a ballot has one owner, who uses it once.
3. Once a majority voted for a value in a ballot, votes in later ballots are for it.
4. So no two values are chosen in a slot, and all servers apply the same commands in one order.

Layout: the core has no I/O, no clock and no tasks; ``Paxos.receive``, ``tick`` and ``saved`` (in
``core``) take what happened and return effects. Each server is acceptor (``accepting``), learner
(``learning``) and, at times, proposer (``proposing``, ``reads``) of all slots, over records
(``state``, ``phases``, ``replica``); it asks itself by messages, as it asks the others. What it
decides is in ``rules``. Around it are the shell, the machine and the client that all protocols of
this folder share, and its ``storage``; ``bugs`` has the store with one decision wrong.

Where it differs from the papers: whoever heard a leader lately promises nothing to others, with or
without leases, so that a server that was cut off disturbs nobody; a leader that is refused by such
a server takes a later ballot while a majority still hears it.

Left out: changes of the members, flow control (any number of slots may be open), snapshots in
pieces, getting what is damaged from the others.
"""

from splitbrain.harness.bug import planted
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.consensus.client import StoreClient
from splitbrain.systems.consensus.paxos.bugs import BUGS, BUGS_OF_LEASES
from splitbrain.systems.consensus.paxos.invariants import PaxosInvariants
from splitbrain.systems.consensus.paxos.server import PaxosKV
from splitbrain.systems.consensus.paxos.state import Settings
from splitbrain.systems.consensus.shell import SURVIVES, WALL_CLOCKS
from splitbrain.systems.log_grid import LOGS

_PLACE = "settings."

KNOBS = (
    Knob("heartbeat", 0.03, 0.1, "longest silence of a leader, in seconds", _PLACE + "heartbeat"),
    Knob("election_min", 0.3, 0.4, "least wait for a leader, in seconds", _PLACE + "election_min"),
    Knob("election_max", 0.6, 1.2, "longest wait for one, in seconds", _PLACE + "election_max"),
    # One value a message, each behind an fsync: a new leader would need seconds for what it found.
    Knob("batch", 8, 64, "most values in one message", _PLACE + "batch"),
    Knob(
        "snapshot_every", 4, 128, "slots applied between two snapshots", _PLACE + "snapshot_every"
    ),
    Knob("snapshot_keeps", 0, 32, "slots kept before the snapshot", _PLACE + "snapshot_keeps"),
)

SYSTEM = System(
    name="paxos",
    title="Multi-Paxos with a key-value store over it (chapter 9)",
    server=PaxosKV,
    client=StoreClient,
    workloads=("register", "set", "kv"),
    nodes=5,
    claims=Claims((*SURVIVES, "clock"), notices=("disk.bitrot",)),
    bugs=BUGS,
    knobs=KNOBS,
    invariants=PaxosInvariants,
    pictures=LOGS,
)

_LEASE = Knob("lease", 0.0, 0.25, "how long a leader reads unasked, in seconds", _PLACE + "lease")

WITH_LEASES = System(
    name="paxos-lease",
    title="Multi-Paxos that reads within leases, and so trusts the rates of clocks (chapter 9)",
    server=planted(PaxosKV, settings=Settings(lease=0.2)),
    client=StoreClient,
    workloads=("register", "set", "kv"),
    nodes=5,
    claims=Claims((*SURVIVES, *WALL_CLOCKS, "lease"), assumes=("clock.drift",)),
    bugs=BUGS_OF_LEASES,
    knobs=(*KNOBS, _LEASE),
    invariants=PaxosInvariants,
    pictures=LOGS,
)
