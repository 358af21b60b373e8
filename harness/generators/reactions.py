"""What follows from events: `until_ok`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from splitbrain.checkers.history.operation import INVOKE, OK, Operation
from splitbrain.harness.generators.base import Context, Generator, Invocation, Liftable, Step
from splitbrain.harness.generators.lifting import lift


def until_ok(source: Liftable) -> Generator:
    """The generator until one of its own operations has completed ``ok``."""
    return UntilOk(lift(source), (), False)


@dataclass(frozen=True, slots=True)
class UntilOk:
    """See `until_ok`. `open` lists the clients with an operation of this generator open."""

    generator: Generator
    open: tuple[int, ...]
    done: bool

    def next(self, context: Context) -> Step | None:
        """The generator's answer, unless one was ok."""
        step = None if self.done else self.generator.next(context)
        if step is None:
            return None
        answer, successor = step
        mine = self.open
        if isinstance(answer, Invocation):
            mine = (*mine, answer.client)
        return answer, UntilOk(successor, mine, False)

    def update(self, context: Context, event: Operation) -> Generator:
        """Notes the completion of its own operations; the generator sees the event."""
        generator = self.generator.update(context, event)
        client = context.client_of(event)
        if event.type == INVOKE or client not in self.open:
            return replace(self, generator=generator)
        left = tuple(other for other in self.open if other != client)
        return UntilOk(generator, left, self.done or event.type == OK)
