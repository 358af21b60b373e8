"""How often: `once`, `limit`, `repeat`, `cycle`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from splitbrain.checkers.history.operation import Operation
from splitbrain.harness.generators.base import Context, Generator, Invocation, Liftable, Step
from splitbrain.harness.generators.lifting import lift


def limit(count: int, source: Liftable) -> Generator:
    """At most `count` invocations of the generator.

    Raises:
        ValueError: `count` is negative.
    """
    return Limit(_at_least(0, count, "limit"), lift(source))


def once(source: Liftable) -> Generator:
    """The generator's first invocation alone."""
    return limit(1, source)


def repeat(source: Liftable, times: int | None = None) -> Generator:
    """The generator's next invocation again and again; for ever, or this many times.

    The generator itself does not move on: ``repeat([a, b])`` is a, a, a, ... It still sees events,
    and a function is called afresh each time.

    Raises:
        ValueError: `times` is negative.
    """
    return Repeat(lift(source), None if times is None else _at_least(0, times, "repeat"))


def cycle(source: Liftable, times: int | None = None) -> Generator:
    """The whole generator from its start, and again each time it is exhausted.

    For ever, or `times` times: ``cycle([a, b])`` is a, b, a, b, ... A generator that is exhausted
    from the start ends it.

    Raises:
        ValueError: `times` is negative.
    """
    generator = lift(source)
    return Cycle(generator, generator, None if times is None else _at_least(0, times, "cycle"))


def _at_least(least: int, count: int, what: str) -> int:
    if count < least:
        raise ValueError(f"{what} is given {count}: give a number from {least} up")
    return count


@dataclass(frozen=True, slots=True)
class Limit:
    """See `limit`."""

    left: int
    generator: Generator

    def next(self, context: Context) -> Step | None:
        """The generator's answer, while invocations are left."""
        step = self.generator.next(context) if self.left else None
        if step is None:
            return None
        answer, successor = step
        return answer, Limit(self.left - isinstance(answer, Invocation), successor)

    def update(self, context: Context, event: Operation) -> Generator:
        """The generator sees the event."""
        return Limit(self.left, self.generator.update(context, event))


@dataclass(frozen=True, slots=True)
class Repeat:
    """See `repeat`."""

    generator: Generator
    left: int | None

    def next(self, context: Context) -> Step | None:
        """The generator's answer; only a pending one moves it on."""
        step = None if self.left == 0 else self.generator.next(context)
        if step is None:
            return None
        answer, successor = step
        if not isinstance(answer, Invocation):
            return answer, replace(self, generator=successor)
        return answer, Repeat(self.generator, None if self.left is None else self.left - 1)

    def update(self, context: Context, event: Operation) -> Generator:
        """The generator sees the event."""
        return replace(self, generator=self.generator.update(context, event))


@dataclass(frozen=True, slots=True)
class Cycle:
    """See `cycle`."""

    start: Generator
    current: Generator
    left: int | None

    def next(self, context: Context) -> Step | None:
        """What the current round answers, or else the first answer of another round."""
        if self.left == 0:
            return None
        step = self.current.next(context)
        if step is not None:
            answer, successor = step
            return answer, replace(self, current=successor)
        left = None if self.left is None else self.left - 1
        step = None if left == 0 else self.start.next(context)
        if step is None:
            return None
        answer, successor = step
        return answer, Cycle(self.start, successor, left)

    def update(self, context: Context, event: Operation) -> Generator:
        """The current round sees the event."""
        return replace(self, current=self.current.update(context, event))
