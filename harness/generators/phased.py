"""One thing after another, together: `phases`, `then`, `synchronize`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from splitbrain.checkers.history.operation import Operation
from splitbrain.harness.generators.base import PENDING, Context, Generator, Liftable, Step
from splitbrain.harness.generators.lifting import InTurn, lift


def synchronize(source: Liftable) -> Generator:
    """The generator, from the moment when all of its clients are free."""
    return Synchronize(lift(source), False)


def phases(*sources: Liftable) -> Generator:
    """Each generator in turn; each starts when all operations of those before have completed."""
    return InTurn(tuple(synchronize(source) for source in sources))


def then(first: Liftable, second: Liftable) -> Generator:
    """The first generator and, when its operations have completed, the second."""
    return phases(first, second)


@dataclass(frozen=True, slots=True)
class Synchronize:
    """See `synchronize`."""

    generator: Generator
    started: bool

    def next(self, context: Context) -> Step | None:
        """The generator's answer, once everyone was free."""
        if not (self.started or context.all_free):
            return PENDING, self
        step = self.generator.next(context)
        if step is None:
            return None
        answer, successor = step
        return answer, Synchronize(successor, True)

    def update(self, context: Context, event: Operation) -> Generator:
        """The generator sees what happens from its start on."""
        if not self.started:
            return self
        return replace(self, generator=self.generator.update(context, event))
