"""A clock that says between when and when it is: TrueTime in the small.

One server's monotonic clock is the time, by definition. The others ask it now and then, and work
out from the answer how late it may be at least and at most:

    asked at a, answer T arrives at b      (a, b: own monotonic clock; T: the time)

    it was T some time between a and b, so at c >= b it is
        T + (c - b) / skew  at least, and
        T + (c - a) * skew  at most

where ``skew`` is how much faster any clock may run than any other (1.0002 in Spanner's sense, where
crystals are good). The answer is the better the shorter it was under way, and the worse the older
it is. No wall clock is looked at, so what is done to wall clocks does no harm.

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

from typing import NamedTuple


class Interval(NamedTuple):
    """The time is not before `earliest` and not after `latest`, in seconds."""

    earliest: float
    latest: float


class IntervalClock:
    """The clock of one node; it knows nothing until it has learned something.

    Of all answers it keeps the one that says most about how late it is at least, and the one that
    says most about how late it is at most: `at` never goes back to an earlier `earliest`.

    Args:
        skew: at most how much faster one node's monotonic clock runs than another's; at least 1.
    """

    def __init__(self, skew: float) -> None:
        assert skew >= 1, "clocks that run the same have a skew of 1"
        self.skew = skew
        self._low: tuple[float, float] | None = None  # a time, and what the own clock showed after
        self._high: tuple[float, float] | None = (
            None  # a time, and what the own clock showed before
        )

    @property
    def set(self) -> bool:
        """Whether anything has been learned."""
        return self._low is not None

    def learn(self, time: float, asked: float, now: float) -> None:
        """Take an answer, for what it says more than what is known.

        Args:
            time: what the time was when the question was answered.
            asked: when it was asked, by the own monotonic clock.
            now: when the answer came, which is now.
        """
        known = self.at(now) if self.set else Interval(float("-inf"), float("inf"))
        if time > known.earliest:
            self._low = time, now
        if time + (now - asked) * self.skew < known.latest:
            self._high = time, asked

    def at(self, now: float) -> Interval:
        """What the time is when the own monotonic clock shows `now`.

        Raises:
            LookupError: nothing has been learned yet.
        """
        if self._low is None or self._high is None:
            raise LookupError("nobody has told the time yet")
        (low, after), (high, before) = self._low, self._high
        return Interval(low + (now - after) / self.skew, high + (now - before) * self.skew)
