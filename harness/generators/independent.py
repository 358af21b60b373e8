"""One generator for each of many independent keys: `sequential_keys`, `concurrent_keys`.

A history over one key soon costs more to check than anyone has; histories over many keys that have
nothing to do with each other are checked key by key (linearizability is local: Herlihy & Wing,
TOPLAS 1990, section 3.2). The generators for a key know nothing of keys: their values ``v`` become
``[key, v]``, and they see their key's events alone, with the plain values again. As in Jepsen's
``jepsen.independent``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.checkers.history.operation import Operation
from splitbrain.harness.generators.base import (
    Context,
    Generator,
    GeneratorError,
    Invocation,
    Liftable,
    Pending,
    Step,
    sooner,
)
from splitbrain.harness.generators.lifting import lift

GeneratorFor = Callable[[Any], Liftable]
"""The generator for a key."""


def sequential_keys(keys: Sequence[Any], generator_for: GeneratorFor) -> Generator:
    """All clients on one key after another; ends with the last key's generator."""
    return ConcurrentKeys(None, keys, generator_for, None, 0, 0)


def concurrent_keys(
    clients_per_key: int, keys: Sequence[Any], generator_for: GeneratorFor
) -> Generator:
    """Groups of `clients_per_key` clients, each on a key of its own.

    A group whose key's generator is exhausted takes the next key that nobody had. ``range(10**9)``
    does for keys without end. Clients left over when the groups are formed do nothing.

    Raises:
        ValueError: `clients_per_key` is below 1.
    """
    if clients_per_key < 1:
        raise ValueError(
            f"concurrent_keys is given {clients_per_key} clients a key: give at least 1"
        )
    return ConcurrentKeys(clients_per_key, keys, generator_for, None, 0, 0)


@dataclass(frozen=True, slots=True)
class OnKey:
    """A generator whose values become ``[key, value]``."""

    key: Any
    generator: Generator

    def next(self, context: Context) -> Step | None:
        """The generator's answer, for this key."""
        step = self.generator.next(context)
        if step is None:
            return None
        answer, successor = step
        if isinstance(answer, Invocation):
            answer = replace(answer, value=[self.key, answer.value])
        return answer, OnKey(self.key, successor)

    def update(self, context: Context, event: Operation) -> Generator:
        """The generator sees its key's events, with the key taken off."""
        match event.value:
            case [key, value] if key == self.key:
                return OnKey(self.key, self.generator.update(context, replace(event, value=value)))
            case _:
                return self


@dataclass(frozen=True, slots=True)
class ConcurrentKeys:
    """See `concurrent_keys` and `sequential_keys`.

    Attributes:
        size: clients in a group; None for one group of all.
        keys: all keys.
        generator_for: makes the generator for a key.
        parts: what each group is doing; None for a group that found no key left; None for all
            before the first ask.
        used: how many keys have been handed out.
        turn: the group asked first.
    """

    size: int | None
    keys: Sequence[Any]
    generator_for: GeneratorFor
    parts: tuple[Generator | None, ...] | None
    used: int
    turn: int

    def next(self, context: Context) -> Step | None:
        """The first ready group's answer, the groups taking turns."""
        groups = self._groups(context)
        parts, used = self.parts, self.used
        if parts is None:
            parts, used = self._next_keys(len(groups))
        changed = list(parts)
        waiting: Pending | None = None
        for i in range(len(groups)):
            group = (self.turn + i) % len(groups)
            answer, changed[group], used = self._ask(
                changed[group], used, context.only(groups[group])
            )
            if isinstance(answer, Invocation):
                turn = (group + 1) % len(groups)
                return answer, replace(self, parts=tuple(changed), used=used, turn=turn)
            if answer is not None:
                waiting = answer if waiting is None else sooner(waiting, answer)
        if waiting is None:
            return None
        return waiting, replace(self, parts=tuple(changed), used=used)

    def _groups(self, context: Context) -> list[tuple[int, ...]]:
        members = context.members
        size = self.size or len(members)
        if len(members) < size:
            raise GeneratorError(
                f"concurrent_keys needs {size} clients a key, and there are {len(members)}: "
                "give the plan more clients, or the generator fewer a key"
            )
        return [members[i : i + size] for i in range(0, len(members) - size + 1, size)]

    def _next_keys(self, count: int) -> tuple[tuple[Generator | None, ...], int]:
        used = min(count, len(self.keys))
        started = [self._start(i) for i in range(used)]
        return (*started, *[None] * (count - used)), used

    def _start(self, position: int) -> Generator:
        key = self.keys[position]
        return OnKey(key, lift(self.generator_for(key)))

    def _ask(
        self, part: Generator | None, used: int, context: Context
    ) -> tuple[Invocation | Pending | None, Generator | None, int]:
        """A group's answer, from the next key with something to do if its own is exhausted."""
        while part is not None:
            step = part.next(context)
            if step is not None:
                return *step, used
            part = self._start(used) if used < len(self.keys) else None
            used += part is not None
        return None, None, used

    def update(self, context: Context, event: Operation) -> Generator:
        """The group whose client's event it is sees it."""
        if self.parts is None:
            return self
        client = context.client_of(event)
        for position, group in enumerate(self._groups(context)):
            part = self.parts[position]
            if client in group and part is not None:
                updated = part.update(context.only(group), event)
                parts = (*self.parts[:position], updated, *self.parts[position + 1 :])
                return replace(self, parts=parts)
        return self
