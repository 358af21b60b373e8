"""`explore`: an async test under many schedules, and the smallest one that fails."""

from __future__ import annotations

import functools
import inspect
import linecache
import os
from collections.abc import Callable, Collection
from typing import Any

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.exploring.schedule import Going, Schedule, Step
from splitbrain.harness.exploring.strategies import MIXED, STRATEGIES, AtRandom, strategy_for
from splitbrain.harness.exploring.trying import Main, Tried, tried
from splitbrain.harness.plan import InvalidPlan, parse_seconds
from splitbrain.harness.programs.factory import library_of
from splitbrain.harness.testing import settings

RUNS = 100
"""Schedules that a test is tried under unless it says otherwise."""

_SHRINKING = 300
"""Runs that making a failure small may take."""

_SHOWN = 12
"""Decisions that are shown of a failure."""


class Explored(AssertionError):
    """A test fails under some schedule; the message tells the smallest, and how to repeat it.

    Attributes:
        seed: the seed under which it fails.
        departures: the decisions at which another task than the first ready one goes first.
    """

    def __init__(self, message: str, seed: int, departures: tuple[int, ...]) -> None:
        super().__init__(message)
        self.seed, self.departures = seed, departures


def explore(
    *,
    runs: int = RUNS,
    library: str | None = None,
    time_limit: float | str = "1h",
    strategy: str = MIXED,
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Make a test of an async one: it is run on virtual time under one schedule after another.

    The first goes by the order in which tasks become ready, the others depart from it.
    It fails if the function raises, if all its tasks wait for each other, or if it never ends.

    Args:
        runs: schedules to try (``--splitbrain-runs`` goes before it).
        library: ``trio`` or ``asyncio``; unless given, what the function's module imports.
        time_limit: virtual time until it must have ended.
        strategy: how they depart: ``random``, ``pct`` (by priorities that change a few times), or
            ``mixed``, by turns (`splitbrain.harness.exploring.strategies`).

    Raises:
        InvalidPlan: a value makes no sense (when decorating, not when testing).
    """
    if type(runs) is not int or runs < 1:
        raise InvalidPlan(f"runs is {runs!r}: give a whole number from 1 up")
    if strategy not in STRATEGIES:
        raise InvalidPlan(f"strategy is {strategy!r}: {suggestion(strategy, STRATEGIES)}")
    seconds = parse_seconds(time_limit, "time_limit")

    def decorate(function: Callable[..., Any]) -> Callable[..., None]:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"@explore() decorates an async function, not {function!r}")
        chosen = library or library_of(function)

        @functools.wraps(function)
        def test(*arguments: Any, **named: Any) -> None:
            __tracebackhide__ = True
            main = functools.partial(function, *arguments, **named)
            _explore(main, chosen, settings.seeds(runs), seconds, strategy)

        del test.__wrapped__
        test.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
        return test

    return decorate


def _explore(main: Main, library: str, seeds: Any, seconds: float, strategy: str) -> None:
    __tracebackhide__ = True
    first = tried(main, library, Schedule(AtRandom(0)), 0, seconds)
    decisions = first.schedule.goings
    for number, seed in enumerate(seeds):

        def again(departures: Collection[int] | None, seed: int = seed) -> Tried:
            schedule = Schedule(strategy_for(seed, strategy, decisions), departures)
            return tried(main, library, schedule, seed, seconds)

        found = again(None) if seed else first
        if found.error is not None:
            small, used = _smaller(again, found)
            text = _told(small, seed, number + 1, len(found.schedule.departed), used)
            raise Explored(text, seed, small.schedule.departed) from small.error


def _smaller(again: Callable[[Collection[int]], Tried], failing: Tried) -> tuple[Tried, int]:
    """The failing run with the fewest departures that was found, and how many runs that took.

    Delta debugging (Zeller and Hildebrandt 2002): chunks of departures are left out, and halved
    where none can be.
    """
    best, used = failing, 0
    departures = list(failing.schedule.departed)
    size = max(1, len(departures))
    while size and used < _SHRINKING:
        removed = False
        for start in range(0, len(departures), size):
            rest = departures[:start] + departures[start + size :]
            candidate = again(rest)
            used += 1
            if candidate.signature == failing.signature:
                best, departures, removed = candidate, list(candidate.schedule.departed), True
                break
            if used >= _SHRINKING:
                break
        if not removed:
            size //= 2
        size = min(size, max(1, len(departures)) if departures else 0)
    return best, used


def _told(small: Tried, seed: int, tries: int, before: int, used: int) -> str:
    """The failure as people read it."""
    departures = small.schedule.departed
    lines = [
        f"seed {seed} fails ({tries} tried): {small.signature}",
        f"{_count(len(departures), 'departure')} from the order of readiness"
        f"{f', of {before}' if before != len(departures) else ''} ({_count(used, 'run')})",
    ]
    if str(small.error) and small.signature == "deadlock":
        lines += ["", str(small.error)]
    if departures:
        lines += ["", "who goes first where that matters (* otherwise the first ready one would):"]
        lines += _shown(small.schedule.steps, departures)
    lines += ["", f"repeat it: pytest --splitbrain-seed {seed}"]
    return "\n".join(lines)


def _shown(steps: list[Step], departures: Collection[int]) -> list[str]:
    chosen = [step for step in steps if step.number in departures][:_SHOWN]
    lines = []
    for step in chosen:
        lines.append(f"* decision {step.number}")
        lines += [f"    {_going(task)}" for task in step.tasks]
    return lines


def _going(task: Going) -> str:
    if not task.file:
        return f"{task.name} goes on"
    source = linecache.getline(task.file, task.line).strip()
    place = f"{os.path.basename(task.file)}:{task.line} in {task.function}"
    return f"{task.name} goes on at {place}: {source}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
