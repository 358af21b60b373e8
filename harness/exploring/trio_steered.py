"""trio's run of a process whose course a test decides (`splitbrain.harness.exploring`)."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

import trio

from splitbrain.harness.exploring.course import Course
from splitbrain.harness.exploring.naming import function_of
from splitbrain.harness.simulation.trio_direct import DirectRun


class SteeredRun(DirectRun):
    """A run that asks a course what happens."""

    def __init__(
        self, program: Callable[[], Awaitable[object]], clock: trio.abc.Clock, course: Course
    ) -> None:
        self._course = course
        self._limits: dict[Any, tuple[float, float]] = {}
        super().__init__(program, clock)
        self.moved = self._moved
        self.steered = self

    def _now(self) -> float:
        return self._clock.current_time()

    async def sleep_until(self, deadline: float) -> None:
        """See `DirectRun.sleep_until`; it may end late."""
        await super().sleep_until(self._course.timer(self._now(), deadline, limits=False))

    def _moved(self, scope: Any, deadline: float) -> float:
        """When a cancel scope's deadline is met; asked again, the same."""
        known = self._limits.get(scope)
        if known is not None and known[0] == deadline:
            return known[1]
        limits = self._course.disturbances.allowed.timeouts
        moved = self._course.timer(self._now(), deadline, limits=limits)
        self._limits[scope] = deadline, moved
        return moved

    async def sleep(self, seconds: float) -> None:
        """See `DirectRun.sleep`; it may end late."""
        await self.sleep_until(self._now() + seconds)

    def step(self, rounds: int, now: float) -> float | None:
        """See `DirectRun.step`."""
        self._enter()
        try:
            self._disturb()
        finally:
            self._leave()
        return super().step(rounds, now)

    def before(self, task: Any) -> None:
        """See `Steering`."""
        self._disturb()
        self._course.interleaving.goes_on(task)

    def after(self) -> None:
        """See `Steering`."""
        self._course.stepped()

    def _disturb(self) -> None:
        """Let timeouts strike, and tasks be cancelled."""
        allowed = self._course.disturbances.allowed
        if allowed.timeouts:
            for scope in list(self._limits):
                if scope._registered_deadline == inf:
                    del self._limits[scope]
                elif self._course.strikes():
                    scope.cancel()
        if not allowed.cancel:
            return
        for task, scope in list(self._course.scopes.items()):
            if task.coro.cr_frame is None:
                del self._course.scopes[task]
            elif self._course.may_cancel(task, function_of(task)) and self._course.cancels(task):
                scope.cancel()


@contextmanager
def cancellable(course: Course) -> Iterator[None]:
    """Have tasks whose functions may be cancelled run in cancel scopes of their own."""
    real = trio.Nursery.start_soon
    names = course.disturbances.allowed.cancel

    async def within(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        with trio.CancelScope() as scope:
            course.scopes[trio.lowlevel.current_task()] = scope
            await function(*arguments)

    def start_soon(nursery: Any, function: Any, *arguments: Any, name: Any = None) -> None:
        if _name(function) in names:
            real(nursery, within, function, arguments, name=name or function)
        else:
            real(nursery, function, *arguments, name=name)

    trio.Nursery.start_soon = start_soon  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        trio.Nursery.start_soon = real  # type: ignore[method-assign]


def _name(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", ""))
