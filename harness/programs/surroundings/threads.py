"""What libraries send to a thread is done in place: one node has one thread, and so has the world.

trio's threads and the executors of asyncio's loop are answered elsewhere (`answers`,
`asyncio_loop`); here is anyio's `to_thread.run_sync`, by which FastAPI calls plain functions.
"""

from __future__ import annotations

import sys
from typing import Any

from splitbrain.harness.simulation.wires import replace, running_program


def replace_threads() -> None:
    """Put the stand-in in place until the running world ends, if anybody has imported anyio."""
    to_thread: Any = sys.modules.get("anyio.to_thread")
    if to_thread is None:
        return
    checkpoint, real = sys.modules["anyio.lowlevel"].checkpoint, to_thread.run_sync

    async def run_sync(function: Any, *arguments: Any, **named: Any) -> Any:
        if running_program() is None:
            return await real(function, *arguments, **named)
        await checkpoint()
        return function(*arguments)

    replace(to_thread, "run_sync", run_sync)
