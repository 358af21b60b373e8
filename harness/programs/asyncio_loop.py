"""asyncio's own event loop on a simulated host: its sockets, its clock, and nobody waits.

The loop is `asyncio.SelectorEventLoop` as it is: transports, streams, TLS and servers are Python's
own code. Only what touches the machine is another's: its selector asks the simulated sockets, its
clock is the host's, what goes to a thread is done in place, and signals never come. It runs inside
a task of the node's trio run (`NodeLoop.drive`), which sleeps when no callback is ready; so a
pause, a kill, a watchdog and a clock's rate strike it as they strike any node.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import itertools
import sys
from collections.abc import Callable, Coroutine
from heapq import heappop
from math import inf
from threading import get_ident
from typing import Any, TypeVar

import sniffio
import trio

from splitbrain.harness.error_text import described
from splitbrain.harness.programs.network.descriptors import SimulatedSelector, descriptors_of
from splitbrain.harness.programs.network.machine import machine_under
from splitbrain.harness.programs.numbered_tasks import NodeFuture, NodeTask
from splitbrain.harness.programs.ready_tasks import reorder_tasks, task_of
from splitbrain.harness.programs.waiting import place_in
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.watchdog import ROUNDS_AT_ONCE, Runaway

_T = TypeVar("_T")

_RESOLUTION_S = 1e-9
"""Timers that are due within so many seconds are due now."""

_UNWINDING_TURNS = 200
"""How often a dead process's tasks are run until they are given up."""


