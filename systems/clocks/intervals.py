"""A clock that says between when and when it is: TrueTime in the small.

One server's monotonic clock is the time, by definition. The others ask it now and then, and work
out from the answer how late it may be at least and at most:

    asked at a, answer T arrives at b      (a, b: own monotonic clock; T: the time)

    it was T some time between a and b, so at c >= b it is
        T + (c - b) / skew  at least, and
        T + (c - a) * skew  at most

where ``skew`` is how much faster any clock may run than any other (1.0002 in Spanner's sense, much
more where faults are tried). The answer is the better the shorter it was under way, and the worse
the older it is. No wall clock is looked at, so what is done to wall clocks does no harm.

If ``skew`` holds, two moments whose intervals don't overlap are in that order: who waits until an
interval lies beyond a stamp knows that the stamp is past on every node ("commit wait").

Sources: Cristian, "Probabilistic Clock Synchronization", Distributed Computing 3, 1989, section 4;
Corbett et al., "Spanner: Google's Globally-Distributed Database", OSDI 2012, section 3.

>>> clock = IntervalClock(skew=1.5)
>>> clock.learn(500.0, asked=10.0, now=10.5)
>>> clock.at(11.5)
Interval(earliest=500.6666666666667, latest=502.25)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Interval(NamedTuple):
    """The time is not before `earliest` and not after `latest`, in seconds."""

    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class _Reading:
    """An answer: what it said, when it was asked for, and when it was there."""

    time: float
    asked: float
    arrived: float


class IntervalClock:
    """The clock of one node; it knows nothing until it has learned something.

    Args:
        skew: at most how much faster one node's monotonic clock runs than another's; at least 1.
    """

    def __init__(self, skew: float) -> None:
        assert skew >= 1, "clocks that run the same have a skew of 1"
        self.skew = skew
        self._reading: _Reading | None = None

    def learn(self, time: float, asked: float, now: float) -> None:
        """Take an answer, unless what is known already says more.

        Args:
            time: what the time was when the question was answered.
            asked: when it was asked, by the own monotonic clock.
            now: when the answer came, which is now.
        """
        reading = _Reading(time, asked, now)
        if self._reading is None or _width(self._spread(reading, now)) < _width(self.at(now)):
            self._reading = reading

    def at(self, now: float) -> Interval:
        """What the time is when the own monotonic clock shows `now`.

        Raises:
            LookupError: nothing has been learned yet.
        """
        if self._reading is None:
            raise LookupError("nobody has told the time yet")
        return self._spread(self._reading, now)

    @property
    def set(self) -> bool:
        """Whether anything has been learned."""
        return self._reading is not None

    def _spread(self, reading: _Reading, now: float) -> Interval:
        earliest = reading.time + (now - reading.arrived) / self.skew
        return Interval(earliest, reading.time + (now - reading.asked) * self.skew)


def _width(interval: Interval) -> float:
    return interval.latest - interval.earliest
