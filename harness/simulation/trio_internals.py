"""The only file that touches trio's private names, and why it has to.

A simulated node is one trio run of its own: ``trio.sleep``, ``trio.move_on_after`` and
``trio.current_time`` in its code then follow that node's clock, pausing the node is not stepping
its run, and killing it is cancelling its run. trio offers `trio.lowlevel.start_guest_run` for a
run that somebody else drives, and `GuestRun` uses it. Three things are not public, and each is
named once, here:

* **Deterministic scheduling.** trio randomizes the order of runnable tasks on purpose. With
  ``_ALLOW_DETERMINISTIC_SCHEDULING`` it sorts them by age first and then asks ``_r.shuffle``;
  both are replaced while a world runs, so the order is ours (hypothesis and pytest-trio use the
  same hook).
* **Several runs in one thread.** A thread has one current runner, ``GLOBAL_RUN_CONTEXT.runner``;
  it is swapped when the world steps another node.
* **Speed.** A guest run polls the operating system for I/O in each step. `DirectRun` builds the
  runner with an I/O manager that has none and steps its tasks itself: the same batches in the
  same order, two to three times as fast. The tests run the same plans under both and compare the
  traces.

`check_trio` fails loudly, with trio's version, if any of these names is gone or no longer works so.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import outcome
import sniffio
import trio
import trio._core._run as trio_run
import trio._threads as trio_threads
from trio._core._traps import CancelShieldedCheckpoint, WaitTaskRescheduled

Task = trio.lowlevel.Task
Policy = Callable[[list[Task]], None]
"""Reorders a batch of runnable tasks in place; the last one runs first."""

THREAD_STARTER = (trio_threads, "start_thread_soon")
"""Where `trio.to_thread` gets its threads, some of them started long ago."""

_module: Any = trio_run
_context: Any = trio_run.GLOBAL_RUN_CONTEXT


class UnsupportedTrio(RuntimeError):
    """This version of trio no longer has what the simulator builds on."""


class RealIO(RuntimeError):
    """A simulated node used a real socket, file or thread through trio."""


class _Order:
    """Takes the place of trio's random generator; `policy` is the running node's."""

    def __init__(self) -> None:
        self.policy: Policy | None = None

    def shuffle(self, batch: list[Task]) -> None:
        if self.policy is not None and len(batch) > 1:
            self.policy(batch)

    def random(self) -> float:
        return 0.9

    def uniform(self, low: float, high: float) -> float:
        return low


_order = _Order()


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


WOKEN: outcome.Outcome[None] = outcome.Value(None)
"""What a task that was woken by `NodeRun.wake` receives; not unwrapped, so one will do for all."""


@types.coroutine
def park(trap: WaitTaskRescheduled) -> Generator[WaitTaskRescheduled, Any, None]:
    """Wait until `NodeRun.wake` is called for this task, or it is cancelled.

    What `trio.lowlevel.wait_task_rescheduled` does, at half the cost: messages and disk go
    through here.
    """
    result = yield trap
    if result is not WOKEN:
        result.unwrap()


class NodeRun(Protocol):
    """One node's trio run, stepped from outside.

    Attributes:
        done: the program has ended and the run is unwound.
        outcome: how it ended, once done.
        policy: the order of its runnable tasks.
    """

    done: bool
    outcome: outcome.Outcome[object] | None
    policy: Policy | None

    def step(self, rounds: int) -> bool:
        """Run the node's tasks until none is runnable, or for so many rounds; True if none is."""
        ...

    def wake(self, task: Task) -> None:
        """Make a task that waits in `park` runnable."""
        ...

    def cancel(self) -> None:
        """Cancel the program, as at a kill."""
        ...

    def next_deadline(self) -> float:
        """The earliest local time at which a task's timeout or sleep ends; inf if there is none."""
        ...


