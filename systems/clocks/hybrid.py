"""Hybrid logical clocks: stamps that respect causality and stay close to the time of day.

A stamp is ``(wall, logical)``: the greatest time of day that anybody showed whom the event may have
been caused by, and a number that orders events within it. With ``ε`` for how far apart the nodes'
clocks are,

    wall    = the greatest time of day among the event and all that happened before it
    wall - own time of day <= ε
    logical <= how many events with the same wall happened before it

Source: Kulkarni, Demirbas, Madeppa, Avva and Leone, "Logical Physical Clocks and Consistent
Snapshots in Globally Distributed Databases", OPODIS 2014: figure 5, theorems 2 to 4.

One bad clock that is far ahead drags all others along for good, for they believe what they hear.
So a clock may be told how far ahead a message may be; it refuses what is further, and whoever hears
of the refusal knows that one of two clocks is wrong (CockroachDB's ``--max-offset``).

>>> slow, fast = HybridClock(lambda: 100), HybridClock(lambda: 107)
>>> slow.receive(fast.tick()), slow.tick()
(HybridStamp(wall=107, logical=1), HybridStamp(wall=107, logical=2))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class HybridStamp(NamedTuple):
    """When an event was; two nodes' stamps may be equal, so a total order needs their names, too.

    Attributes:
        wall: a time of day, in whole microseconds or whatever the nodes agreed on.
        logical: orders the events with that time.
    """

    wall: int
    logical: int


START = HybridStamp(0, 0)
"""Before every event."""


class TooFarAheadError(ValueError):
    """A stamp is further ahead of this node's time of day than any good clock is."""


class HybridClock:
    """The clock of one node.

    A node that may restart with a clock that went back gives a `last` not smaller than any stamp
    that it made, for instance one rounded up that it made durable beforehand.

    Args:
        now: the time of day by this node's own clock, in whole units.
        most_ahead: how far a message may be ahead of that; None for no limit.
        last: the stamp of the last event.
    """

    def __init__(
        self, now: Callable[[], int], most_ahead: int | None = None, last: HybridStamp = START
    ) -> None:
        self._now = now
        self.most_ahead = most_ahead
        self.last = last

    def tick(self) -> HybridStamp:
        """An event of this node's own; to send a message is one, and its stamp goes along."""
        return self._step(self._now(), START)

    def receive(self, stamp: HybridStamp) -> HybridStamp:
        """The arrival of a message that was sent at `stamp`.

        Raises:
            TooFarAheadError: it is refused, and nothing has changed.
        """
        now = self._now()
        if self.most_ahead is not None and stamp.wall - now > self.most_ahead:
            raise TooFarAheadError(f"{stamp} is {stamp.wall - now} ahead of this node's clock")
        return self._step(now, stamp)

    def _step(self, now: int, heard: HybridStamp) -> HybridStamp:
        """The next stamp: after the last, after what was heard, and not before `now`."""
        known = max(self.last, heard)
        self.last = (
            HybridStamp(now, 0) if now > known.wall else known._replace(logical=known.logical + 1)
        )
        return self.last
