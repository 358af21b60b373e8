"""Plain data and functions as generators.

=====================================  ===========================================================
``None``                               exhausted
a `Generator`                          itself
``{"f": "write", "value": 1}``         that once, by any free client, or by the one in ``"client"``
an `Invocation`                        that once, by its client, at its time or as soon after it as
                                       the client is free
a list or tuple of these               one after the other (without waiting: see `phases`)
a function of the context              what it returns, lifted, to its end; then it is called again;
                                       None ends it
=====================================  ===========================================================

    lift([{"f": "write", "value": 1}, {"f": "read"}])
    limit(10, lambda context: {"f": "write", "value": context.random.randrange(5)})

Functions must be pure but for ``context.random``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history.operation import Operation
from splitbrain.harness.generators.base import (
    PENDING,
    Context,
    Exhausted,
    Generator,
    Invocation,
    Liftable,
    Pending,
    Step,
    Unmoved,
)

_ENTRIES = ("f", "value", "client")


def lift(source: Liftable) -> Generator:
    """The generator that a piece of plain data, or a function, stands for.

    Raises:
        TypeError: it is none of the things above.
    """
    if isinstance(source, Generator):
        return source
    if source is None:
        return Exhausted()
    if isinstance(source, Invocation):
        return One(source.f, source.value, source.client, source.time)
    if isinstance(source, Mapping):
        return _from_mapping(source)
    if isinstance(source, list | tuple):
        return InTurn(tuple(source))
    if callable(source):
        return Calling(source, None)
    raise TypeError(
        f"{source!r} is no generator: give a generator, a dict with 'f', an Invocation, "
        "a list of these, a function of the context, or None"
    )


def _from_mapping(source: Mapping[str, Any]) -> Generator:
    unknown = [name for name in source if name not in _ENTRIES]
    if unknown or not isinstance(source.get("f"), str):
        raise TypeError(
            f"{dict(source)!r} is no operation: give a string 'f' and, if need be, "
            "'value' and 'client'"
        )
    return One(source["f"], source.get("value"), source.get("client"), 0)


@dataclass(frozen=True, slots=True)
class One(Unmoved):
    """One operation, once; see `lift`."""

    f: str
    value: Any
    client: int | None
    time: int

    def next(self, context: Context) -> Step | None:
        """The operation, as soon as it is time and the client, or any, is free."""
        if context.time < self.time:
            return Pending(self.time), self
        if not context.free or not (self.client is None or self.client in context.free):
            return PENDING, self
        client = context.random.choice(context.free) if self.client is None else self.client
        return Invocation(context.time, client, self.f, self.value), Exhausted()


@dataclass(frozen=True, slots=True)
class InTurn:
    """One generator after the other, each starting when the one before is exhausted.

    Attributes:
        parts: all of them.
        position: which is next.
        current: what is left of the one before `position`, if it has started.
    """

    parts: tuple[Liftable, ...]
    position: int = 0
    current: Generator | None = None

    def next(self, context: Context) -> Step | None:
        """What the first that is not exhausted answers."""
        position, current = self.position, self.current
        while current is not None or position < len(self.parts):
            if current is None:
                current, position = lift(self.parts[position]), position + 1
            step = current.next(context)
            if step is not None:
                answer, successor = step
                return answer, InTurn(self.parts, position, successor)
            current = None
        return None

    def update(self, context: Context, event: Operation) -> Generator:
        """Only the current one sees events."""
        if self.current is None:
            return self
        return InTurn(self.parts, self.position, self.current.update(context, event))


@dataclass(frozen=True, slots=True)
class Calling:
    """What a function returns, and then what it returns when called again."""

    function: Callable[[Context], Liftable]
    current: Generator | None

    def next(self, context: Context) -> Step | None:
        """What the current result answers; calls the function when there is none or it is over.

        Raises:
            TypeError: two calls in a row returned something already exhausted, such as ``[]``: the
                function would be called for ever.
        """
        fresh = False
        current = self.current
        while True:
            if current is None:
                result = self.function(context)
                if result is None:
                    return None
                current, fresh = lift(result), True
            step = current.next(context)
            if step is not None:
                answer, successor = step
                return answer, Calling(self.function, successor)
            if fresh:
                raise TypeError(
                    f"{self.function!r} returned a generator of nothing: return None to end"
                )
            current = None

    def update(self, context: Context, event: Operation) -> Generator:
        """Only the current result sees events."""
        if self.current is None:
            return self
        return Calling(self.function, self.current.update(context, event))
