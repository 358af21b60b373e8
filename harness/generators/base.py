"""What a generator is: the words that all combinators share.

A generator decides what clients do next. It is a value, never changed: asked for the next
invocation it answers and names its *successor*, the generator to ask from then on; told of an event
it names a successor too. Whole workloads are small generators put together by the functions of this
package, tested without any system, as in Jepsen's ``jepsen.generator``.

The protocol, between a generator and the run that asks it:

1. ``next(context)`` answers ``(Invocation, successor)``: invoke this, now. The invocation's time is
   ``context.time`` and its client is one of ``context.free``.
2. Or ``(Pending, successor)``: nothing now. Ask again after the next event, and, if ``until`` is
   given, no later than that time. `PENDING` waits for an event alone.
3. Or None: exhausted, for good.
4. The successor replaces the generator *whatever the answer was*.
5. ``update(context, event)`` is called with each invocation and each completion of a client, after
   ``context.free`` has been brought up to date. Its result replaces the generator.

**Randomness** comes from ``context.random`` alone, one named stream of the run. Rule 4 keeps it
reproducible and fair: whatever is drawn while answering "not yet" (the moment of the next
invocation, the choice of a mix) is kept by the successor, so asking once more does not roll the
dice once more. The run asks at each event and each ``until``, and these are functions of the plan,
so the draws are, too. For the same reason a time limit counts from the first ask, though nothing
was ready then. (Jepsen's interpreter asks the *old* generator again when an operation lies in the
future.)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from splitbrain.checkers.history.operation import Operation

# What is made at each asking is frozen by convention: to be made frozen takes three times as long.

NANOSECONDS = 1_000_000_000
"""In a second."""


@dataclass(unsafe_hash=True, slots=True)
class Context:
    """What a generator may know when it answers.

    Attributes:
        time: virtual nanoseconds since the start of the run.
        free: the numbers of the clients that have no operation open, ascending.
        clients: how many clients the run has; numbered from 0.
        random: the run's stream of randomness for its generator.
        group: the clients this generator is meant for, ascending; None for all of them. Set by
            combinators that split clients among generators.
        load: how many times as often as usual operations are to come: more than 1 in a spike.
    """

    time: int
    free: tuple[int, ...]
    clients: int
    random: random.Random
    group: tuple[int, ...] | None = None
    load: float = 1.0

    @property
    def members(self) -> tuple[int, ...]:
        """The clients this generator is meant for, free or not, ascending."""
        return tuple(range(self.clients)) if self.group is None else self.group

    @property
    def all_free(self) -> bool:
        """True if none of `members` has an operation open."""
        return len(self.free) == (self.clients if self.group is None else len(self.group))

    def only(self, group: tuple[int, ...]) -> Context:
        """The same moment, as seen by a generator for these clients (ascending) alone."""
        return replace(self, free=tuple(c for c in self.free if c in group), group=group)

    def client_of(self, event: Operation) -> int:
        """The number of the client whose event it is; a process that retired named its client too.

        Client ``i`` of ``n`` starts as process ``i`` and goes on as ``i + n``, ``i + 2n``, ...
        """
        assert isinstance(event.process, int), "generators are told of clients' events only"
        return event.process % self.clients


@dataclass(unsafe_hash=True, slots=True)
class Invocation:
    """An operation to invoke.

    Attributes:
        time: when, in virtual nanoseconds; for an answer, the context's time.
        client: the number of the client that invokes it.
        f: what to do.
        value: its argument.
    """

    time: int
    client: int
    f: str
    value: Any = None


@dataclass(unsafe_hash=True, slots=True)
class Pending:
    """Nothing to invoke for now.

    Attributes:
        until: ask again at this time (later than the context's) at the latest; None to wait for an
            event, that is for an operation to complete.
    """

    until: int | None = None


PENDING = Pending()
"""Nothing until some operation completes."""


@runtime_checkable
class Generator(Protocol):
    """A value that says what to invoke next; see the module for the protocol."""

    def next(self, context: Context) -> Step | None:
        """What to invoke now, or `Pending`, with the successor; None if exhausted."""
        ...

    def update(self, context: Context, event: Operation) -> Generator:
        """The successor after this event of a client."""
        ...


Step = tuple[Invocation | Pending, Generator]
"""An answer and the generator that replaces the one that gave it."""

Liftable = Any
"""What `splitbrain.harness.generators.lifting` turns into a generator."""


class GeneratorError(Exception):
    """A generator broke the protocol, or would wait for ever; the message says which and how."""


class Unmoved:
    """Mixed into generators that events do not change."""

    __slots__ = ()

    def update(self, context: Context, event: Operation) -> Any:
        """The generator itself."""
        return self


@dataclass(frozen=True, slots=True)
class Exhausted(Unmoved):
    """The generator of nothing."""

    def next(self, context: Context) -> Step | None:
        """None."""
        return None


def sooner(one: Pending, other: Pending) -> Pending:
    """Wait for whichever is first."""
    if one.until is None or (other.until is not None and other.until < one.until):
        return other
    return one


def nanoseconds(seconds: float, what: str) -> int:
    """Seconds as whole nanoseconds.

    Raises:
        ValueError: a negative or endless time; `what` says whose it is.
    """
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{what} is given {seconds} seconds: give a number of seconds from 0 up")
    return round(seconds * NANOSECONDS)


def first_ready(
    parts: Sequence[Generator | None],
    order: Sequence[int],
    context_for: Callable[[int], Context],
) -> tuple[Invocation | Pending | None, int, tuple[Generator | None, ...]]:
    """Ask several generators in this order until one can invoke something now.

    Args:
        parts: the generators, None for those exhausted.
        order: which of them to ask, by position.
        context_for: the context to ask the generator at a position with.

    Returns:
        What the first ready one answered, its position, and the parts that replace the given ones.
        If none is ready: the soonest `Pending` and -1, or None and -1 if all asked were exhausted.
    """
    after = list(parts)
    waiting: Pending | None = None
    for position in order:
        part = after[position]
        step = None if part is None else part.next(context_for(position))
        if step is None:
            after[position] = None
            continue
        answer, after[position] = step
        if isinstance(answer, Invocation):
            return answer, position, tuple(after)
        waiting = answer if waiting is None else sooner(waiting, answer)
    return waiting, -1, tuple(after)
