"""Friends are notified of posts: one log in one order, and bytes that are checked end to end.

    unfriend u1 u2 ─► log n1  .. 41 befriend u1 u3 | 42 unfriend u1 u2 | 43 post u1 #7   d43
    then post #7              each with a digest of all before it                │
                                          view n2: friends of u1 = {u3} at 43: notify u3 of #7

The problem (DDIA chapter 12): a user ends a friendship, and then posts something that the former
friend shall not see. If friendships and posts are two topics, whoever joins them may read the
second before the first, though each came in order. And what is derived from a log is as good as
what the disk gives back of it: hardware does lie, and nobody notices unless somebody looks.

The idea: what depends on each other goes through one log, whose order is that of causes and
effects. Every entry has a digest of all before it, and who reads the log checks it from end to end,
not only where it was written and sent. Views derive what they have anew, again and again, so that
what rots is found soon; a view that is given something else stops.

Sources: DDIA chapter 12, "Ordering events to capture causality", "Trust, but Verify"; Saltzer, Reed
and Clark 1984; Merkle 1987 (trees of hashes; a chain is the least of them).

Guarantees: of each post those are notified, once, who were the user's friends at its position,
under any number of crashes and power losses of any servers. If bits of the log rot, that is
noticed: then nobody gets an answer, but nobody a wrong one.

Invariants: see ``Log`` and ``View``.

Layout: ``entries`` are the bytes, ``log`` and ``view`` the servers, ``client`` the users; ``bugs``
has them with one decision wrong.

Left out: mending what is damaged from a copy elsewhere.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.end_to_end.notifications.bugs import BUGS
from splitbrain.systems.end_to_end.notifications.client import FriendsClient
from splitbrain.systems.end_to_end.notifications.servers import NotificationServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="notifications",
    title="friends notified of posts from one log that is checked end to end (chapter 12)",
    server=NotificationServer,
    client=FriendsClient,
    workloads=("friends",),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
        notices=("disk.bitrot",),
    ),
    sizes=range(2, 10),
    bugs=BUGS,
    knobs=(
        Knob("batch", 4, 32, "most entries in a message", "log.batch"),
        Knob("audit", 0.1, 2.0, "seconds between two audits of a view", "view.audit_s"),
    ),
)
