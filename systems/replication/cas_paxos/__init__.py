"""Light transactions in a leaderless store: each row is a register of Paxos, and its homes change.

    client --add 17--> any server:  prepare ballot 5 --> homes of the row   promised, and the latest
                                    accept (5, row + 17) --> homes          value that each accepted

The problem (DDIA chapter 9, "Linearizability and quorums"): quorums alone don't make a
compare-and-set; a leaderless store that has one runs Paxos for each row ("light transactions").
Then servers join and leave, a row has other homes, and a majority of these need not meet one of the
old homes.

The idea: CASPaxos. A change of a row is one round of Paxos: whoever does it asks the homes to
promise that they accept no lesser ballot, takes the value of the greatest ballot that they have
accepted, changes it, and has a majority accept that. Homes change in two steps. First old and new
homes count both, and each round needs a majority of either; when all servers know that, each row is
accepted once more, so that a majority of its new homes has it; then the new ones count alone::

    members   1: a b c            2: a b c and a b d             3: a b d
    a round   2 of a b c          2 of a b c, and 2 of a b d     2 of a b d

Sources: Rystsov, "CASPaxos: Replicated State Machines without logs", 2018, sections 2.2 and 2.3;
Lamport, "Paxos Made Simple", 2001; Ongaro's thesis, section 4.3 (joint consensus).

Guarantees: rows are linearizable, and so no acknowledged element of a set is lost, under any number
of crashes and power losses, partitions and changes of members, as long as disks keep what they
synced. A row can be used while a majority of its homes, of both kinds if there are two, is up;
members change only once every server has heard of it.

Invariants: a promise and an acceptance are durable before they are told; no two rounds have the
same ballot, so it names a server in one of its lives; no acceptor takes part in a round of members
that are older than those it knows; members of any two versions that may have rounds at one time
have majorities that meet.

Layout: ``acceptor`` is what a server keeps, ``server`` does rounds and changes members;
``invariants`` watches the members; ``bugs`` has it with one decision wrong.

Left out: rows that are anything but sets, removal of rows, a second server that changes members.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.replication.cas_paxos.bugs import BUGS
from splitbrain.systems.replication.cas_paxos.invariants import MembersInvariants
from splitbrain.systems.replication.cas_paxos.pictures import HOMES
from splitbrain.systems.replication.cas_paxos.server import CasPaxosServer
from splitbrain.systems.set_client import SetClient

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("resend", 0.03, 0.3, "time until a round is begun anew, in seconds", "resend_s"),
    Knob("rows", 1, 6, "rows that the set is kept in", "rows"),
)

SYSTEM = System(
    name="light-transactions",
    title="rows of a leaderless store, each a register of Paxos, whose homes change (chapter 9)",
    server=CasPaxosServer,
    client=SetClient,
    workloads=("changing-set",),
    claims=Claims(
        (
            *("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
            *("member.add", "member.remove", "member.replace"),
        ),
        max_down="all",
    ),
    nodes=5,
    sizes=range(3, 10),
    bugs=BUGS,
    knobs=KNOBS,
    invariants=MembersInvariants,
    pictures=(HOMES,),
)
