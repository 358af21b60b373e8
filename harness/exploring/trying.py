"""One run of an async test: a world of one process, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from traceback import walk_tb
from types import TracebackType
from typing import Any

import trio

from splitbrain.harness.error_text import described, innermost, is_ours, place
from splitbrain.harness.exploring.course import Course
from splitbrain.harness.exploring.disturbing import Departure
from splitbrain.harness.exploring.holding import Holders, waiting
from splitbrain.harness.exploring.steered_loop import SteeredLoop
from splitbrain.harness.exploring.trio_steered import SteeredRun, cancellable
from splitbrain.harness.exploring.watching import Broken, Watched, running
from splitbrain.harness.programs.asyncio_loop import loop_of
from splitbrain.harness.programs.surroundings.surrounding import surround
from splitbrain.harness.programs.waiting import place_in
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.trio_direct import DirectRun
from splitbrain.harness.simulation.watchdog import Runaway
from splitbrain.harness.simulation.world import World

Main = Callable[[], Coroutine[Any, Any, object]]

GRACE_S = 1.0
"""Virtual seconds after the end of a test until tasks that it has started count as leaked."""


class Deadlock(Exception):
    """Every task waits for another one; the message says where, and for what."""


class Livelock(Exception):
    """The test did not end within its virtual time, or went round without any time passing."""


class Leaked(Exception):
    """Tasks that the test has started go on after its end."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A run.

    Attributes:
        error: what it raised, a `Deadlock`, `Livelock` or `Leaked`, or None if it passed.
        course: what was decided in it.
        goals: what was to be so at some moment, and whether it was.
    """

    error: BaseException | None
    course: Course
    goals: Mapping[str, bool]

    @property
    def departed(self) -> tuple[Departure, ...]:
        """Where it was not as it would be by itself."""
        return self.course.departed

    @property
    def told(self) -> str:
        """How it failed, in a line; empty if it didn't."""
        for kind, words in _WORDS.items():
            if isinstance(self.error, kind):
                return words
        lines = "" if self.error is None else described(innermost(self.error))
        return lines.partition("\n")[0]

    @property
    def signature(self) -> str:
        """What makes two failures the same: the kind of error, and the line that raised it, or what
        is broken."""
        error = self.error
        if isinstance(error, Broken):
            return f"{error.name} is broken"
        if error is None or isinstance(error, tuple(_WORDS)):
            return self.told
        error = innermost(error)
        places = [(f, line) for f, line in walk_tb(error.__traceback__) if not is_ours(f)]
        return f"{type(error).__name__} at {place(*places[-1]) if places else ''}"


_WORDS = {Deadlock: "deadlock", Livelock: "livelock", Leaked: "leaked tasks"}


@dataclass(slots=True)
class _Attempt:
    """A run while it goes on."""

    main: Main
    library: str
    course: Course
    leaks: bool
    errors: list[BaseException] = field(default_factory=list)
    process: Incarnation | None = None
    ended: bool = False

    def run(self, program: Any, clock: trio.abc.Clock) -> DirectRun:
        """What drives the process's tasks of trio, of which asyncio's loop is one."""
        if self.library == "asyncio":
            return DirectRun(program, clock)
        return SteeredRun(program, clock, self.course)

    async def program(self, node: Incarnation) -> None:
        """The process."""
        self.process = node
        surround(node)
        try:
            if self.library == "trio":
                node.schedule_by(self.course.schedule.policy)
                with cancellable(self.course):
                    await self._tested(trio.sleep)
            else:
                loop = loop_of(node, lambda process: SteeredLoop(process, self.course))
                await loop.run(self._tested(asyncio.sleep))
        except Exception as error:  # noqa: BLE001 - it is what the test says
            if not node.dead:
                self.errors.append(error.with_traceback(_without_ours(error.__traceback__)))
        self.ended = True

    def broken(self, error: Broken) -> None:
        """Something does not hold that must: the run is over."""
        process = self.process
        assert process is not None
        self.errors.insert(0, error)
        self.ended = True
        self.course.interleaving.kept = False
        world = process.host.world
        world.heap.at(world.now, world.kill, process.name)

    async def _tested(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        """The test, and what it leaves behind.

        Raises:
            Leaked: tasks of it are left and don't end by themselves.
        """
        try:
            await self.main()
            if self.leaks or not self.tasks():
                return
            await sleep(GRACE_S)
        finally:
            self.course.interleaving.kept = False  # what is cancelled now is no part of it
        if lines := waiting(self.tasks(), Holders(), self.course.interleaving.names):
            raise Leaked(f"tasks go on after the test has ended:\n{_indented(lines)}")

    def tasks(self) -> list[Any]:
        """The tasks of the process that have not ended, the oldest first, but for the one that
        asks."""
        process = self.process
        assert process is not None
        if self.library == "asyncio":
            loop = loop_of(process)
            found: Iterable[Any] = asyncio.all_tasks(loop)
            own: Any = asyncio.current_task(loop)
            return sorted((task for task in found if task is not own), key=hash)
        own = trio.lowlevel.current_task() if trio.lowlevel.in_trio_task() else None
        others = (task for task in process.tasks if task is not own and place_in(task.coro))
        return sorted(others, key=lambda task: task._counter)


def tried(
    main: Main,
    library: str,
    course: Course,
    seed: int,
    seconds: float,
    *,
    leaks: bool = True,
) -> Tried:
    """Run `main` once.

    Args:
        main: the test.
        library: trio or asyncio.
        course: who goes first, and what happens.
        seed: of whatever else is random.
        seconds: virtual time until it must have ended.
        leaks: whether tasks may be left when it ends.
    """
    attempt = _Attempt(main, library, course, leaks)
    world = World(seed, make_run=attempt.run)
    world.cut = course.cut
    course.interleaving.now = lambda: world.now
    world.add_server("test", attempt.program, ())
    watched = Watched(lambda: world.now, world.heap.at, attempt.broken)
    course.watched = watched
    running(watched)
    holders = Holders()
    with holders.noting(), world.booted():
        while not attempt.ended and world.now < seconds and world.heap.pending:
            world.run_until(min(seconds, world.now + 60.0))
        course.interleaving.kept = False
        if not attempt.ended and not attempt.errors:
            attempt.errors += [_told(error) for _, _, error in world.failures]
        if not attempt.ended and not attempt.errors:
            attempt.errors.append(_stuck(attempt, world, holders, seconds))
    running(None)
    return Tried(attempt.errors[0] if attempt.errors else None, course, watched.goals)


def _told(error: BaseException) -> BaseException:
    """What ended the process: a watchdog's word for one that goes round and round is a livelock."""
    inner = innermost(error)
    return Livelock(str(inner)) if isinstance(inner, Runaway) else error


def _stuck(attempt: _Attempt, world: World, holders: Holders, seconds: float) -> Exception:
    """Why it has not ended."""
    told = _indented(waiting(attempt.tasks(), holders, attempt.course.interleaving.names))
    if not world.heap.pending:
        return Deadlock(f"every task waits for another one:\n{told}")
    return Livelock(f"it had not ended after {seconds:g} s of virtual time:\n{told}")


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """A traceback from the test's own first frame on."""
    while trace is not None and is_ours(trace.tb_frame):
        trace = trace.tb_next
    return trace


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
