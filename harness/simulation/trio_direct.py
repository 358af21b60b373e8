"""A node's run stepped by our own loop: trio's batches in trio's order, two to three times as fast.

Compared with `splitbrain.harness.simulation.trio_runs.GuestRun` it polls no I/O, wakes tasks
without going through trio's checks, and sleeps without cancel scopes. Its traces are the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from math import inf
from typing import Any, Protocol

import outcome
import trio
import trio._core._run as trio_run
from trio._core._traps import CancelShieldedCheckpoint, WaitTaskRescheduled

from splitbrain.harness.runs.interruption import Stopped, is_ctrl_c
from splitbrain.harness.simulation.trio_hooks import Task, module, order
from splitbrain.harness.simulation.trio_runs import WOKEN, BaseRun, park


class RealIO(RuntimeError):
    """A simulated node used a real socket, file or thread through trio."""


class _NoIO:
    """An I/O manager without I/O: whoever waits for a real file descriptor gets an error."""

    def close(self) -> None:
        return None

    def force_wakeup(self) -> None:
        return None

    def statistics(self) -> None:
        return None

    def get_events(self, timeout: float) -> tuple[()]:
        return ()

    def process_events(self, events: object) -> None:
        return None

    def notify_closing(self, fd: object) -> None:
        return None

    async def wait_readable(self, fd: object) -> None:
        raise RealIO(
            "a simulated node waited for a real socket or file: use node.network and node.disk"
        )

    async def wait_writable(self, fd: object) -> None:
        raise RealIO(
            "a simulated node waited for a real socket or file: use node.network and node.disk"
        )


class _Wakeup:
    """Takes the place of the socket pair that wakes a run: within one thread a flag will do."""

    def __init__(self) -> None:
        self._flag = False
        self._waiting: Any = None

    def wakeup_thread_and_signal_safe(self) -> None:
        self._flag = True
        if self._waiting is not None:
            task, self._waiting = self._waiting, None
            task._runner.reschedule(task)

    async def wait_woken(self) -> None:
        while not self._flag:
            self._waiting = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._abort)
        self._flag = False

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._waiting = None
        return trio.lowlevel.Abort.SUCCEEDED

    def drain(self) -> None:
        self._flag = False

    def wakeup_on_signals(self) -> None:
        return None

    def close(self) -> None:
        return None


class _NoKeyboardInterrupt:
    """Ctrl-C stops the world, not one node: the run installs no handler."""

    handler = None

    def install(self, *arguments: object) -> None:
        return None

    def close(self) -> None:
        return None


def _runner_without_io(clock: trio.abc.Clock) -> Any:
    saved = module.TheIOManager, module.KIManager, module.Runner
    module.TheIOManager = _NoIO
    module.KIManager = _NoKeyboardInterrupt
    module.Runner = _runner_without_sockets
    try:
        return trio_run.setup_runner(clock, (), False, True)
    finally:
        module.TheIOManager, module.KIManager, module.Runner = saved


_trio_runner: Any = trio_run.Runner
_entry_queue: Any = module.EntryQueue


def _runner_without_sockets(**parts: Any) -> Any:
    return _trio_runner(entry_queue=_entry_queue(wakeup=_Wakeup()), **parts)


def _age(task: Task) -> int:
    return task._counter


def _is_ours(error: Stopped | KeyboardInterrupt) -> bool:
    return isinstance(error, Stopped) or is_ctrl_c(error)


class _Sleeper:
    """A task in `trio.sleep`, which yields this; `task` is None once it no longer waits."""

    __slots__ = ("task",)

    def __init__(self, task: Task) -> None:
        self.task: Task | None = task

    def abort_func(self, _: object) -> trio.lowlevel.Abort:
        self.task = None
        return trio.lowlevel.Abort.SUCCEEDED


class Steering(Protocol):
    """What a test does between the steps of a process's tasks."""

    def before(self, task: Task) -> None:
        """Called before each step of a task."""
        ...

    def after(self) -> None:
        """Called after it."""
        ...


