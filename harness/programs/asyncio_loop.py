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

from splitbrain.harness.programs.machine_calls import MachineCalls
from splitbrain.harness.programs.network.descriptors import SimulatedSelector, descriptors_of
from splitbrain.harness.programs.network.machine import machine_under
from splitbrain.harness.programs.ready_tasks import reorder_tasks, task_of
from splitbrain.harness.programs.waiting import place_in
from splitbrain.harness.runs.interruption import is_ctrl_c
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.watchdog import ROUNDS_AT_ONCE, Runaway

_T = TypeVar("_T")

_RESOLUTION_S = 1e-9
"""Timers that are due within so many seconds are due now."""

_ROUNDS_IN_A_ROW = 1000
"""So many rounds take no time, and then each so many take a moment, as they would anywhere."""

_ROUNDS_TAKE_S = 1e-5

_UNWINDING_TURNS = 200
"""How often a dead process's tasks are run until they are given up."""


class NodeLoop(MachineCalls):
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
        self._rounds = 0  # since nothing was ready
        self._exit: SystemExit | KeyboardInterrupt | None = None
        descriptors = descriptors_of(machine_under(process), process)
        self._sockets = SimulatedSelector(descriptors, self.poke)
        super().__init__(self._sockets)
        self._clock_resolution = _RESOLUTION_S

    # How the node drives it

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
        """Run callbacks until none is ready; False if they go round and round."""
        kept = self._enter()
        try:
            for _ in range(min(_ROUNDS_IN_A_ROW, ROUNDS_AT_ONCE)):
                if not self._has_work():
                    self._rounds = 0
                    return True
                self._rounds += 1
                try:
                    self._run_ready()
                except (SystemExit, KeyboardInterrupt) as error:
                    self._exits(error)
        finally:
            self._leave(kept)
        return False

    def _exits(self, error: SystemExit | KeyboardInterrupt) -> None:
        """A callback has called ``sys.exit``: the process ends, as under ``asyncio.run``."""
        if isinstance(error, KeyboardInterrupt) and is_ctrl_c(error):
            raise error
        self._exit = self._exit or error
        if self._end_run is not None:
            self._end_run()

    def _run_ready(self) -> None:
        """Run what is ready; if a fault says so in another order than asyncio's, and some later."""
        heap, disorder = self._process.host.world.heap, self._disorder
        if not disorder.any or self._process.dead:
            self._run_once()
            return
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
        while not self._turn():
            if self._rounds >= ROUNDS_AT_ONCE:
                self._run_away()
                await trio.sleep_forever()
            # Some libraries wait for what is left until a deadline, which may be nothing, and go
            # round until it has passed.
            await self._process.wait(_ROUNDS_TAKE_S)
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
            SystemExit: the program has called ``sys.exit``.
        """
        task = self.call(self._begun, main)
        try:
            await self._done(task, stoppable=True)
            if self._exit is None and not task.done():
                raise RuntimeError("Event loop stopped before Future completed.")
            if self._exit is None:
                task.result()
        finally:
            self._end_run = None
            if not self._process.dead:
                await self.wait(self._finish())
        if self._exit is not None:
            raise self._exit

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
