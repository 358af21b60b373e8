"""What is measured of servers that nobody asks and nothing disturbs.

See `splitbrain.checkers.invariants.at_rest`, which judges it. Everything measured is a count, the
same in every process, so that it may stand in the history.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
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
    items = looked_at = 0
    while waiting and looked_at < MOST_LOOKED_AT:
        thing = waiting.popleft()
        looked_at += 1
        if isinstance(thing, CONTAINERS):
            items += len(thing)
        for inside in _inside(thing):
            if id(inside) not in seen:
                seen.add(id(inside))
                waiting.append(inside)
    return items


def _inside(thing: object) -> list[object]:
    """What a server's state leads to next: never code, nor what the harness gave it."""
    if isinstance(thing, dict):
        found: list[object] = [*list(thing.values())[:SAMPLE], *list(thing.values())[-1:]]
    elif isinstance(thing, list | tuple | deque):
        found = [thing[i] for i in range(min(SAMPLE, len(thing)))] + [*thing][-1:]
    elif isinstance(thing, set | frozenset):
        found = []  # an order that differs from process to process
    else:
        state = getattr(thing, "__dict__", None)
        found = [*state.values()] if isinstance(state, dict) else _slots(thing)
    return [inside for inside in found if not isinstance(inside, PLAIN) and not _is_code(inside)]


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


def _is_code(thing: object) -> bool:
    return isinstance(thing, ModuleType | FunctionType | MethodType | type) or type(
        thing
    ).__module__.startswith(("splitbrain.harness.simulation", "trio.", "random"))


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