class _BaseRun:
    """What both kinds of run share: swapping the runner in and out."""

    def __init__(self) -> None:
        self.done = False
        self.outcome: outcome.Outcome[object] | None = None
        self.policy: Policy | None = None
        self.runner: Any = None
        self._hooks: tuple[Any, Any] = (None, None)

    def _setup(self, build: Callable[[], Any]) -> None:
        """Build the runner; keep the thread's own runner and generator hooks out of it."""
        outer_hooks = sys.get_asyncgen_hooks()
        saved = _context.__dict__.pop("runner", None)
        # Cleared first: trio remembers the hooks it finds, and would chain every run to the one
        # before.
        sys.set_asyncgen_hooks(None, None)
        try:
            self.runner = build()
            self._hooks = tuple(sys.get_asyncgen_hooks())  # type: ignore[assignment]
        finally:
            sys.set_asyncgen_hooks(*outer_hooks)
            _context.__dict__.clear()
            if saved is not None:
                _context.runner = saved

    def _enter(self) -> None:
        _context.runner = self.runner
        _order.policy = self.policy
        sys.set_asyncgen_hooks(*self._hooks)

    def _leave(self) -> None:
        _context.__dict__.clear()
        _order.policy = None

    def wake(self, task: Task) -> None:
        """See `NodeRun.wake`."""
        self.runner.reschedule(task, WOKEN)

    def cancel(self) -> None:
        main = self.runner.main_task
        if main is not None and main.parent_nursery is not None:
            self._enter()
            try:
                main.parent_nursery.cancel_scope.cancel()
            finally:
                self._leave()

    def next_deadline(self) -> float:
        deadline: float = self.runner.deadlines.next_deadline()
        return deadline


class GuestRun(_BaseRun):
    """A node's run through trio's public guest mode: slower, and the measure of `DirectRun`."""

    def __init__(self, program: Callable[[], Awaitable[object]], clock: trio.abc.Clock) -> None:
        super().__init__()
        self._clock = clock
        self._pending: list[Callable[[], object]] = []

        def start() -> Any:
            trio.lowlevel.start_guest_run(
                program,
                run_sync_soon_threadsafe=self._pending.append,
                run_sync_soon_not_threadsafe=self._pending.append,
                done_callback=self._finish,
                host_uses_signal_set_wakeup_fd=True,
                restrict_keyboard_interrupt_to_checkpoints=True,
                clock=clock,
            )
            return _context.runner

        self._setup(start)

    def _finish(self, result: outcome.Outcome[object]) -> None:
        self.done = True
        self.outcome = result

    def step(self, rounds: int) -> bool:
        """See `NodeRun.step`."""
        self._enter()
        try:
            # Our clocks let a guest sleep for no time at all, so it always has its next tick
            # pending.
            for _ in range(rounds):
                if self.done:
                    return True
                self._pending.pop(0)()
                runner = self.runner
                if runner.runq or not runner.tasks or runner.entry_queue.size():
                    continue
                if self.next_deadline() > self._clock.current_time():
                    return True
            return self.done
        finally:
            self._leave()


def _runner_without_io(clock: trio.abc.Clock) -> Any:
    saved = _module.TheIOManager, _module.KIManager
    _module.TheIOManager = _NoIO
    _module.KIManager = _NoKeyboardInterrupt
    try:
        runner = trio_run.setup_runner(clock, (), False, True)
    finally:
        _module.TheIOManager, _module.KIManager = saved
    runner.entry_queue.wakeup.close()
    runner.entry_queue.wakeup = _Wakeup()  # type: ignore[assignment]
    return runner


def _age(task: Task) -> int:
    return task._counter


