"""Gossip membership: who is there, by SWIM with incarnations and suspicion.

    n1 --ping--> n3            no answer in time
    n1 --ping-req--> n2, n4    could you ask n3 for me?
    n1: n3 is suspect (5)      told with every message from now on
    n3: I am alive (6)         if it hears of that in time; else it is declared dead

The problem (DDIA chapter 8, "Detecting Faults"): no node can tell whether another is dead or slow,
or whether the network is; and if each finds out by itself, no two agree. Whoever is declared dead
may be serving still.

The idea: failures are detected by random probes, at the same cost for every member; what one finds
out is told with the messages that are sent anyway. A first silence is no proof: others are asked,
and a member is *suspected* for a while before it is declared dead. It refutes that by announcing
itself with a greater *incarnation*, a number that nobody else may raise: so every two statements
about a member have an order, and all tables end up the same, whatever order messages come in.

Sources: Das, Gupta and Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process Group
Membership Protocol", DSN 2002; HashiCorp's memberlist (deaths can be refuted, the dead are tried
again); Hayashibara et al., "The φ Accrual Failure Detector", SRDS 2004 (how long to wait).

Guarantees, once faults are over: every member that is up is known as alive by all, with what it
announced last, and every member that is down as dead. At any time: what a member knows of another
never goes back, and nothing is said in a member's name that it did not say. While no process,
network or disk is disturbed, nobody is declared dead, whatever wall clocks do. Under faults members
may be declared dead that are not: membership alone makes no leader.

Invariants:

1. A member's incarnation is durable before it is told, and greater in each life.
2. A table only grows, in the order by incarnation and rank (``table``).

Layout: ``table`` has the order, ``server`` probes and gossips, ``client`` asks; ``bugs`` has the
server with one decision wrong.

Left out: all of the table goes with each message, where SWIM sends a few records a few times each;
members that come without being known beforehand; forgetting the dead.
"""

from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.membership.swim.bugs import BUGS
from splitbrain.systems.membership.swim.client import MembershipClient
from splitbrain.systems.membership.swim.pictures import MEMBERS
from splitbrain.systems.membership.swim.server import Member

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("period", 0.1, 0.3, "how long a probe may take, in seconds", "period_s"),
    Knob("suspicion", 0.4, 1.0, "how long a member is suspected, in seconds", "suspicion_s"),
    Knob("helpers", 1, 3, "how many others are asked to probe, too"),
    Knob("compact_at", 2, 200, "records in the log before it is written anew"),
)

SYSTEM = System(
    name="swim",
    title="gossip membership by SWIM, with suspicion and incarnations (chapter 8)",
    server=Member,
    client=MembershipClient,
    workloads=("membership",),
    nodes=4,
    sizes=range(2, 8),
    claims=Claims(
        (
            "process",
            "net",
            "member.dead",
            "member.away",
            "clock",
            "client",
            "scenario",
            "disk.slow",
            "disk.stall",
        ),
        max_down="all",
    ),
    bugs=BUGS,
    knobs=KNOBS,
    pictures=(MEMBERS,),
)
