"""asyncio's event loop in a thread of its own, for clients that are written for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

import trio

_T = TypeVar("_T")


class ThreadLoop:
    """One client's loop; it lives until `end`.

    Args:
        name: the client's.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"asyncio of {name}", daemon=True)
        self._thread.start()

    def call(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """What a function returns that is called in the loop; to be used if that takes no time."""

        async def called() -> _T:
            return function(*arguments)

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result()

    async def wait(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """What a coroutine returns that runs in the loop; the caller is a task of trio.

        To be cancelled meanwhile cancels it.
        """
        token, over = trio.lowlevel.current_trio_token(), trio.Event()
        future: Future[_T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)

        def told(_: Future[_T]) -> None:
            with suppress(trio.RunFinishedError):  # when nobody waits any more
                token.run_sync_soon(over.set)

        future.add_done_callback(told)
        try:
            await over.wait()
        except trio.Cancelled:
            future.cancel()
            raise
        return future.result()

    def end(self) -> None:
        """Cancel what still runs, and end the thread."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


async def _cancel_all() -> None:
    """Cancel all tasks of the loop but this one, and wait for their ends."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
