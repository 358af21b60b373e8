"""A set whose elements are placed on a consistent-hash ring, while nodes come and go.

    add 17 --> any server --store--> n3, n1      the next two nodes clockwise from hash(17)
                                     n3 leaves:  n1, n2 are the next two: n1 or n3 sends 17 to n2,
                                                 and n3 forgets it once both have it

The problem (DDIA chapter 6, "Rebalancing Partitions"): when nodes come and go, few elements should
move, to nowhere but where they must; every server has to find the same owners by itself; copies
have to be on different machines, though each machine stands at many points of the ring; and no
machine should have much more than the others.

The idea: who the *members* are is a list in numbered versions, which the first server keeps and
tells. All else follows: each server makes the ring of the members, and of the ring the owners of
each of 64 slots, into which elements fall; a slot whose member has as many as its bound says goes
on clockwise. It stores an element with its owners, and sends on what it has and does not own. It
forgets an element only when all that own it now have said that they have it, durably. Elements are
never changed, so no more is needed.

Sources: Karger et al., "Consistent Hashing and Random Trees", STOC 1997; DeCandia et al., "Dynamo",
SOSP 2007, sections 4.2 (virtual nodes) and 4.3 (the preference list has distinct nodes); Mirrokni,
Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018.

Guarantees: no acknowledged element is lost under any number of crashes and power losses, partitions
and changes of the members, as long as disks keep what they synced and every server comes back.
Reads may miss what is just being moved. Every two servers that know the same members place every
element alike, on as many different members as there are to be copies; no member is the first owner
of more than its bound, a setting in times of its share, rounded up; a slot is elsewhere than the
ring says only if its member has that many; and when a member comes or goes, slots that are where
the ring says move only to or from it.

Invariants: an element is told as stored once it is durable at all of its owners; an element is
forgotten only by who does not own it, and once all who do have said so.

Layout: ``server`` is all servers do, ``storage`` what it has on disk; ``bugs`` has
it with one decision wrong, ``summary`` the ring as sketched. The ring is
`splitbrain.systems.partitioning.ring`.

Left out: values that change (the leaderless store has them), members that are never seen again:
what the last one alone had is gone with it, as members may leave until there is one.
"""

from splitbrain.checkers.invariants.placements import placement
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.partitioning.ring_store.bugs import BUGS
from splitbrain.systems.partitioning.ring_store.pictures import RING
from splitbrain.systems.partitioning.ring_store.server import RingStoreServer
from splitbrain.systems.set_client import SetClient

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("copies", 1, 3, "servers that have an element"),
    Knob("virtual", 64, 256, "points of a member on the ring"),
    Knob(
        "bound", 1.05, 2.0, "most slots that a member is the first owner of, in times of its share"
    ),
    Knob("tick", 0.05, 0.5, "time between looks at what has to move, in seconds", "tick_s"),
)

SYSTEM = System(
    name="ring-store",
    title="a set on a consistent-hash ring whose nodes come and go (chapter 6)",
    server=RingStoreServer,
    client=SetClient,
    workloads=("changing-set",),
    claims=Claims(
        (
            *("process", "net", "clock", "change", "disk.slow", "disk.stall", "client", "scenario"),
            *("member.add", "member.remove", "member.replace"),
        ),
        max_down="all",
        assumes=("member.dead", "member.away"),
    ),
    checkers=(placement(),),
    nodes=5,
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(RING,),
)