class DirectRun(BaseRun):
    """A node's run stepped by our own loop: trio's batches and order, without its I/O polling.

    Attributes:
        steered: what is called between the steps of tasks, if a test wants that.
    """

    def __init__(self, program: Callable[[], Awaitable[object]], clock: trio.abc.Clock) -> None:
        super().__init__()
        self._clock = clock
        self._program = program
        self._sleepers: list[tuple[float, int, _Sleeper]] = []
        self._slept = 0
        self.steered: Steering | None = None
        self._setup(lambda: _runner_without_io(clock))

    async def sleep_until(self, deadline: float) -> None:
        """What `trio.sleep_until` does, without a cancel scope."""
        sleeper = _Sleeper(self._local["task"])
        self._slept += 1
        heappush(self._sleepers, (deadline, self._slept, sleeper))
        await park(sleeper)

    async def sleep(self, seconds: float) -> None:
        """What `trio.sleep` does with a number above 0."""
        sleeper = _Sleeper(self._local["task"])  # `sleep_until`, since most sleeps are these
        self._slept += 1
        heappush(self._sleepers, (self._clock.current_time() + seconds, self._slept, sleeper))
        await park(sleeper)

    def _wake_sleepers(self, now: float) -> None:
        sleepers = self._sleepers
        while sleepers and sleepers[0][0] <= now:
            sleeper = heappop(sleepers)[2]
            if sleeper.task is not None:
                self.wake(sleeper.task)

    def next_task(self) -> Task | None:
        """See `NodeRun.next_task`."""
        task = super().next_task()
        return task if task is not None or not self._sleepers else self._sleepers[0][2].task

    def next_deadline(self) -> float:
        """See `NodeRun.next_deadline`."""
        sleepers = self._sleepers
        while sleepers and sleepers[0][2].task is None:
            heappop(sleepers)
        deadlines = self.runner.deadlines
        deadline: float = deadlines.next_deadline() if deadlines._heap else inf
        return sleepers[0][0] if sleepers and sleepers[0][0] < deadline else deadline

    def _start(self) -> None:
        runner = self.runner
        runner.clock.start_clock()
        runner.init_task = runner.spawn_impl(
            runner.init, (self._program, ()), None, "<init>", system_task=True
        )

    def wake(self, task: Task) -> None:
        """See `NodeRun.wake`."""
        reschedule: Any = task
        reschedule._next_send_fn = task.coro.send
        reschedule._next_send = WOKEN
        reschedule._abort_func = None
        self.runner.runq.append(task)

    def step(self, rounds: int, now: float) -> float | None:
        """See `NodeRun.step`. All in one function: a node makes a thousand steps a second, and to
        call a function takes as long as what most of these would do."""
        runner, local = self.runner, self._local
        local["runner"] = runner  # what `_enter` and `_leave` do
        order.run = self
        try:
            if runner.init_task is None:
                self._start()
            queue, deadlines, sleepers = runner.runq, runner.deadlines, self._sleepers
            steered, idle = self.steered, False  # idle also if all sleep, but not for long
            for _ in range(rounds):
                timers = deadlines._heap
                if timers and timers[0][0] <= now:
                    deadlines.expire(now)
                if sleepers and sleepers[0][0] <= now:
                    self._wake_sleepers(now)
                if not queue:
                    if not runner.waiting_for_idle:
                        idle = True
                        break
                    self._wake_idle()
                batch = [queue.popleft()]
                if queue:
                    batch = self._batch(batch[0])
                while batch:
                    task = batch.pop()
                    if steered is not None:
                        steered.before(task)
                    local["task"] = task
                    function, value = task._next_send_fn, task._next_send
                    task._next_send_fn = task._next_send = None
                    try:
                        message = task.context.run(function, value)
                    except BaseException as error:
                        if self._ended(task, error):
                            raise
                    else:
                        task._schedule_points += 1
                        kind = type(message)
                        if kind is WaitTaskRescheduled or kind is _Sleeper:
                            task._cancel_points += 1
                            task._abort_func = message.abort_func
                            if task._cancel_status.effectively_cancelled:
                                task._attempt_delivery_of_any_pending_cancel()
                        elif message is CancelShieldedCheckpoint:
                            runner.reschedule(task)
                        else:
                            self._reject(task, message)
                    del local["task"]
                    if steered is not None:
                        steered.after()
            if not runner.tasks:
                self.done = True
                self.outcome = runner.main_task_outcome
                runner.close()
            return self.next_deadline() if idle else None
        finally:
            local.clear()
            order.run = None

    def _batch(self, first: Task) -> list[Task]:
        """This task and all others that are runnable, in the policy's order, the next one last."""
        queue = self.runner.runq
        batch = sorted((first, *queue), key=_age)
        queue.clear()
        if self.policy is not None:  # a task may have set another just now
            self.policy(batch)
        return batch

    def _wake_idle(self) -> None:
        """Wake who waits in `trio.testing.wait_all_tasks_blocked`: nothing else is runnable."""
        waiting = self.runner.waiting_for_idle
        (cushion, _), _ = waiting.peekitem(0)
        while waiting and waiting.keys()[0][0] == cushion:
            self.runner.reschedule(waiting.popitem(0)[1])

    def _ended(self, task: Any, error: BaseException) -> bool:
        """A task has returned, or raised an error; whether that is to stop the world instead of
        being an error of the node that happened to run."""
        final: outcome.Outcome[object]
        if isinstance(error, StopIteration):
            final = outcome.Value(error.value)
        else:
            trace = error.__traceback__
            final = outcome.Error(error.with_traceback(trace.tb_next if trace else None))
        self.runner.task_exited(task, final)
        return isinstance(error, Stopped | KeyboardInterrupt) and _is_ours(error)

    def _reject(self, task: Any, message: object) -> None:
        error = TypeError(
            f"a simulated node awaited something that is not trio's: {message!r} (asyncio code?)"
        )
        self.runner.reschedule(task, error)
        task._next_send_fn = task.coro.throw
