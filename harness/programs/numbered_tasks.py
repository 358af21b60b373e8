"""Tasks and futures of asyncio that hash by their number.

asyncio keeps them in sets, and goes through these when it cancels a group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from splitbrain.harness.programs.machine_calls import MachineCalls

_T = TypeVar("_T")


class NodeFuture(asyncio.Future[_T]):
    """A future that hashes by its number in its loop."""

    def __init__(self, *, loop: MachineCalls) -> None:
        super().__init__(loop=loop)
        self.serial = next(loop.serial)

    def __hash__(self) -> int:
        return self.serial


class NodeTask(asyncio.Task[_T]):
    """A task that hashes by its number in its loop."""

    def __init__(
        self, coroutine: Coroutine[Any, Any, _T], *, loop: MachineCalls, **named: Any
    ) -> None:
        self.serial = next(loop.serial)
        super().__init__(coroutine, loop=loop, **named)

    def __hash__(self) -> int:
        return self.serial


# What asyncio itself says of them, as in "Task exception was never retrieved", has their names.
NodeFuture.__name__ = NodeFuture.__qualname__ = "Future"
NodeTask.__name__ = NodeTask.__qualname__ = "Task"
