"""Raft: consensus by a replicated log, as a pure core, and a key-value store over it.

The problem (DDIA chapter 9, "Consistency and Consensus"): several servers are to act as one that
doesn't fail. Clients see a single copy of the data, every operation takes effect at one moment
between its invocation and its answer (linearizability), and it goes on while a majority of the
servers is up and connected. Messages are lost, delayed, repeated and reordered; servers crash,
lose power, pause and come back; clocks disagree.

The idea: agree on a *log* of commands, one entry after the other, and let each server apply it to
its copy of a deterministic state machine. In each *term* at most one server is leader; it alone
appends, and an entry that a majority holds durably is *committed*::

    term        1   1   1   2   3   3
    leader  n1  x=3 y=1 y=9 nop x=0 y=7
            n2  x=3 y=1 y=9 nop x=0           <- committed up to 5:
            n3  x=3 y=1 y=9 nop x=0              two of three hold it
                                    ^ not yet

Sources: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended
Version)", from USENIX ATC 2014 ("the paper", cited by section and figure); Ongaro, "Consensus:
Bridging Theory and Practice", Stanford 2014 ("the thesis").

Guarantees: commands and queries are linearizable, and a command that was acknowledged survives any
number of crashes and power losses, as long as disks keep what they synced. A command that is
repeated within its session is applied once. Progress needs a majority that hears each other within
an election timeout; safety needs no timing at all, but for reads within leases, which
``WITH_LEASES`` has and ``SYSTEM`` has not.

Invariants (figure 3; ``invariants`` watches them from outside at every step of every simulated run,
``tests/systems/consensus`` in random schedules):

1. Election safety: at most one leader a term.
2. Leader append-only: a leader never removes or changes entries of its log.
3. Log matching: if two logs hold the same term at an index, they are equal up to that index.
4. Leader completeness: a committed entry is in the log of every leader of a later term.
5. State machine safety: no two servers apply different commands at the same index.
6. Nobody relies on what is not durable: a vote, an acknowledgement or one's own copy counts only
   after its save.
7. Term, commit index and applied index never decrease within an incarnation.

Layout: the core has no I/O, no clock and no tasks. ``Raft.receive``, ``tick`` and ``saved`` (in
``core``) take what happened and return effects, in order. ``messages`` and ``effects`` are its
whole vocabulary. What a server is stands in records: ``state`` (ballot, timer, and the whole),
``phases`` (what a role adds), ``replica`` over ``log`` (the data), ``configuration`` (who decides),
``outbox`` (what is to be done). What it does are functions over these: ``election``, ``leading``,
``following``, ``committing``, ``reads``, ``handing_over``, ``membership``, ``roles``; what it
decides is in ``rules``. Around it are what all protocols of this folder share, the shell and the
state machine (``splitbrain.systems.consensus``: ``shell``, ``sessions`` over ``kv``), and its
``storage``; ``bugs`` has the store with one decision wrong. ``specification`` has the actions of
the published TLA+ specification, and holds a running server to them.

A disk that is slow, full or fails at one server concerns that server alone, which begins anew when
the disk works again; one that was altered ends it, for a damaged log is not a short one. Members
change one voter at a time or, by a joint configuration, any at once (section 6).

Left out: getting what is damaged from the others (Protocol-Aware Recovery), telling whether a new
voter has caught up. A leader whose disk stands still goes on sending heartbeats.
"""

from splitbrain.checkers.invariants.quorums import quorum_overlap
from splitbrain.harness.bug import planted
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.consensus.raft.bugs import BUGS, BUGS_OF_CHANGES, BUGS_OF_LEASES
from splitbrain.systems.consensus.raft.client import RaftClient
from splitbrain.systems.consensus.raft.core import Raft
from splitbrain.systems.consensus.raft.effects import NOTHING_STORED, Effect, Stored
from splitbrain.systems.consensus.raft.invariants import RaftInvariants
from splitbrain.systems.consensus.raft.pictures import LEASES
from splitbrain.systems.consensus.raft.server import CountedKV, RaftKV
from splitbrain.systems.consensus.raft.state import Settings
from splitbrain.systems.consensus.sessions import Sessions
from splitbrain.systems.consensus.shell import SURVIVES, WALL_CLOCKS
from splitbrain.systems.log_grid import LOGS

