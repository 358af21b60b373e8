"""The ready callbacks of asyncio's loop that step tasks, in another order than they became ready.

Other callbacks keep their places: asyncio's own transports rely on their order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any


def task_of(handle: Any) -> Any:
    """The task of asyncio that a callback steps; None if it is another callback."""
    owner = getattr(handle._callback, "__self__", None)
    return owner if hasattr(owner, "get_coro") and not handle._cancelled else None


def reorder_tasks(ready: deque[Any], decide: Callable[[list[Any]], list[Any]]) -> list[Any]:
    """Let callbacks that step tasks change places; returns those that are held back.

    Args:
        ready: the loop's ready callbacks, changed in place.
        decide: puts those that step tasks, at least two, in the order in which they go on, and
            returns others that are left for another time.
    """
    positions = [i for i, handle in enumerate(ready) if task_of(handle) is not None]
    if len(positions) < 2:
        return []
    handles = [ready[position] for position in positions]
    held = decide(handles)
    for position, handle in zip(positions, [*handles, *held], strict=True):
        ready[position] = handle
    for handle in held:
        ready.remove(handle)
    return held
