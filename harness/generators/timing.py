"""When: `stagger`, `delay`, `sleep`, `time_limit`. All times are virtual seconds.

`stagger` and `delay` ask their generator only when an invocation is due, so that one that is
exhausted is noticed then.
"""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.history.operation import Operation
from splitbrain.harness.generators.base import (
    Context,
    Generator,
    Invocation,
    Liftable,
    Pending,
    Step,
    Unmoved,
    nanoseconds,
)
from splitbrain.harness.generators.lifting import lift


def stagger(mean_interval: float, source: Liftable, burst: float = 1.0) -> Generator:
    """The generator's invocations at random intervals, exponential with this mean in seconds.

    Invocations then arrive as a Poisson process of rate ``1 / mean_interval``, over all clients
    together; a spike of the load (`Context.load`) makes them as much shorter. An interval begins at
    the invocation before it; one that finds all clients busy happens when one is free, and those
    after it are not hurried.

    Args:
        mean_interval: the mean, in seconds.
        source: the generator.
        burst: how many come at once on average, followed by a pause as much longer (as if people
            thought, and then did several things): the rate is the same.

    Raises:
        ValueError: the mean is negative or endless, or a burst has less than one.
    """
    if not burst >= 1:
        raise ValueError(f"stagger: a burst has {burst!r}: give 1 or more")
    interval = nanoseconds(mean_interval * burst, "stagger")
    return Spaced(interval, True, lift(source), None, 1.0 / burst)


def delay(interval: float, source: Liftable) -> Generator:
    """The generator's invocations at least this many seconds apart, the first at once.

    Raises:
        ValueError: the interval is negative or endless.
    """
    return Spaced(nanoseconds(interval, "delay"), False, lift(source), None)


def sleep(seconds: float) -> Generator:
    """Nothing for this many seconds; for use between other phases.

    Raises:
        ValueError: the time is negative or endless.
    """
    return time_limit(seconds, Silence())


def time_limit(seconds: float, source: Liftable) -> Generator:
    """The generator for this many seconds, counted from when it is first asked.

    No invocation happens at the limit or later; operations then open are left to complete.

    Raises:
        ValueError: the time is negative or endless.
    """
    return TimeLimit(nanoseconds(seconds, "time_limit"), lift(source), None)


@dataclass(slots=True)
class Spaced:
    """See `stagger` (`exponential`) and `delay`.

    `due` is the time of the next invocation, `pausing` how often there is an interval before it.
    """

    interval: int
    exponential: bool
    generator: Generator
    due: int | None
    pausing: float = 1.0

    def next(self, context: Context) -> Step | None:
        """Pending until an invocation is due, then the generator's answer."""
        if self.due is None:
            # A Poisson process begins with an interval.
            start = self._after(context) if self.exponential else context.time
            return self._with(self.generator, start).next(context)
        if context.time < self.due:
            return Pending(self.due), self
        step = self.generator.next(context)
        if step is None:
            return None
        answer, successor = step
        if isinstance(answer, Invocation):
            return answer, self._with(successor, self._after(context))
        return answer, self._with(successor, self.due)

    def _with(self, generator: Generator, due: int | None) -> Spaced:
        return Spaced(self.interval, self.exponential, generator, due, self.pausing)

    def _after(self, context: Context) -> int:
        if self.pausing < 1.0 and context.random.random() >= self.pausing:
            return context.time
        if self.exponential:
            return context.time + round(self.interval * context.random.expovariate(context.load))
        return context.time + self.interval

    def update(self, context: Context, event: Operation) -> Generator:
        """The generator sees the event."""
        generator = self.generator.update(context, event)
        return self if generator is self.generator else self._with(generator, self.due)


@dataclass(slots=True)
class TimeLimit:
    """See `time_limit`. `deadline` is None until first asked."""

    duration: int
    generator: Generator
    deadline: int | None

    def next(self, context: Context) -> Step | None:
        """The generator's answer, before the deadline."""
        deadline = context.time + self.duration if self.deadline is None else self.deadline
        step = self.generator.next(context) if context.time < deadline else None
        if step is None:
            return None
        answer, successor = step
        if isinstance(answer, Pending) and (answer.until is None or answer.until > deadline):
            answer = Pending(deadline)
        if successor is self.generator and self.deadline is not None:
            return answer, self
        return answer, TimeLimit(self.duration, successor, deadline)

    def update(self, context: Context, event: Operation) -> Generator:
        """The generator sees the event."""
        generator = self.generator.update(context, event)
        if generator is self.generator:
            return self
        return TimeLimit(self.duration, generator, self.deadline)


@dataclass(frozen=True, slots=True)
class Silence(Unmoved):
    """Never anything, without end."""

    def next(self, context: Context) -> Step | None:
        """Pending."""
        return Pending(None), self
