"""Who: `on_clients`, `each_client`, `reserve`.

A generator inside these sees only its own clients: only they are in its ``context.free``, only
their events reach it, and `synchronize` waits for them alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

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


def on_clients(which: Iterable[int], source: Liftable) -> Generator:
    """The generator, for the clients with these numbers alone.

    Raises:
        ValueError: a number is negative.
    """
    group = tuple(sorted(frozenset(which)))
    if group and group[0] < 0:
        raise ValueError(f"client {group[0]} does not exist: clients are numbered from 0")
    return OnClients(group, lift(source))


def each_client(source: Liftable) -> Generator:
    """The whole generator for each client separately, the clients taking turns."""
    return EachClient(lift(source), None, 0)


def reserve(*counts_and_sources: Liftable) -> Generator:
    """Generators for ranges of clients: ``reserve(5, reads, 2, writes, everything_else)``.

    Here clients 0 to 4 read, 5 and 6 write, and all others do the last, which may be left out. When
    several can go, the range of a random free client goes first.

    Raises:
        TypeError: not of the form count, generator, count, generator, ..., generator.
        ValueError: a count is below 1.
    """
    pairs = list(zip(counts_and_sources[::2], counts_and_sources[1::2], strict=False))
    for count, _ in pairs:
        if not isinstance(count, int) or isinstance(count, bool):
            raise TypeError(f"reserve is given {count!r} where it needs a number of clients")
        if count < 1:
            raise ValueError(f"reserve is given {count} clients: give at least 1")
    rest = counts_and_sources[-1] if len(counts_and_sources) % 2 else None
    return Reserve(
        tuple(count for count, _ in pairs),
        (*(lift(source) for _, source in pairs), lift(rest)),
        None,
    )


@dataclass(frozen=True, slots=True)
class OnClients:
    """See `on_clients`."""

    group: tuple[int, ...]
    generator: Generator

    def _seen_by(self, context: Context) -> Context:
        return context.only(tuple(c for c in context.members if c in self.group))

    def next(self, context: Context) -> Step | None:
        """The generator's answer for its clients; without any it is exhausted."""
        seen = self._seen_by(context)
        step = self.generator.next(seen) if seen.members else None
        if step is None:
            return None
        answer, successor = step
        return answer, OnClients(self.group, successor)

    def update(self, context: Context, event: Operation) -> Generator:
        """The generator sees its clients' events."""
        if context.client_of(event) not in self.group:
            return self
        return OnClients(self.group, self.generator.update(self._seen_by(context), event))


@dataclass(frozen=True, slots=True)
class EachClient:
    """See `each_client`.

    Attributes:
        source: what each client starts with.
        parts: what is left for each client, by number; None for one whose part is exhausted; None
            for all before the first ask.
        turn: the client asked first.
    """

    source: Generator
    parts: tuple[Generator | None, ...] | None
    turn: int

    def next(self, context: Context) -> Step | None:
        """The first free client's answer, starting with the client whose turn it is."""
        parts = self._parts(context)
        order = sorted(context.free, key=lambda client: (client - self.turn) % context.clients)
        answer, client, parts = first_ready(parts, order, lambda client: context.only((client,)))
        # A busy client's part may have more to invoke: whether, is known when it is free.
        busy = any(parts[client] is not None for client in context.members if client not in order)
        if answer is None and not busy:
            return None
        if isinstance(answer, Invocation):
            return answer, EachClient(self.source, parts, (client + 1) % context.clients)
        return answer or PENDING, EachClient(self.source, parts, self.turn)

    def _parts(self, context: Context) -> tuple[Generator | None, ...]:
        return (self.source,) * context.clients if self.parts is None else self.parts

    def update(self, context: Context, event: Operation) -> Generator:
        """The client whose event it is sees it."""
        client = context.client_of(event)
        parts = list(self._parts(context))
        part = parts[client]
        if part is None:
            return self
        parts[client] = part.update(context.only((client,)), event)
        return replace(self, parts=tuple(parts))


@dataclass(frozen=True, slots=True)
class Reserve:
    """See `reserve`.

    Attributes:
        counts: how many clients each range but the last has.
        parts: each range's generator, the last for all clients beyond the counts; None if
            exhausted.
        choice: the range drawn to go first, None if not yet drawn for the next invocation.
    """

    counts: tuple[int, ...]
    parts: tuple[Generator | None, ...]
    choice: int | None

    def _range_of(self, client: int) -> int:
        for position, count in enumerate(self.counts):
            if client < count:
                return position
            client -= count
        return len(self.counts)

    def _seen_by(self, position: int, context: Context) -> Context:
        return context.only(tuple(c for c in context.members if self._range_of(c) == position))

    def next(self, context: Context) -> Step | None:
        """What the first range that can go answers; ranges without a client are left out."""
        choice = self.choice
        if choice is None and context.free:
            choice = self._range_of(context.random.choice(context.free))
        inhabited = sorted({self._range_of(client) for client in context.members})
        order = sorted(inhabited, key=lambda i: (i - (choice or 0)) % len(self.parts))
        answer, _, parts = first_ready(self.parts, order, lambda i: self._seen_by(i, context))
        if answer is None:
            return None
        drawn = None if isinstance(answer, Invocation) else choice
        return answer, Reserve(self.counts, parts, drawn)

    def update(self, context: Context, event: Operation) -> Generator:
        """The range whose client's event it is sees it."""
        position = self._range_of(context.client_of(event))
        part = self.parts[position]
        if part is None:
            return self
        updated = part.update(self._seen_by(position, context), event)
        return replace(self, parts=(*self.parts[:position], updated, *self.parts[position + 1 :]))
