"""Identifiers made of the time, which no two servers need to agree on.

The problem (DDIA chapter 8, "Timestamps for ordering events"): identifiers that sort by time are
wanted, from many servers that ask nobody (Twitter's Snowflake). A time of day and a server's name
are none: there are several events in a tick of the clock, and the clock shows a tick again when it
is set back, also while the server is down.

The idea: the time is that of a hybrid logical clock, which goes on counting where the wall clock
repeats itself; and a time beyond all that were given out is durable, to begin with after a crash.

Sources: Kulkarni et al., "Logical Physical Clocks", OPODIS 2014; Snowflake, 2010.

Guarantees: no identifier is given out twice, whatever wall clocks do and however often servers
crash; those of one server grow, and are after all that it had heard of. None is further ahead of
its server's own clock than good clocks are apart. Not: that identifiers of different servers sort
as they were made.

Layout: ``server`` gives out identifiers, ``client`` asks; ``bugs`` has the server with one decision
wrong.
"""

from splitbrain.checkers.invariants.stamps import hybrid_stamps
from splitbrain.harness.knobs import Knob
from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import System
from splitbrain.systems.clocks.identifiers.bugs import BUGS
from splitbrain.systems.clocks.identifiers.client import IdentifierClient
from splitbrain.systems.clocks.identifiers.server import IdentifierServer

__all__ = ["SYSTEM"]

KNOBS = (
    Knob("ahead", 1, 2_000, "how far ahead times are reserved, in milliseconds"),
    Knob("compact_at", 2, 200, "records in the log before it is written anew"),
)

SYSTEM = System(
    name="identifiers",
    title="unique identifiers by hybrid logical clocks (chapter 8)",
    server=IdentifierServer,
    client=IdentifierClient,
    workloads=("unique-ids",),
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
    checkers=(hybrid_stamps(),),
    bugs=BUGS,
    knobs=KNOBS,
)
