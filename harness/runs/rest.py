"""What is measured of servers that nobody asks and nothing disturbs.

See `splitbrain.checkers.invariants.resting`, which judges it. Everything measured is a count, the
same in every process, so that it may stand in the history.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice
from types import FunctionType, MethodType, ModuleType
from typing import Any

CONTAINERS = (list, tuple, dict, set, frozenset, deque)

PLAIN = (str, bytes, int, float, bool, type(None))

MOST_LOOKED_AT = 2_000
"""Objects that are looked into."""

SAMPLE = 16
"""Items of a container that are looked into; the others are only counted."""


def items_held_by(server: object) -> int:
    """How many items the containers hold that can be reached from a server's object.

    A container's items are counted and a few of them looked into, so that a count costs little
    however much is held; what grows without end is some container, which is seen to grow.
    """
    seen: set[int] = {id(server)}
    waiting: deque[object] = deque([server])
    state: dict[type, bool] = {}  # whether what is of a type is looked into
    items = looked_at = 0
    while waiting and looked_at < MOST_LOOKED_AT:
        thing = waiting.popleft()
        looked_at += 1
        if isinstance(thing, CONTAINERS):
            items += len(thing)
        for inside in _inside(thing):
            kind = type(inside)
            is_state = state.get(kind)
            if is_state is None:
                is_state = state[kind] = not issubclass(kind, PLAIN) and not _is_code(kind)
            if is_state and (identity := id(inside)) not in seen:
                seen.add(identity)
                waiting.append(inside)
    return items


def _inside(thing: object) -> Iterable[object]:
    """What a server's state leads to next: a container's first items, and its last."""
    if isinstance(thing, dict):
        values = thing.values()
        if len(values) <= SAMPLE:
            return values
        return [*islice(values, SAMPLE), thing[next(reversed(thing))]]
    if isinstance(thing, list | tuple | deque):
        return thing if len(thing) <= SAMPLE else [*islice(thing, SAMPLE), thing[-1]]
    if isinstance(thing, set | frozenset):
        return ()  # an order that differs from process to process
    state = getattr(thing, "__dict__", None)
    return list(state.values()) if isinstance(state, dict) else _slots(thing)


_NO_STATE = ("splitbrain.harness.simulation", "splitbrain.harness.pictures", "trio.", "random")


def _slots(thing: object) -> list[object]:
    names = [
        name
        for kind in type(thing).__mro__
        for name in _as_names(kind.__dict__.get("__slots__", ()))
    ]
    missing = object()
    values = [getattr(thing, name, missing) for name in names if not name.startswith("__")]
    return [value for value in values if value is not missing]


def _as_names(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _is_code(kind: type) -> bool:
    """Whether things of this type are code, or what the harness gave the server, or what is only
    shown of it, which must not count: a run is shown or not."""
    return issubclass(kind, ModuleType | FunctionType | MethodType | type) or (
        kind.__module__.startswith(_NO_STATE)
    )


def measurement(counted: Mapping[str, Any], servers: Mapping[str, object]) -> dict[str, Any]:
    """One measurement, as the history has it.

    Args:
        counted: what the world counts (`splitbrain.harness.ground.World.count`).
        servers: the running servers' objects, by name.
    """
    told = {name: dict(counts) for name, counts in counted["servers"].items()}
    for name, server in servers.items():
        if name in told:
            told[name]["memory"] = items_held_by(server)
    return {"messages": counted["messages"], "servers": told}
