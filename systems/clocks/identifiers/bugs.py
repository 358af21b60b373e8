"""Planted bugs of identifiers by time: the server, with one decision wrong."""

from __future__ import annotations

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.clocks.hybrid import HybridClock, HybridStamp
from splitbrain.systems.clocks.identifiers.server import IdentifierServer


class CountsWithinTheTick(HybridClock):
    """Takes the wall clock for the time, and counts within each of its ticks."""

    def tick(self) -> HybridStamp:
        """A tick that comes again is counted anew."""
        now = self._now()
        again = now == self.last.wall
        self.last = HybridStamp(now, self.last.logical + 1 if again else 0)
        return self.last


class HearsNothing(HybridClock):
    """Takes no notice of the stamps of messages: the receive rule is missing."""

    def receive(self, stamp: HybridStamp) -> HybridStamp:
        """An event like any other."""
        return self.tick()


BUGS: tuple[Bug, ...] = (
    Bug(
        id="CLK-08",
        title="identifiers repeat when the wall clock goes back",
        server=planted(IdentifierServer, clock_class=CountsWithinTheTick),
        workload="unique-ids",
        faults=("clock.backward", "clock.strobe"),
        nodes=3,
        seeds=40,
        shows=("unique-ids/", "hybrid-stamps/went-back"),
        source="DDIA chapter 8, Timestamps for ordering events; Twitter Snowflake",
    ),
    Bug(
        id="CLK-10",
        title="any stamp is believed: one bad clock drags all others along",
        server=planted(IdentifierServer, most_ahead=None),
        workload="unique-ids",
        faults=("clock.bump",),
        nodes=3,
        seeds=20,
        shows=("hybrid-stamps/dragged",),
        source="Kulkarni et al., OPODIS 2014, section 5; CockroachDB's --max-offset",
    ),
    Bug(
        id="CLK-10-RECEIVE",
        title="the stamps of messages are not looked at, and effects sort before their causes",
        server=planted(IdentifierServer, clock_class=HearsNothing),
        workload="unique-ids",
        faults=("clock.bump",),
        nodes=3,
        seeds=20,
        shows=("hybrid-stamps/before-its-cause",),
        source="Kulkarni et al., OPODIS 2014, figure 5",
    ),
)
