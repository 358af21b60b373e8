"""`explore`: an async test under many schedules, and the smallest one that fails."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.exploring.course import Course
from splitbrain.harness.exploring.disturbing import NOTHING, ORDER, Allowed, Departure, Disturbances
from splitbrain.harness.exploring.failing import Explored, smaller, told, told_of_all
from splitbrain.harness.exploring.schedule import Schedule
from splitbrain.harness.exploring.systematic import search
from splitbrain.harness.exploring.trying import Main, Tried, tried
from splitbrain.harness.plan import InvalidPlan, parse_seconds
from splitbrain.harness.programs.factory import library_of
from splitbrain.harness.simulation.strategies import (
    MIXED,
    STRATEGIES,
    SYSTEMATIC,
    AtRandom,
    strategy_for,
)
from splitbrain.harness.testing import settings

RUNS = 100
"""Schedules that a test is tried under unless it says otherwise."""

DEPARTURES = 2
"""Departures of the schedules that are all tried, unless a test says otherwise."""

MOST_SCHEDULES = 20_000
"""Schedules that are tried before it is given up to try them all."""


def explore(
    *,
    runs: int | None = None,
    library: str | None = None,
    time_limit: float | str = "1h",
    strategy: str = MIXED,
    departures: int = DEPARTURES,
    late_timers: bool = True,
    split_reads: bool = True,
    timeouts: bool = False,
    cancel: str | Collection[str] = (),
    leaks: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Make a test of an async one: it is run on virtual time under one schedule after another.

    The first goes by the order in which tasks become ready, and nothing happens to it; the others
    depart from it. It fails if the function raises, if all its tasks wait for each other, if it
    never ends, or if tasks that it has started go on after its end.

    Args:
        runs: schedules to try (``--splitbrain-runs`` goes before it), `RUNS` unless given; where
            all are tried, how many at most, `MOST_SCHEDULES` unless given.
        library: ``trio`` or ``asyncio``; unless given, what the function's module imports.
        time_limit: virtual time until it must have ended.
        strategy: how they depart: ``random``, ``pct`` (by priorities that change a few times), or
            ``mixed``, by turns (`splitbrain.harness.simulation.strategies`); or ``systematic``: all
            schedules with few departures are tried (`splitbrain.harness.exploring.systematic`).
        departures: how many are few, where all are tried.
        late_timers: whether timers may ring late, by up to 0.3 s.
        split_reads: whether what a stream was given in one piece may arrive in several.
        timeouts: whether each timeout may strike at any await of what it limits.
        cancel: names of async functions; each of their tasks may be cancelled at any await.
        leaks: whether tasks may be left when the test has ended, for longer than a second.

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
    names = (cancel,) if isinstance(cancel, str) else tuple(cancel)
    if strategy == SYSTEMATIC and (timeouts or names):
        raise InvalidPlan(
            "strategy 'systematic' tries orders of tasks alone: leave timeouts and cancel out"
        )
    allowed = Allowed(late_timers, split_reads, timeouts, names)
    seconds = parse_seconds(time_limit, "time_limit")

    def decorate(function: Callable[..., Any]) -> Callable[..., None]:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"@explore() decorates an async function, not {function!r}")
        chosen = library or library_of(function)

        @functools.wraps(function)
        def test(*arguments: Any, **named: Any) -> None:
            __tracebackhide__ = True
            main = functools.partial(function, *arguments, **named)
            tester = _Tester(main, chosen, seconds, leaks, allowed, strategy)
            if strategy == SYSTEMATIC:
                tester.explore_all(departures, runs or MOST_SCHEDULES)
            else:
                tester.explore(settings.seeds(runs or RUNS))

        del test.__wrapped__
        test.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
        return test

    return decorate


class Untried(AssertionError):
    """No schedule brought about what the test was to try (`oracle.sometimes`)."""


class _Tester:
    """Runs one test again and again."""

    def __init__(
        self,
        main: Main,
        library: str,
        seconds: float,
        leaks: bool,
        allowed: Allowed,
        strategy: str,
    ) -> None:
        self._main, self._library, self._seconds = main, library, seconds
        self._leaks, self._allowed, self._strategy = leaks, allowed, strategy
        self._decisions = 0
        self._goals: dict[str, bool] = {}

    def explore(self, seeds: Any) -> None:
        """Try seeds until one fails.

        Raises:
            Explored: one did.
            Untried: none did, and something that is to be so at some moment never was.
        """
        __tracebackhide__ = True
        first = self._try(Course(Schedule(AtRandom(0))), 0)
        self._decisions = first.course.schedule.goings
        for number, seed in enumerate(seeds):
            found = self._under(seed, None) if seed else first
            if found.error is not None:
                small, used = smaller(functools.partial(self._under, seed), found)
                small = self._noted(small, seed)
                text = told(small, seed, number + 1, len(found.departed), used)
                raise Explored(text, seed, small.departed) from small.error
        self._check_goals()

    def _check_goals(self) -> None:
        if missed := [name for name, reached in self._goals.items() if not reached]:
            raise Untried(f"under none of the schedules was it ever so: {', '.join(missed)}")

    def explore_all(self, departures: int, most: int) -> None:
        """Try all schedules with so few departures.

        Raises:
            Explored: one failed.
            Untried: see `explore`.
        """
        __tracebackhide__ = True
        made = search(lambda schedule: self._try(Course(schedule), 0), departures, most)
        if made.failing is None:
            print(told_of_all(made, departures))
            self._check_goals()
            return
        failing = made.failing
        again = failing.course.schedule.again()
        again.interleaving.kept = True
        failing = self._try(Course(again), 0)
        raise Explored(told_of_all(made, departures, failing), 0, failing.departed) from (
            failing.error
        )

    def _try(self, course: Course, seed: int) -> Tried:
        seconds, leaks = self._seconds, self._leaks
        made = tried(self._main, self._library, course, seed, seconds, leaks=leaks)
        for name, reached in made.goals.items():
            self._goals[name] = self._goals.get(name, False) or reached
        return made

    def _under(
        self, seed: int, departures: Collection[Departure] | None, *, noted: bool = False
    ) -> Tried:
        """Run it under a seed: as drawn, or with these departures alone."""
        ordered = None
        if departures is not None:
            ordered = [at.number for at in departures if at.kind == ORDER]
        schedule = Schedule(strategy_for(seed, self._strategy, self._decisions), ordered)
        schedule.interleaving.kept = noted
        disturbances = Disturbances(seed, self._allowed if seed else NOTHING, departures)
        return self._try(Course(schedule, disturbances), seed)

    def _noted(self, small: Tried, seed: int) -> Tried:
        """The same run once more, with all that happens in it noted."""
        return self._under(seed, small.departed, noted=True)
