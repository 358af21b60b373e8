"""asyncio's loop of a process whose course a test decides (`splitbrain.harness.exploring`)."""

from __future__ import annotations

import inspect
from asyncio import Handle, TimerHandle
from collections.abc import Callable
from heapq import heapify
from typing import Any

from splitbrain.harness.exploring.course import Course
from splitbrain.harness.programs.asyncio_loop import NodeLoop
from splitbrain.harness.programs.ready_tasks import task_of
from splitbrain.harness.simulation.incarnation import Incarnation

_MAIN = "Task-1"
"""The task of the test itself, which nobody cancels."""


class SteeredLoop(NodeLoop):
    """A loop that asks a course what goes on next, and what happens."""

    def __init__(self, process: Incarnation, course: Course) -> None:
        super().__init__(process)
        self._course = course

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> TimerHandle:  # type: ignore[override]
        """See `asyncio.loop.call_at`; it may be late, and a timeout early."""
        when = self._course.timer(self.time(), when, limits=_limits(callback))
        return super().call_at(when, callback, *args, context=context)

    def _run_once(self) -> None:
        allowed = self._course.disturbances.allowed
        if allowed.timeouts:
            self._strike()
        if allowed.cancel:
            self._cancel()
        held = self._course.schedule.reorder(self._ready)
        ready = list(self._ready)
        watched = self._course.watched
        if watched is not None and watched.any:
            looks = [Handle(self._look, (handle,), self) for handle in ready]
            self._ready.clear()
            for pair in zip(looks, ready, strict=True):
                self._ready.extend(pair)
        elif self._course.interleaving.kept:
            for handle in ready:
                self._note(handle)
        super()._run_once()
        self._course.stepped()
        self._ready.extendleft(reversed(held))

    def _look(self, handle: Handle) -> None:
        """Between two tasks: see what the one has done, and note that the other goes on."""
        self._course.stepped()
        self._note(handle)

    def _note(self, handle: Handle) -> None:
        if self._course.interleaving.kept and (task := task_of(handle)) is not None:
            self._course.interleaving.goes_on(task)

    def _strike(self) -> None:
        """Let timeouts strike that would do so later."""
        pending = [h for h in self._scheduled if not h._cancelled and _limits(h._callback)]
        now = self.time()
        for timer in sorted(pending, key=lambda handle: handle._when):
            if self._course.strikes():
                timer._when = now
                heapify(self._scheduled)

    def _cancel(self) -> None:
        for task in self._tasks():
            coroutine = task.get_coro()
            function = getattr(coroutine, "__name__", "")
            if task.get_name() == _MAIN or not self._course.may_cancel(task, function):
                continue
            if inspect.getcoroutinestate(coroutine) != inspect.CORO_SUSPENDED:
                continue
            if self._course.cancels(task):
                task.cancel()


def _limits(callback: Callable[..., Any]) -> bool:
    """Whether a timer's callback ends a timeout, of asyncio's own or of libraries like it."""
    owner = getattr(callback, "__self__", None)
    if owner is not None:
        return type(owner).__name__ == "Timeout" and callback.__name__ == "_on_timeout"
    return getattr(callback, "__name__", "") == "_release_waiter"
