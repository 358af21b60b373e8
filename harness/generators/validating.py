"""Keeping a generator to the protocol: `validate`."""

from __future__ import annotations

from dataclasses import dataclass

from splitbrain.checkers.history.operation import Operation
from splitbrain.harness.generators.base import (
    Context,
    Generator,
    GeneratorError,
    Invocation,
    Liftable,
    Pending,
    Step,
)
from splitbrain.harness.generators.lifting import lift


def validate(source: Liftable) -> Generator:
    """The generator, raising `GeneratorError` where it breaks the protocol of `base`.

    For the outermost generator of a run. Refused are invocations by busy clients or for another
    time, waiting for a time that has come, and waiting for an operation while none is open, which
    would be waiting for ever.
    """
    return Validate(lift(source))


@dataclass(slots=True)
class Validate:
    """See `validate`."""

    generator: Generator

    def next(self, context: Context) -> Step | None:
        """The generator's answer, if it is a sound one.

        Raises:
            GeneratorError: it is not.
        """
        step = self.generator.next(context)
        if step is None:
            return None
        answer, successor = step
        problem = _problem(answer, context)
        if problem is not None:
            raise GeneratorError(f"{problem} (at {context.time} ns, by {self.generator!r})")
        return answer, self if successor is self.generator else Validate(successor)

    def update(self, context: Context, event: Operation) -> Generator:
        """The generator sees the event."""
        generator = self.generator.update(context, event)
        return self if generator is self.generator else Validate(generator)


def _problem(answer: Invocation | Pending, context: Context) -> str | None:
    if isinstance(answer, Invocation):
        if answer.client not in context.free:
            return f"{answer} is by a client that is not free (free: {context.free})"
        if answer.time != context.time:
            return f"{answer} is not for now: answer Pending(until=time) until then"
    elif answer.until is None:
        if context.all_free:
            return "the generator waits for an operation to complete, and none is open"
    elif answer.until <= context.time:
        return f"the generator waits for a time that has come: {answer}"
    return None