class NodeLoop(asyncio.SelectorEventLoop):
    """The event loop of one process.

    Attributes:
        serial: numbers of tasks and futures.
    """

    # Private names of `asyncio.BaseEventLoop`, the same from Python 3.11 to 3.14.
    _ready: Any
    _scheduled: Any
    _timer_cancelled_count: int
    _thread_id: Any
    _run_once: Any
    _asyncgen_firstiter_hook: Any
    _asyncgen_finalizer_hook: Any

    def __init__(self, process: Incarnation) -> None:
        self.serial = itertools.count(1)
        self._process = process
        self._disorder = process.host.program_rules
        self._due: Callable[[], None] | None = None
        self._alarm, self._alarms = inf, 0
        process.on_rate = self._reset_timer
        self._names = itertools.count(1)
        self._end_run: Callable[[], None] | None = None  # ends the wait for ``main``
        descriptors = descriptors_of(machine_under(process), process)
        self._sockets = SimulatedSelector(descriptors, self.poke)
        super().__init__(self._sockets)
        self._clock_resolution = _RESOLUTION_S

    # What asyncio asks of the machine

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
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001 - the future tells it
                future.set_exception(error)
            else:
                future.set_result(result)

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

    # How the node drives it

    def poke(self) -> None:
        """Something is ready: let the loop go on."""
        due, self._due = self._due, None
        if due is not None:
            due()

    def _arm(self, due: Callable[[], None]) -> None:
        self._due = due

    def _enter(self) -> tuple[Any, str | None]:
        """Be the running loop, for asyncio and for all who ask which library they are under;
        returns what `_leave` puts back."""
        kept = sys.get_asyncgen_hooks(), sniffio.thread_local.name
        sys.set_asyncgen_hooks(self._asyncgen_firstiter_hook, self._asyncgen_finalizer_hook)
        sniffio.thread_local.name = "asyncio"
        self._thread_id = get_ident()
        asyncio._set_running_loop(self)
        return kept

    def _leave(self, kept: tuple[Any, str | None]) -> None:
        asyncio._set_running_loop(None)
        self._thread_id = None
        hooks, sniffio.thread_local.name = kept
        sys.set_asyncgen_hooks(*hooks)

    def _turn(self) -> bool:
        """Run callbacks until none is ready; False if they go round without end."""
        kept = self._enter()
        try:
            for _ in range(ROUNDS_AT_ONCE):
                if not self._has_work():
                    return True
                if self._disorder.any and not self._process.dead:
                    self._run_disordered()
                else:
                    self._run_once()
        finally:
            self._leave(kept)
        return False

    def _run_disordered(self) -> None:
        """Run tasks in another order than asyncio's, and some of them later."""
        heap, disorder = self._process.host.world.heap, self._disorder
        held = reorder_tasks(self._ready, lambda ready: disorder.reorder(ready, task_of))
        self._run_once()
        for handle in reversed(held):
            if seconds := disorder.pause():
                heap.after(seconds, self._go_on, handle)
            else:
                self._ready.appendleft(handle)

    def _go_on(self, held: Any) -> None:
        self._ready.append(held)
        self.poke()

    def _has_work(self) -> bool:
        if self._ready or self._sockets.pending:
            return True
        return self._next_timer() < self.time() + _RESOLUTION_S

    def _next_timer(self) -> float:
        """When the earliest timer is due; inf if there is none."""
        scheduled = self._scheduled
        while scheduled and scheduled[0]._cancelled:
            heappop(scheduled)._scheduled = False
            self._timer_cancelled_count -= 1
        when: float = scheduled[0]._when if scheduled else inf
        return when

    async def drive(self) -> None:
        """Run the loop, as a task of the node's trio run; when that is cancelled, unwind it."""
        try:
            while True:
                await self._turn_and_rest()
        finally:
            with trio.CancelScope(shield=True):
                await self._unwind()

    async def _turn_and_rest(self) -> None:
        if not self._turn():
            self._run_away()
            await trio.sleep_forever()
        self._set_timer()
        await self._process.wait_for(self._arm)

    def _set_timer(self) -> None:
        """Have the world ring when the earliest timer is due; by its heap, which costs less than a
        timeout of trio's."""
        when = self._next_timer()
        if when != self._alarm:
            self._alarm = when
            self._alarms += 1
            if when != inf:
                host = self._process.host
                host.world.heap.at(host.clock.true_time(when), self._ring, self._alarms)

    def _reset_timer(self) -> None:
        """The host's clock runs at another rate now."""
        self._alarm = inf
        self._set_timer()

    def _ring(self, alarm: int) -> None:
        if alarm == self._alarms and not self._process.dead:
            self._alarm = inf
            try:
                self._process.spend()
            except Runaway as error:
                self._process.host.stuck(error)
            else:
                self.poke()

    def _run_away(self) -> None:
        """It goes round and round: have the process ended, and say so."""
        places = (place_in(task.get_coro()) for task in self._tasks())
        where = next(filter(None, places), "a callback")
        error = Runaway(
            f"{self._process.name} ran {ROUNDS_AT_ONCE:,} rounds of asyncio's loop without waiting "
            f"for time or messages, at {where}"
        )
        world, host = self._process.host.world, self._process.host
        world.tripped(self._process, error)
        world.heap.after(0.0, host.stuck, error)

    def _tasks(self) -> list[Any]:
        """All tasks that have not ended, the oldest first."""
        return sorted(asyncio.all_tasks(self), key=hash)

    async def _unwind(self) -> None:
        """Cancel what is left of a process that has ended.

        A killed process's tasks could do nothing any more. Those that refuse to end, as asyncio's
        may, are kept for ever: were they collected, their ``finally`` blocks would run anywhere.
        """
        for task in self._tasks():
            task.cancel()
        for _ in range(_UNWINDING_TURNS):
            self._turn()
            if not self._tasks() or self._next_timer() == inf:
                break
            await trio.sleep_until(self._next_timer())  # in limbo, where time passes as they wait
        for task in self._tasks():
            task._log_destroy_pending = False
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(task))
        self.close()

    # What tasks of trio ask of it

    def call(self, function: Callable[..., _T], *arguments: Any) -> _T:
        """Call a function as if from a callback."""
        kept = self._enter()
        try:
            result = function(*arguments)
        finally:
            self._leave(kept)
        self.poke()
        return result

    async def wait(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine as a task of the loop and wait for it, from a task of trio.

        Cancelling the waiter cancels the task, and waits for it to end; not if the process is dead.
        """
        task = self.call(self._begun, coroutine)
        await self._done(task)
        result: _T = task.result()
        return result

    async def _done(self, task: asyncio.Task[Any], *, stoppable: bool = False) -> None:
        """Wait for a task of the loop, or until `stop` is called."""
        try:
            await self._ended(task, stoppable)
        except trio.Cancelled:
            task.cancel()
            if not self._process.dead:
                with trio.CancelScope(shield=True):
                    await self._ended(task)
            raise

    def _begun(self, coroutine: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        task: asyncio.Task[_T] = self.create_task(coroutine, context=contextvars.Context())
        return task

    async def _ended(self, task: asyncio.Task[Any], stoppable: bool = False) -> None:
        if task.done():
            await trio.lowlevel.checkpoint()
            return

        def arm(due: Callable[[], None]) -> None:
            if stoppable:
                self._end_run = due
            task.add_done_callback(lambda _: due())
            self.poke()

        await self._process.wait_for(arm)

    async def run(self, main: Coroutine[Any, Any, object]) -> None:
        """What `asyncio.run` does, as a task of trio.

        Raises:
            RuntimeError: the program has stopped its loop.
        """
        task = self.call(self._begun, main)
        try:
            await self._done(task, stoppable=True)
            if not task.done():
                raise RuntimeError("Event loop stopped before Future completed.")
            task.result()
        finally:
            self._end_run = None
            if not self._process.dead:
                await self.wait(self._finish())

    async def _finish(self) -> None:
        """Cancel what still runs, and wait for it."""
        own = asyncio.current_task(self)
        others = [task for task in self._tasks() if task is not own]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.shutdown_asyncgens()


def loop_of(
    process: Incarnation, make: Callable[[Incarnation], NodeLoop] | None = None
) -> NodeLoop:
    """The process's event loop, begun if it has none; it ends with the process.

    Args:
        process: whose it is.
        make: makes another loop than `NodeLoop`.
    """
    machine = machine_under(process)
    descriptors = descriptors_of(machine, process)
    if descriptors.loop is None:
        descriptors.loop = (make or NodeLoop)(process)
        trio.lowlevel.spawn_system_task(descriptors.loop.drive)
    loop = descriptors.loop
    assert isinstance(loop, NodeLoop)
    return loop
