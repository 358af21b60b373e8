"""What asyncio's own event loop asks of the machine, answered by a simulated host."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import trio

from splitbrain.harness.error_text import described
from splitbrain.harness.programs.numbered_tasks import NodeFuture, NodeTask
from splitbrain.harness.programs.waiting import place_in
from splitbrain.harness.simulation.incarnation import Incarnation


class MachineCalls(asyncio.SelectorEventLoop):
    """asyncio's loop, but for what touches the machine.

    Attributes:
        serial: numbers of tasks and futures.
    """

    serial: itertools.count[int]
    _process: Incarnation
    _names: itertools.count[int]
    _due: Callable[[], None] | None
    _end_run: Callable[[], None] | None

    def poke(self) -> None:
        """Something is ready: let the loop go on."""
        due, self._due = self._due, None
        if due is not None:
            due()

    def time(self) -> float:
        """The host's monotonic clock, in seconds."""
        return trio.current_time()

    def create_future(self) -> asyncio.Future[Any]:
        """See `asyncio.loop.create_future`."""
        return NodeFuture(loop=self)

    def create_task(self, coro: Any, *, name: object = None, **named: Any) -> Any:
        """See `asyncio.loop.create_task`; numbers in names begin anew in each process."""
        factory = self.get_task_factory()
        if factory is not None and factory is getattr(asyncio, "eager_task_factory", None):
            named.setdefault("eager_start", True)  # what it does, with tasks of ours
        elif factory is not None:
            return super().create_task(coro, name=name, **named)
        return NodeTask(coro, loop=self, name=name or f"Task-{next(self._names)}", **named)

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        """Call the function in place, as soon as what is ready has run."""
        future = self.create_future()

        def work() -> None:
            if future.cancelled():
                return
            self._process.acting_for = lambda: _waiter(future)
            try:
                result = func(*args)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the future tells it
                future.set_exception(error)
            else:
                future.set_result(result)
            finally:
                self._process.acting_for = None

        self.call_soon(work)
        return future

    def stop(self) -> None:
        """See `asyncio.loop.stop`: what waits in ``asyncio.run`` for ``main`` is told that it was
        stopped, so the program ends with that error; a client has no such ``main``.

        Raises:
            RuntimeError: its program does not run in this loop.
        """
        if self._end_run is None:
            raise RuntimeError(
                "loop.stop() has nothing to stop: a client's loop is driven by the harness"
            )
        self._end_run()

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is none."""

    def add_signal_handler(self, sig: int, callback: Any, *args: Any) -> None:  # type: ignore[override]
        """No signals reach a simulated process."""

    def remove_signal_handler(self, sig: int) -> bool:
        """See `add_signal_handler`."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What nobody has handled is in the trace, unless the program has a handler of its own."""
        if self._process.dead:
            return
        if self.get_exception_handler() is not None:
            super().call_exception_handler(context)
            return
        error = context.get("exception")
        told = described(error) if isinstance(error, BaseException) else ""
        self._process.trace("asyncio-error", str(context.get("message", "")), told)

    def _make_self_pipe(self) -> None:
        """No other thread wakes it."""

    def _close_self_pipe(self) -> None:
        """See `_make_self_pipe`."""

    def _write_to_self(self) -> None:
        self.poke()


def _waiter(future: asyncio.Future[Any]) -> str:
    """Where the task is that waits for a future."""
    for callback, _ in getattr(future, "_callbacks", None) or ():
        task = getattr(callback, "__self__", None)
        if isinstance(task, asyncio.Task) and (where := place_in(task.get_coro())):
            return where
    return ""
