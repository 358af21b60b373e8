"""One trio run for each simulated node, stepped from outside; `GuestRun` does it trio's public way.

See `splitbrain.harness.simulation.trio_hooks` for why, and
`splitbrain.harness.simulation.trio_direct` for the fast way.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Awaitable, Callable, Collection, Generator
from math import inf
from typing import Any, Protocol

import outcome
import trio
from trio._core._traps import WaitTaskRescheduled

from splitbrain.harness.simulation.trio_hooks import Policy, Task, context, order, trio_sleep_until

Trap = WaitTaskRescheduled
"""What a task yields to wait: it holds the function that is called if the wait is cancelled."""


class _Woken:
    """An outcome of None that may be unwrapped more than once, so that one will do for all."""

    def unwrap(self) -> None:
        return None


WOKEN: Any = _Woken()
"""What a task receives that was woken and is told nothing."""


@types.coroutine
def park(trap: Any) -> Generator[Any, Any, None]:
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

    def step(self, rounds: int, now: float) -> float | None:
        """Run the node's tasks until none is runnable, or for so many rounds.

        Args:
            rounds: how many.
            now: the local time.

        Returns:
            `next_deadline`, or None if a task is runnable still.
        """
        ...

    def wake(self, task: Task) -> None:
        """Make a task that waits in `park` runnable."""
        ...

    def cancel(self) -> None:
        """Cancel the program, as at a kill."""
        ...

    @property
    def tasks(self) -> Collection[Task]:
        """All tasks that have not ended."""
        ...

    def next_task(self) -> Task | None:
        """A task that is runnable, or else the one that sleeps least; None if that isn't known."""
        ...

    def next_deadline(self) -> float:
        """The earliest local time at which a task's timeout or sleep ends; inf if there is none."""
        ...


class BaseRun:
    """What both kinds of run share: swapping the runner in and out."""

    sleep_until: Callable[[float], Awaitable[None]] = staticmethod(trio_sleep_until)

    async def sleep(self, seconds: float) -> None:
        """What `trio.sleep` does with a number above 0."""
        await self.sleep_until(self.runner.clock.current_time() + seconds)

    def __init__(self) -> None:
        self.done = False
        self.outcome: outcome.Outcome[object] | None = None
        self.policy: Policy | None = None
        self.moved: Callable[[Any, float], float] | None = None
        self.runner: Any = None
        self.generator_hooks: tuple[Any, Any] = (None, None)
        self._local: dict[str, Any] = context.__dict__

    def _setup(self, build: Callable[[], Any]) -> None:
        """Build the runner; keep the thread's own runner and generator hooks out of it."""
        outer_hooks = sys.get_asyncgen_hooks()
        saved = context.__dict__.pop("runner", None)
        # Cleared first: trio remembers the hooks it finds, and would chain every run to the one
        # before.
        sys.set_asyncgen_hooks(None, None)
        try:
            self.runner = build()
            self.generator_hooks = tuple(sys.get_asyncgen_hooks())  # type: ignore[assignment]
        finally:
            sys.set_asyncgen_hooks(*outer_hooks)
            context.__dict__.clear()
            if saved is not None:
                context.runner = saved

    def _enter(self) -> None:
        self._local["runner"] = self.runner
        order.run = self

    def _leave(self) -> None:
        self._local.clear()
        order.run = None

    def wake(self, task: Task) -> None:
        """See `NodeRun.wake`."""
        self.runner.reschedule(task, WOKEN)

    def cancel(self) -> None:
        """See `NodeRun.cancel`."""
        main = self.runner.main_task
        if main is not None and main.parent_nursery is not None:
            self._enter()
            try:
                main.parent_nursery.cancel_scope.cancel()
            finally:
                self._leave()

    @property
    def tasks(self) -> Collection[Task]:
        """See `NodeRun.tasks`."""
        tasks: Collection[Task] = self.runner.tasks
        return tasks

    def next_task(self) -> Task | None:
        """See `NodeRun.next_task`."""
        task: Task | None = self.runner.runq[0] if self.runner.runq else None
        return task

    def next_deadline(self) -> float:
        """See `NodeRun.next_deadline`."""
        deadline: float = self.runner.deadlines.next_deadline()
        return deadline


class GuestRun(BaseRun):
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
            return context.runner

        self._setup(start)

    def _finish(self, result: outcome.Outcome[object]) -> None:
        self.done = True
        self.outcome = result

    def step(self, rounds: int, now: float) -> float | None:
        """See `NodeRun.step`."""
        self._enter()
        try:
            # Our clocks let a guest sleep for no time at all, so it always has its next tick
            # pending.
            for _ in range(rounds):
                if self.done:
                    return inf
                self._pending.pop(0)()
                runner = self.runner
                if runner.runq or not runner.tasks or runner.entry_queue.size():
                    continue
                if (deadline := self.next_deadline()) > now:
                    return deadline
            return inf if self.done else None
        finally:
            self._leave()
