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
from splitbrain.harness.exploring.strategies import (
    MIXED,
    STRATEGIES,
    SYSTEMATIC,
    AtRandom,
    strategy_for,
)
from splitbrain.harness.exploring.systematic import search
from splitbrain.harness.exploring.trying import Main, Tried, tried
from splitbrain.harness.plan import InvalidPlan, parse_seconds
from splitbrain.harness.programs.factory import library_of
from splitbrain.harness.testing import settings

RUNS = 100
"""Schedules that a test is tried under unless it says otherwise."""

DEPARTURES = 2
"""Departures of the schedules that are all tried, unless a test says otherwise."""

MOST_SCHEDULES = 20_000
"""Schedules that are tried before it is given up to try them all."""

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
    runs: int | None = None,
    library: str | None = None,
    time_limit: float | str = "1h",
    strategy: str = MIXED,
    departures: int = DEPARTURES,
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Make a test of an async one: it is run on virtual time under one schedule after another.

    The first goes by the order in which tasks become ready, the others depart from it.
    It fails if the function raises, if all its tasks wait for each other, or if it never ends.

    Args:
        runs: schedules to try (``--splitbrain-runs`` goes before it), `RUNS` unless given; where
            all are tried, how many at most, `MOST_SCHEDULES` unless given.
        library: ``trio`` or ``asyncio``; unless given, what the function's module imports.
        time_limit: virtual time until it must have ended.
        strategy: how they depart: ``random``, ``pct`` (by priorities that change a few times), or
            ``mixed``, by turns (`splitbrain.harness.exploring.strategies`); or ``systematic``: all
            schedules with few departures are tried (`splitbrain.harness.exploring.systematic`).
        departures: how many are few, where all are tried.

    Raises:
        InvalidPlan: a value makes no sense (when decorating, not when testing).
    """
    if runs is not None and (type(runs) is not int or runs < 1):
        raise InvalidPlan(f"runs is {runs!r}: give a whole number from 1 up")
    if strategy not in (*STRATEGIES, SYSTEMATIC):
        known = (*STRATEGIES, SYSTEMATIC)
        raise InvalidPlan(f"strategy is {strategy!r}: {suggestion(strategy, known)}")
    if type(departures) is not int or departures < 0:
        raise InvalidPlan(f"departures is {departures!r}: give a whole number from 0 up")
    seconds = parse_seconds(time_limit, "time_limit")

    def decorate(function: Callable[..., Any]) -> Callable[..., None]:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"@explore() decorates an async function, not {function!r}")
        chosen = library or library_of(function)

        @functools.wraps(function)
        def test(*arguments: Any, **named: Any) -> None:
            __tracebackhide__ = True
            main = functools.partial(function, *arguments, **named)
            if strategy == SYSTEMATIC:
                _explore_all(main, chosen, seconds, departures, runs or MOST_SCHEDULES)
            else:
                _explore(main, chosen, settings.seeds(runs or RUNS), seconds, strategy)

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


def _explore_all(main: Main, library: str, seconds: float, departures: int, most: int) -> None:
    __tracebackhide__ = True
    made = search(lambda s: tried(main, library, s, 0, seconds), departures, most)
    bound = f"at most {_count(departures, 'departure')} from the order of readiness"
    if made.failing is not None:
        lines = [
            f"schedule {made.schedules} of those with {bound} fails: {made.failing.signature}",
            "none with fewer departures does",
            *_shown_failure(made.failing),
        ]
        raise Explored("\n".join(lines), 0, made.failing.schedule.departed) from made.failing.error
    if made.complete:
        print(f"none of {_count(made.schedules, 'schedule')} with {bound} fails")
    else:
        print(f"no proof: the first {made.schedules} schedules with {bound} pass, there are more")


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
    lines += _shown_failure(small)
    lines += ["", f"repeat it: pytest --splitbrain-seed {seed}"]
    return "\n".join(lines)


def _shown_failure(failing: Tried) -> list[str]:
    """Who waits for whom, and who goes first."""
    lines = []
    if str(failing.error) and failing.signature == "deadlock":
        lines += ["", str(failing.error)]
    if failing.schedule.departed:
        lines += ["", "who goes first where that matters (* otherwise the first ready one would):"]
        lines += _shown(failing.schedule.steps, failing.schedule.departed)
    return lines


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
