"""What libraries send to a thread is done in place: one node has one thread, and so has the world.

trio's threads and the executors of asyncio's loop are answered elsewhere (`answers`,
`machine_calls`); here is anyio's `to_thread.run_sync`, by which FastAPI calls plain functions, and
the way back, `from_thread.run_sync`. `from_thread.run`, which waits for a coroutine, is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import trio

from splitbrain.harness.simulation.wires import replace, running_program


def replace_threads() -> None:
    """Put the stand-in in place until the running world ends, if anybody has imported anyio."""
    replace(trio.from_thread, "run_sync", _called_in_place(trio.from_thread.run_sync))
    to_thread: Any = sys.modules.get("anyio.to_thread")
    if to_thread is None:
        return
    from_thread: Any = sys.modules.get("anyio.from_thread")
    if from_thread is not None:
        replace(from_thread, "run_sync", _called_in_place(from_thread.run_sync))
    checkpoint, real = sys.modules["anyio.lowlevel"].checkpoint, to_thread.run_sync

    async def run_sync(function: Any, *arguments: Any, **named: Any) -> Any:
        if running_program() is None:
            return await real(function, *arguments, **named)
        await checkpoint()
        return function(*arguments)

    replace(to_thread, "run_sync", run_sync)


def _called_in_place(real: Callable[..., Any]) -> Callable[..., Any]:
    """What a thread would have the loop's own thread call: it is in that already."""

    def run_sync(function: Any, *arguments: Any, **named: Any) -> Any:
        if running_program() is None:
            return real(function, *arguments, **named)
        return function(*arguments)

    return run_sync
