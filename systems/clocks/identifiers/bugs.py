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


BUGS: tuple[Bug, ...] = (
    Bug(
        id="CLK-08",
        title="identifiers repeat when the wall clock goes back",
        server=planted(IdentifierServer, clock_class=CountsWithinTheTick),
        workload="unique-ids",
        faults=("clock.backward", "clock.strobe"),
        nodes=3,
        seeds=40,
        shows=("unique-ids/",),
        source="DDIA chapter 8, Timestamps for ordering events; Twitter Snowflake",
    ),
)
