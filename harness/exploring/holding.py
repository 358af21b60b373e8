"""Who holds what others wait for, and who waits for whom.

trio's locks and limiters know who has them. Of asyncio's locks, and of semaphores of either, it is
noted here who has taken them and not given them back: while a test runs, their `acquire` and
`release` note it (`Holders.noting`).
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import trio

from splitbrain.harness.exploring.naming import Names, coroutine_of
from splitbrain.harness.programs.waiting import place_in, waited_for

_NOTED: tuple[type, ...] = (asyncio.Lock, asyncio.Semaphore, trio.Semaphore)


class Holders:
    """Tasks by what they hold."""

    def __init__(self) -> None:
        self._tasks: dict[Any, list[Any]] = {}

    def of(self, held: Any) -> list[Any]:
        """The tasks that hold something, whatever it is."""
        if isinstance(held, asyncio.Condition):
            held = held._lock  # type: ignore[attr-defined]
        owner = getattr(held, "_owner", None)  # of trio's locks
        if owner is not None:
            return [owner]
        borrowers = getattr(held, "_borrowers", None)  # of trio's limiters
        if borrowers:
            return sorted((task for task in borrowers if hasattr(task, "coro")), key=_age)
        return list(self._tasks.get(held, ())) if isinstance(held, _NOTED) else []

    def _took(self, held: Any) -> None:
        self._tasks.setdefault(held, []).append(_current())

    def _gave(self, held: Any) -> None:
        tasks = self._tasks.get(held, [])
        current = _current()
        if current in tasks:
            tasks.remove(current)
        elif tasks:
            del tasks[0]

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note who takes and gives back, until this ends."""
        real = [(kind, kind.acquire, kind.release) for kind in _NOTED]  # type: ignore[attr-defined]
        for kind, acquire, release in real:
            kind.acquire = self._taking(acquire)  # type: ignore[attr-defined]
            kind.release = self._giving(release)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            for kind, acquire, release in real:
                kind.acquire, kind.release = acquire, release  # type: ignore[attr-defined]

    def _taking(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        async def acquire(held: Any) -> Any:
            result = await real(held)
            self._took(held)
            return result

        return acquire

    def _giving(self, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def release(held: Any) -> None:
            real(held)
            self._gave(held)

        return release


def _current() -> Any:
    if trio.lowlevel.in_trio_task() and not _on_asyncio():
        return trio.lowlevel.current_task()
    return asyncio.current_task() if _on_asyncio() else None


def _on_asyncio() -> bool:
    return asyncio._get_running_loop() is not None


def _age(task: Any) -> int:
    age: int = task._counter
    return age


def waiting(tasks: list[Any], holders: Holders, names: Names) -> list[str]:
    """Where each task waits, for what, and who has it; and who waits for each other in a circle.

    Args:
        tasks: those that have not ended, the oldest first.
        holders: who holds what.
        names: of the tasks.
    """

    def listed(tasks: list[Any]) -> str:
        return ", ".join(map(names.of, tasks))

    lines, blocked = [], {}
    for task in tasks:
        coroutine = coroutine_of(task)
        where = place_in(coroutine)
        if not where and not hasattr(task, "get_coro"):
            continue  # one of trio's own; of asyncio it is the test's, in a library's coroutine
        told, on = waited_for(coroutine)
        having = holders.of(on) if on is not None else []
        if having:
            told = f"{told}, held by {listed(having)}"
        elif others := _tasks_awaited(task, on):
            having = others
            told = f"{told}, which waits for {listed(others)}"
        blocked[task] = having
        at = f" at {where}" if where else ""
        lines.append(f"{names.of(task)}{at}, in {told}")
    circle = _circle(blocked)
    if circle:
        lines.append(f"in a circle: {' waits for '.join(map(names.of, circle))}")
    return lines


def _tasks_awaited(task: Any, on: object) -> list[Any]:
    """The tasks whose end a task of asyncio waits for."""
    if isinstance(on, asyncio.TaskGroup):
        return sorted(on._tasks, key=hash)
    waited = getattr(task, "_fut_waiter", None)
    found = [waited, *getattr(waited, "_children", ())]
    return [one for one in found if hasattr(one, "get_coro") and not one.done()]


def _circle(blocked: dict[Any, list[Any]]) -> list[Any]:
    """Tasks of which each waits for the next, the first again at the end; empty if there are
    none."""
    for first in blocked:
        path = [first]
        while True:
            following = next((t for t in blocked.get(path[-1], ()) if t in blocked), None)
            if following is None:
                break
            if following in path:
                return [*path[path.index(following) :], following]
            path.append(following)
    return []