__all__ = [
    "NOTHING_STORED",
    "SYSTEM",
    "WITH_CHANGES",
    "WITH_LEASES",
    "Effect",
    "Raft",
    "RaftClient",
    "RaftKV",
    "Sessions",
    "Settings",
    "Stored",
]

_PLACE = "settings."

KNOBS = (
    Knob("heartbeat", 0.03, 0.1, "longest silence of a leader, in seconds", _PLACE + "heartbeat"),
    Knob("election_min", 0.3, 0.4, "least wait for a leader, in seconds", _PLACE + "election_min"),
    Knob("election_max", 0.6, 1.2, "longest wait for one, in seconds", _PLACE + "election_max"),
    Knob("batch", 1, 64, "most entries in one AppendEntries", _PLACE + "batch"),
    Knob(
        "snapshot_every", 4, 128, "entries applied between two snapshots", _PLACE + "snapshot_every"
    ),
    Knob("snapshot_keeps", 0, 32, "entries kept before the snapshot", _PLACE + "snapshot_keeps"),
    Knob("chunk", 256, 65536, "most bytes of a snapshot in one message", _PLACE + "chunk"),
    Knob("window", 1, 8, "most messages under way to one follower", _PLACE + "window"),
    Knob("pre_vote", 0, 1, "1: servers ask before they campaign", _PLACE + "pre_vote"),
)

_LEASE = Knob("lease", 0.0, 0.25, "how long a leader reads unasked, in seconds", _PLACE + "lease")

SYSTEM = System(
    name="raft",
    title="Raft with a key-value store over it (chapter 9)",
    server=RaftKV,
    client=RaftClient,
    workloads=("register", "set", "kv"),
    nodes=5,
    claims=Claims((*SURVIVES, "clock"), notices=("disk.bitrot",)),
    bugs=BUGS,
    knobs=KNOBS,
    invariants=RaftInvariants,
    pictures=LOGS,
)

WITH_CHANGES = System(
    name="raft-members",
    title="Raft whose members change, and whose leaders hand over (chapter 9)",
    server=planted(CountedKV, settings=Settings(members=3)),
    client=RaftClient,
    workloads=("changing-set",),
    nodes=5,
    claims=Claims(
        (
            *(kind for kind in SURVIVES if not kind.startswith("member.")),
            *("member.add", "member.remove", "member.replace", "member.contested"),
            "leader.transfer",
            "clock",
        ),
        notices=("disk.bitrot",),
    ),
    checkers=(quorum_overlap(),),
    bugs=BUGS_OF_CHANGES,
    knobs=(
        *(knob for knob in KNOBS if knob.name != "pre_vote"),
        Knob("members", 2, 5, "how many servers are members at first", _PLACE + "members"),
    ),
    invariants=RaftInvariants,
    pictures=LOGS,
)

WITH_LEASES = System(
    name="raft-lease",
    title="Raft that reads within leases, and so trusts the rates of clocks (chapter 9)",
    server=planted(RaftKV, settings=Settings(lease=0.2)),
    client=RaftClient,
    workloads=("register", "set", "kv"),
    nodes=5,
    claims=Claims((*SURVIVES, *WALL_CLOCKS, "lease"), assumes=("clock.drift",)),
    bugs=BUGS_OF_LEASES,
    knobs=(*(knob for knob in KNOBS if knob.name != "pre_vote"), _LEASE),
    invariants=RaftInvariants,
    pictures=(LEASES, *LOGS),
)
