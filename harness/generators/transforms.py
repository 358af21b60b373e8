"""Other invocations for those given: `map_`, `filter_` (named so beside Python's own)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from splitbrain.checkers.history.operation import Operation
from splitbrain.harness.generators.base import (
    Context,
    Generator,
    GeneratorError,
    Invocation,
    Liftable,
    Step,
)
from splitbrain.harness.generators.lifting import lift

MOST_REJECTIONS = 10_000
"""So many invocations in a row that `filter_` drops are taken to mean that it drops all."""


def map_(function: Callable[[Invocation], Invocation], source: Liftable) -> Generator:
    """The generator with each invocation passed through the function; events stay as they are."""
    return Map(function, lift(source))


def filter_(predicate: Callable[[Invocation], bool], source: Liftable) -> Generator:
    """The generator's invocations for which the predicate holds; the others are dropped."""
    return Filter(predicate, lift(source))


@dataclass(frozen=True, slots=True)
class Map:
    """See `map_`."""

    function: Callable[[Invocation], Invocation]
    generator: Generator

    def next(self, context: Context) -> Step | None:
        """The generator's answer, changed if it is an invocation."""
        step = self.generator.next(context)
        if step is None:
            return None
        answer, successor = step
        if isinstance(answer, Invocation):
            answer = self.function(answer)
        return answer, Map(self.function, successor)

    def update(self, context: Context, event: Operation) -> Generator:
        """The generator sees the event."""
        return replace(self, generator=self.generator.update(context, event))


@dataclass(frozen=True, slots=True)
class Filter:
    """See `filter_`."""

    predicate: Callable[[Invocation], bool]
    generator: Generator

    def next(self, context: Context) -> Step | None:
        """The generator's next answer that passes.

        Raises:
            GeneratorError: `MOST_REJECTIONS` in a row did not pass.
        """
        generator = self.generator
        for _ in range(MOST_REJECTIONS):
            step = generator.next(context)
            if step is None:
                return None
            answer, generator = step
            if not isinstance(answer, Invocation) or self.predicate(answer):
                return answer, Filter(self.predicate, generator)
        raise GeneratorError(
            f"filter_ dropped {MOST_REJECTIONS} invocations in a row: "
            f"let the predicate {self.predicate!r} accept something the generator makes"
        )

    def update(self, context: Context, event: Operation) -> Generator:
        """The generator sees the event."""
        return replace(self, generator=self.generator.update(context, event))
