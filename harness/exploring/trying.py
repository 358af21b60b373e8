"""One run of an async test: a world of one process, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.error_text import described, innermost
from splitbrain.harness.exploring.schedule import Schedule
from splitbrain.harness.programs.asyncio_loop import loop_of
from splitbrain.harness.programs.surroundings import surround
from splitbrain.harness.programs.waiting import place_in, waits_for
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.world import World

Main = Callable[[], Coroutine[Any, Any, object]]


class Deadlock(Exception):
    """Every task waits for another one; the message says where, and for what."""


class Endless(Exception):
    """The test did not end within its virtual time."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A run.

    Attributes:
        error: what it raised, a `Deadlock`, or None if it passed.
        schedule: what was decided in it.
    """

    error: BaseException | None
    schedule: Schedule

    @property
    def signature(self) -> str:
        """What makes two failures the same: the error in words; of a deadlock, that it is one."""
        if isinstance(self.error, Deadlock):
            return "deadlock"
        return "" if self.error is None else described(innermost(self.error))


def tried(main: Main, library: str, schedule: Schedule, seed: int, seconds: float) -> Tried:
    """Run `main` once.

    Args:
        main: the test.
        library: trio or asyncio.
        schedule: who goes first.
        seed: of whatever else is random.
        seconds: virtual time until it must have ended.
    """
    errors: list[BaseException] = []
    ended: list[bool] = []
    process: list[Incarnation] = []

    async def program(node: Incarnation) -> None:
        process.append(node)
        surround(node)
        try:
            if library == "trio":
                node.schedule_by(schedule.policy)
                await main()
            else:
                loop = loop_of(node)
                loop.reorder = schedule.reorder
                await loop.run(main())
        except Exception as error:  # noqa: BLE001 - it is what the test says
            if not node.dead:
                errors.append(error)
        ended.append(True)

    world = World(seed)
    world.add_server("test", program, ())
    with world.booted():
        while not ended and world.now < seconds and world.heap.pending:
            world.run_until(min(seconds, world.now + 60.0))
        if not ended and not errors:
            errors += [error for _, _, error in world.failures]
        if not ended and not errors:
            stuck = not world.heap.pending
            told = "\n".join(f"  {line}" for line in _waiting(process[0], library))
            errors.append(
                Deadlock(f"every task waits for another one:\n{told}")
                if stuck
                else Endless(f"it had not ended after {seconds:g} s of virtual time:\n{told}")
            )
    return Tried(errors[0] if errors else None, schedule)


def _waiting(process: Incarnation, library: str) -> list[str]:
    """Where each task waits, and for what."""
    if library == "asyncio":
        tasks = sorted(asyncio.all_tasks(loop_of(process)), key=hash)
        coroutines = [(task.get_name(), task.get_coro()) for task in tasks]
    else:
        found = sorted(process.tasks, key=lambda task: task._counter)
        coroutines = [(task.name.rpartition(".")[2], task.coro) for task in found]
    lines = []
    for name, coroutine in coroutines:
        where = place_in(coroutine)
        if where:
            lines.append(f"{name} at {where}, in {waits_for(coroutine)}")
    return lines
