"""Which of several: `mix`, `weighted`, `any_of`, `flip_flop`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate

from splitbrain.checkers.history.operation import Operation
from splitbrain.harness.generators.base import (
    PENDING,
    Context,
    Generator,
    Invocation,
    Liftable,
    Step,
    first_ready,
)
from splitbrain.harness.generators.lifting import lift


def mix(*sources: Liftable) -> Generator:
    """A random one of these for each invocation, all equally likely; see `weighted`.

    Raises:
        TypeError: one list was given, in place of its elements.
    """
    _refuse_one_list("mix", sources)
    return weighted(*((1.0, source) for source in sources))


def weighted(*sources: tuple[float, Liftable]) -> Generator:
    """A random one of these for each invocation, in proportion to its weight.

    One that has nothing to invoke just then is passed over for the next that has; one that is
    exhausted is never chosen again. Ends when all are exhausted.

    Raises:
        ValueError: a weight is negative or not finite.
    """
    for weight, source in sources:
        if not 0 <= weight < float("inf"):
            raise ValueError(f"the weight of {source!r} is {weight}: give a number from 0 up")
    chosen = [(weight, lift(source)) for weight, source in sources if weight > 0]
    return Mix(tuple(g for _, g in chosen), tuple(w for w, _ in chosen), None)


def any_of(*sources: Liftable) -> Generator:
    """Whichever of these can invoke something, taking turns when several can.

    Raises:
        TypeError: one list was given, in place of its elements.
    """
    _refuse_one_list("any_of", sources)
    return AnyOf(tuple(lift(source) for source in sources), 0)


def flip_flop(*sources: Liftable) -> Generator:
    """An invocation of each in turn, again and again; ends when one has none for its turn.

    Raises:
        TypeError: one list was given, in place of its elements.
    """
    _refuse_one_list("flip_flop", sources)
    return FlipFlop(tuple(lift(source) for source in sources), 0)


def _refuse_one_list(function: str, sources: tuple[Liftable, ...]) -> None:
    """A list is a generator of its elements one after the other: here it is never meant so."""
    if len(sources) == 1 and isinstance(sources[0], list | tuple):
        raise TypeError(
            f"{function}([a, b]) chooses among one generator, a list: write {function}(a, b), or "
            f"{function}(*generators)"
        )


def _updated(
    parts: tuple[Generator | None, ...], context: Context, event: Operation
) -> tuple[Generator | None, ...]:
    return tuple(None if part is None else part.update(context, event) for part in parts)


@dataclass(frozen=True, slots=True)
class Mix:
    """See `weighted`. `choice` is what was drawn for the next invocation, None if not yet drawn."""

    parts: tuple[Generator | None, ...]
    weights: tuple[float, ...]
    choice: int | None

    def next(self, context: Context) -> Step | None:
        """What the choice answers, or the next one after it that can go."""
        alive = [i for i, part in enumerate(self.parts) if part is not None]
        if not alive:
            return None
        if not context.free:
            return PENDING, self
        choice = self.choice
        if choice is None or self.parts[choice] is None:
            choice = self._draw(alive, context)
        order = sorted(alive, key=lambda i: (i - choice) % len(self.parts))
        answer, _, parts = first_ready(self.parts, order, lambda _: context)
        if answer is None:
            return None
        drawn = None if isinstance(answer, Invocation) else choice
        return answer, Mix(parts, self.weights, drawn)

    def _draw(self, alive: list[int], context: Context) -> int:
        bounds = list(accumulate(self.weights[i] for i in alive))
        return context.random.choices(alive, cum_weights=bounds)[0]

    def update(self, context: Context, event: Operation) -> Generator:
        """All of them see the event."""
        return replace(self, parts=_updated(self.parts, context, event))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """See `any_of`. `turn` is who is asked first."""

    parts: tuple[Generator | None, ...]
    turn: int

    def next(self, context: Context) -> Step | None:
        """What the first that can go answers, starting after the one that went last."""
        count = len(self.parts)
        order = [(self.turn + i) % count for i in range(count)]
        answer, position, parts = first_ready(self.parts, order, lambda _: context)
        if answer is None:
            return None
        turn = self.turn if position < 0 else (position + 1) % count
        return answer, AnyOf(parts, turn)

    def update(self, context: Context, event: Operation) -> Generator:
        """All of them see the event."""
        return replace(self, parts=_updated(self.parts, context, event))


@dataclass(frozen=True, slots=True)
class FlipFlop:
    """See `flip_flop`. `turn` is whose invocation is next."""

    parts: tuple[Generator, ...]
    turn: int

    def next(self, context: Context) -> Step | None:
        """What the one whose turn it is answers."""
        step = self.parts[self.turn].next(context) if self.parts else None
        if step is None:
            return None
        answer, successor = step
        parts = (*self.parts[: self.turn], successor, *self.parts[self.turn + 1 :])
        invoked = isinstance(answer, Invocation)
        return answer, FlipFlop(parts, (self.turn + invoked) % len(parts))

    def update(self, context: Context, event: Operation) -> Generator:
        """All of them see the event."""
        return replace(self, parts=tuple(part.update(context, event) for part in self.parts))
