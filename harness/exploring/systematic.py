"""All schedules of a test that depart from the order of readiness at most k times.

At a decision with n ready tasks there are n departures: one of them goes on alone, and the others
wait for the next decision. So every interleaving has some number of departures, and few are enough
for most failures: bounding preemptions is due to Musuvathi and Qadeer, "Iterative Context Bounding
for Systematic Testing of Multithreaded Programs", PLDI 2007. With d decisions of n tasks there are
about (d n)^k / k! such schedules. Those with fewer departures come first, so what fails first has
the fewest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.exploring.schedule import Schedule
from splitbrain.harness.exploring.trying import Tried

Choices = tuple[tuple[int, int], ...]
"""Decisions at which a schedule departs, each with the position of the task that goes on."""


class AsChosen:
    """Departs where it is told to (`splitbrain.harness.simulation.strategies.Strategy`)."""

    def __init__(self, choices: Choices) -> None:
        self._choices = dict(choices)

    def departs(self) -> bool:
        """See `Strategy.departs`; the schedule is given the decisions by number."""
        return False

    def order(self, number: int, tasks: Sequence[Any]) -> tuple[list[int], int]:
        """See `Strategy.order`."""
        chosen = self._choices[number]
        return sorted(range(len(tasks)), key=lambda at: at != chosen), 1


def schedule_of(choices: Choices) -> Schedule:
    """The schedule with these departures."""
    return Schedule(AsChosen(choices), [number for number, _ in choices])


@dataclass(frozen=True, slots=True)
class Search:
    """What was searched.

    Attributes:
        schedules: how many schedules were tried.
        complete: whether these are all of them; if so and none failed, none does.
        failing: the first that failed, if one did.
    """

    schedules: int
    complete: bool
    failing: Tried | None = None


def search(attempt: Callable[[Schedule], Tried], departures: int, most: int) -> Search:
    """Try all schedules with so many departures at most, those with fewer first.

    Args:
        attempt: runs the test once.
        departures: k.
        most: schedules to try before it is given up.
    """
    tried, level = 0, [Choices()]
    for depth in range(departures + 1):
        following: list[Choices] = []
        for choices in level:
            if tried == most:
                return Search(tried, complete=False)
            found = attempt(schedule_of(choices))
            tried += 1
            if found.error is not None:
                return Search(tried, complete=False, failing=found)
            if depth < departures:
                following += _one_more(choices, found.course.schedule)
        level = following
    return Search(tried, complete=True)


def _one_more(choices: Choices, schedule: Schedule) -> list[Choices]:
    """The schedules that depart once more, later; up to there they are the same."""
    first = choices[-1][0] + 1 if choices else 0
    return [
        (*choices, (step.number, position))
        for step in schedule.steps[first:]
        for position in range(step.going)
    ]
