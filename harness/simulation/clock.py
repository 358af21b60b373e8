"""A host's clocks: monotonic with drift, wall clock with offset and jumps.

Every host has its own origin and its own rate, so a program that compares two hosts' clocks is
wrong here as it is anywhere. With ``t`` the true virtual time,

    monotonic(t) = base_local + (t - base_true) * rate
    wall(t)      = EPOCH + offset + monotonic(t) - origin + bent(t)

Changing the rate moves the bases to the present, so neither clock ever steps by it. The wall clock
may run at a rate of its own besides (``bent``), as when it is slewed, or stands still.
"""

from __future__ import annotations

from math import inf, nextafter

EPOCH = 1_600_000_000.0
"""What every wall clock shows at the start of a run, but for its offset (seconds since 1970)."""


class HostClock:
    """The clock hardware of one host; survives crashes.

    Attributes:
        rate: local seconds that pass in one true second.
        wall_rate: seconds of the wall clock that pass in one of the monotonic clock.
        offset: how far the wall clock is ahead of true time plus `EPOCH` because of jumps, in
            seconds.
        base_local, base_true: what the monotonic clock showed when its rate was set, and when.
        reads: how often the wall clock was read or a timer was set: evidence that a clock fault
            could have mattered.
    """

    __slots__ = (
        "_bent",
        "_bent_since",
        "_origin",
        "base_local",
        "base_true",
        "offset",
        "rate",
        "reads",
        "wall_rate",
    )

    def __init__(self, origin: float, offset: float) -> None:
        self.rate = 1.0
        self.offset = offset
        self.reads = 0
        self._origin = origin
        self.base_local = origin
        self.base_true = 0.0
        self.wall_rate = 1.0
        self._bent = 0.0
        self._bent_since = origin

    def monotonic(self, now: float) -> float:
        """Local monotonic seconds at true time `now`."""
        return self.base_local + (now - self.base_true) * self.rate

    def wall(self, now: float) -> float:
        """Wall-clock seconds since 1970 at true time `now`."""
        right = EPOCH + self.offset + self.monotonic(now) - self._origin
        return right if self.wall_rate == 1 else right + self._bent_by(now)

    def set_rate(self, now: float, rate: float) -> None:
        """From true time `now` on, let `rate` local seconds pass in each true second."""
        self.base_local = self.monotonic(now)
        self.base_true = now
        self.rate = rate

    def set_wall_rate(self, now: float, rate: float) -> None:
        """From true time `now` on, let `rate` seconds of the wall clock pass in each second of the
        monotonic one. At 1 it shows at once what it would if its rate had never been another."""
        self._bent = 0.0 if rate == 1 else self._bent_by(now)
        self._bent_since = self.monotonic(now)
        self.wall_rate = rate

    def _bent_by(self, now: float) -> float:
        """How far the wall clock is ahead because of its own rate, in seconds."""
        return self._bent + (self.monotonic(now) - self._bent_since) * (self.wall_rate - 1)

    def true_time(self, deadline: float) -> float:
        """The first true time at which `monotonic` has reached `deadline`.

        Rounded up: a timer that fired a hair early would find its deadline still ahead, and loop.
        """
        if deadline == inf:
            return inf
        time = self.base_true + (deadline - self.base_local) / self.rate
        while self.monotonic(time) < deadline:
            time = nextafter(time, inf)
        return time