class DirectRun(_BaseRun):
    """A node's run stepped by our own loop: trio's batches and order, without its I/O polling."""

    def __init__(self, program: Callable[[], Awaitable[object]], clock: trio.abc.Clock) -> None:
        super().__init__()
        self._clock = clock
        self._program = program
        self._setup(lambda: _runner_without_io(clock))

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

    def step(self, rounds: int) -> bool:
        """See `NodeRun.step`."""
        runner = self.runner
        self._enter()
        try:
            if runner.init_task is None:
                self._start()
            queue, deadlines, now = runner.runq, runner.deadlines, self._clock.current_time()
            timers = deadlines._heap
            for _ in range(rounds):
                if timers and timers[0][0] <= now:
                    deadlines.expire(now)
                if not queue:
                    if not runner.waiting_for_idle:
                        break
                    self._wake_idle()
                if len(queue) == 1:
                    self._step_task(queue.popleft())
                    continue
                batch = sorted(queue, key=_age)
                queue.clear()
                _order.shuffle(batch)
                while batch:
                    self._step_task(batch.pop())
            if not runner.tasks:
                self.done = True
                self.outcome = runner.main_task_outcome
                runner.close()
            return not queue
        finally:
            self._leave()

    def _wake_idle(self) -> None:
        """Wake who waits in `trio.testing.wait_all_tasks_blocked`: nothing else is runnable."""
        waiting = self.runner.waiting_for_idle
        (cushion, _), _ = waiting.peekitem(0)
        while waiting and waiting.keys()[0][0] == cushion:
            self.runner.reschedule(waiting.popitem(0)[1])

    def _step_task(self, task: Any) -> None:
        """One step of one task: trio's own, case by case."""
        runner = self.runner
        _context.task = task
        function, value = task._next_send_fn, task._next_send
        task._next_send_fn = task._next_send = None
        final: outcome.Outcome[object] | None = None
        message: Any = None
        try:
            message = task.context.run(function, value)
        except StopIteration as stop:
            final = outcome.Value(stop.value)
        except KeyboardInterrupt:
            raise  # Ctrl-C stops the world; it is not an error of the node that happened to run
        except BaseException as error:  # noqa: BLE001 - it goes to the nursery
            trace = error.__traceback__
            final = outcome.Error(error.with_traceback(trace.tb_next if trace else None))
        if final is not None:
            runner.task_exited(task, final)
        else:
            task._schedule_points += 1
            if type(message) is WaitTaskRescheduled:
                task._cancel_points += 1
                task._abort_func = message.abort_func
                if task._cancel_status.effectively_cancelled:
                    task._attempt_delivery_of_any_pending_cancel()
            elif message is CancelShieldedCheckpoint:
                runner.reschedule(task)
            else:
                self._reject(task, message)
        del _context.task

    def _reject(self, task: Any, message: object) -> None:
        error = TypeError(
            f"a simulated node awaited something that is not trio's: {message!r} (asyncio code?)"
        )
        self.runner.reschedule(task, error)
        task._next_send_fn = task.coro.throw


@contextmanager
def deterministic_scheduling() -> Iterator[None]:
    """While active, trio's scheduling order is decided by the running node's policy alone.

    Raises:
        UnsupportedTrio: this trio has no such hook.
        RuntimeError: called from inside a trio run.
    """
    check_trio()
    if trio.lowlevel.in_trio_run():
        raise RuntimeError(
            "a simulation was started inside a running trio program: call it from synchronous code"
        )
    saved = _module._ALLOW_DETERMINISTIC_SCHEDULING, _module._r
    hooks = sys.get_asyncgen_hooks()
    library = sniffio.thread_local.name
    _module._ALLOW_DETERMINISTIC_SCHEDULING = True
    _module._r = _order
    sniffio.thread_local.name = "trio"
    try:
        yield
    finally:
        _module._ALLOW_DETERMINISTIC_SCHEDULING, _module._r = saved
        sniffio.thread_local.name = library
        sys.set_asyncgen_hooks(*hooks)


_NAMES = {
    trio_run: (
        "_ALLOW_DETERMINISTIC_SCHEDULING",
        "_r",
        "GLOBAL_RUN_CONTEXT",
        "TheIOManager",
        "KIManager",
        "setup_runner",
    ),
    trio_run.Task: (
        "_counter",
        "_next_send_fn",
        "_next_send",
        "_abort_func",
        "_cancel_status",
        "_attempt_delivery_of_any_pending_cancel",
    ),
    trio_run.Runner: ("reschedule", "spawn_impl", "task_exited", "init", "close"),
    trio_run.Deadlines: ("expire", "next_deadline", "_heap"),
    trio_threads: ("start_thread_soon",),
}


def check_trio() -> None:
    """Check that trio still has every private name used here.

    Raises:
        UnsupportedTrio: a name is gone; the message says which, and trio's version.
    """
    for owner, names in _NAMES.items():
        fields = set(dir(owner)) | set(getattr(owner, "__annotations__", ()))
        for name in names:
            if name not in fields:
                raise UnsupportedTrio(
                    f"trio {trio.__version__} has no {getattr(owner, '__name__', owner)}.{name}: "
                    "install a trio between 0.29 and 0.35, or a newer splitbrain"
                )
