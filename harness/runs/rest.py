"""What is measured of servers that nobody asks and nothing disturbs.

See `splitbrain.checkers.invariants.resting`, which judges it. Everything measured is a count, the
same in every process, so that it may stand in the history.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from types import FunctionType, MethodType, ModuleType
from typing import Any

CONTAINERS = (list, tuple, dict, set, frozenset, deque)

PLAIN = (str, bytes, int, float, bool, type(None))

MOST_LOOKED_AT = 2_000
"""Objects that are looked into."""

SAMPLE = 16
"""Items of a container that are looked into; the others are only counted."""

Look = Callable[[Any], Iterable[object]]
"""What a thing leads to next."""


def items_held_by(server: object, looks: dict[type, Look | None] | None = None) -> int:
    """How many items the containers hold that can be reached from a server's object.

    A container's items are counted and a few of them looked into, so that a count costs little
    however much is held; what grows without end is some container, which is seen to grow.

    Args:
        server: the object.
        looks: how things are looked into, by type, as far as that is known by now; None for what is
            not: plain values and code.
    """
    looks = {} if looks is None else looks
    looks.update(dict.fromkeys(PLAIN))
    identify = object.__hash__  # `id`, which the interpreter tells every audit hook, takes longer
    seen: set[int] = {identify(server)}
    unknown = object()
    waiting = [server]  # in the order in which they are looked at
    items = 0
    for thing in waiting:
        if isinstance(thing, CONTAINERS):
            items += len(thing)
        look = looks.get(type(thing)) or _look(type(thing))
        for inside in look(thing):
            kind = type(inside)
            look_inside = looks.get(kind, unknown)
            if look_inside is unknown:
                plain = issubclass(kind, PLAIN) or _is_code(kind)
                look_inside = looks[kind] = None if plain else _look(kind)
            if look_inside is None or (identity := identify(inside)) in seen:
                continue
            if len(waiting) == MOST_LOOKED_AT:
                break
            seen.add(identity)
            waiting.append(inside)
    return items


def _look(kind: type) -> Look:
    """How things of this type are looked into."""
    if issubclass(kind, dict):
        return _values
    if issubclass(kind, (list, tuple, deque)):
        return _sample
    if issubclass(kind, (set, frozenset)):
        return _nothing  # an order that differs from process to process
    missing = object()
    slots = tuple(
        name
        for each in kind.__mro__
        for name in _as_names(each.__dict__.get("__slots__", ()))
        if not name.startswith("__")
    )

    def attributes(thing: Any) -> Iterable[object]:
        state = getattr(thing, "__dict__", None)
        if isinstance(state, dict):
            return list(state.values())
        values = [getattr(thing, name, missing) for name in slots]
        return [value for value in values if value is not missing]

    return attributes


def _values(thing: dict[Any, object]) -> Iterable[object]:
    values = thing.values()
    if len(values) <= SAMPLE:
        return values
    return [*islice(values, SAMPLE), thing[next(reversed(thing))]]


def _sample(thing: Sequence[object]) -> Iterable[object]:
    return thing if len(thing) <= SAMPLE else [*islice(thing, SAMPLE), thing[-1]]


def _nothing(thing: object) -> Iterable[object]:
    return ()


_NO_STATE = ("splitbrain.harness.simulation", "splitbrain.harness.pictures", "trio.", "random")


def _as_names(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _is_code(kind: type) -> bool:
    """Whether things of this type are code, or what the harness gave the server, or what is only
    shown of it, which must not count: a run is shown or not."""
    return issubclass(kind, (ModuleType, FunctionType, MethodType, type)) or (
        kind.__module__.startswith(_NO_STATE)
    )


def measurement(counted: Mapping[str, Any], servers: Mapping[str, object]) -> dict[str, Any]:
    """One measurement, as the history has it.

    Args:
        counted: what the world counts (`splitbrain.harness.ground.World.count`).
        servers: the running servers' objects, by name.
    """
    told = {name: dict(counts) for name, counts in counted["servers"].items()}
    looks: dict[type, Look | None] = {}
    for name, server in servers.items():
        if name in told:
            told[name]["memory"] = items_held_by(server, looks)
    return {"messages": counted["messages"], "servers": told}
