"""Total-order broadcast over Raft or Paxos, and what chapter 9 builds on it.

    client --broadcast m--> leader --log--> n1: a b m     positions 0, 1, 2
                                            n2: a b       behind: a prefix, never anything else
    client --what comes after 1?--> n2, or any other server

The problem (DDIA chapter 9, "Total Order Broadcast"): messages are to be delivered to all nodes,
all of them, and in the same order, though nodes crash and the network fails. The order is fixed
when a message is delivered: nothing is put before it afterwards, as by timestamps it would be.

The idea: a log that servers agree on *is* such an order. What a server delivers are the entries
that it has applied, and a message's position is how many were delivered before it. Consensus on a
log, slot by slot, is Raft's or Paxos's work; a client's session makes a message that is sent again
one.

What can be built on it needs nothing else of the servers. Whoever knows what was delivered up to a
position knows the state of everything there (``objects``), so clients find it out by themselves:

* a **linearizable register**: a write is a message; a read asks the leader for the position that
  it has to see, hears of the messages up to it from any server, and looks; compare-and-set is a
  message, too, and did what the messages before it say;
* **unique names**: a claim is a message; the first claim of a name has it;
* **a lock with fencing tokens**: an acquire is a message; it got the lock if that was free there,
  and its position is its token: who comes later has a greater one;
* **identifiers**: positions are unique.

Sources: Hadzilacos and Toueg, "A Modular Approach to Fault-Tolerant Broadcasts and Related
Problems", Cornell TR 94-1425, 1994; Schneider, "Implementing Fault-Tolerant Services Using the
State Machine Approach", ACM Computing Surveys 22(4), 1990; Hunt et al., "ZooKeeper", USENIX ATC
2010 (``sync`` before a read; ``zxid`` as a token); Kleppmann, "Designing Data-Intensive
Applications", 2017, chapter 9, "Implementing linearizable storage using total order broadcast".

Guarantees, under what Raft or Paxos survives: reliable, totally ordered, FIFO and causal broadcast
(`splitbrain.checkers.broadcast.orders`), also of messages whose sender crashed; registers, names
and the lock are linearizable, tokens grow. A lock is its owner's until it gives it back: the owner,
a host, gets it again, with a greater token, if it asks again.

Invariants: those of the log (``RaftInvariants``, ``PaxosInvariants``), and: a server's deliveries
only grow within a life, and are a prefix of every longer server's.

Layout: ``delivering`` is what a server does besides consensus, ``objects`` what messages amount to,
``client`` sends messages and finds out; ``bugs`` has these with one decision wrong.

Left out: forgetting old messages: the log is the state, and a snapshot has all of it.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.consensus.broadcast.bugs import BUGS, BUGS_OVER_PAXOS
from splitbrain.systems.consensus.broadcast.client import BroadcastClient
from splitbrain.systems.consensus.broadcast.delivering import OverPaxos, OverRaft
from splitbrain.systems.consensus.paxos.invariants import PaxosInvariants
from splitbrain.systems.consensus.raft.invariants import RaftInvariants
from splitbrain.systems.consensus.shell import SURVIVES
from splitbrain.systems.log_grid import LOGS

__all__ = ["OVER_PAXOS", "SYSTEM"]

_WORKLOADS = ("broadcast", "names", "register", "fenced-lock", "unique-ids")
_CLAIMS = Claims((*SURVIVES, "clock"), notices=("disk.bitrot",))
_SNAPSHOTS = (
    Knob(
        "snapshot_every",
        8,
        128,
        "entries applied between two snapshots",
        "settings.snapshot_every",
    ),
    Knob("snapshot_keeps", 0, 32, "entries kept before the snapshot", "settings.snapshot_keeps"),
)

SYSTEM = System(
    name="broadcast",
    title="total-order broadcast over Raft, and what is built on it (chapter 9)",
    server=OverRaft,
    client=BroadcastClient,
    workloads=_WORKLOADS,
    claims=_CLAIMS,
    bugs=BUGS,
    knobs=_SNAPSHOTS,
    invariants=RaftInvariants,
    pictures=LOGS,
)

OVER_PAXOS = System(
    name="broadcast-paxos",
    title="total-order broadcast over Multi-Paxos, and what is built on it (chapter 9)",
    server=OverPaxos,
    client=BroadcastClient,
    workloads=_WORKLOADS[:2],
    claims=_CLAIMS,
    bugs=BUGS_OVER_PAXOS,
    knobs=_SNAPSHOTS,
    invariants=PaxosInvariants,
)
