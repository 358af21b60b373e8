"""A failure that `explore` has found: made small, and told."""

from __future__ import annotations

from collections.abc import Callable, Collection

from splitbrain.harness.exploring.disturbing import Departure
from splitbrain.harness.exploring.systematic import Search
from splitbrain.harness.exploring.trying import Deadlock, Leaked, Livelock, Tried

_SHRINKING = 300
"""Runs that making a failure small may take."""


class Explored(AssertionError):
    """A test fails under some schedule; the message tells the smallest, and how to repeat it.

    Attributes:
        seed: the seed under which it fails.
        departures: what is not as it would be by itself: decisions at which another task than the
            first ready one goes first, and what else happens.
    """

    def __init__(self, message: str, seed: int, departures: tuple[Departure, ...]) -> None:
        super().__init__(message)
        self.seed, self.departures = seed, departures


def smaller(again: Callable[[Collection[Departure]], Tried], failing: Tried) -> tuple[Tried, int]:
    """The failing run with the fewest departures that was found, and how many runs that took.

    Delta debugging (Zeller and Hildebrandt 2002): chunks of departures are left out, and halved
    where none can be.
    """
    best, used = failing, 0
    departures = list(failing.departed)
    size = max(1, len(departures))
    while size and used < _SHRINKING:
        removed = False
        for start in range(0, len(departures), size):
            rest = departures[:start] + departures[start + size :]
            candidate = again(rest)
            used += 1
            if candidate.signature == failing.signature:
                best, departures, removed = candidate, list(candidate.departed), True
                break
            if used >= _SHRINKING:
                break
        if not removed:
            size //= 2
        size = min(size, max(1, len(departures)) if departures else 0)
    return best, used


def told(small: Tried, seed: int, tries: int, before: int, used: int) -> str:
    """A failure as people read it."""
    departures = small.departed
    lines = [
        f"seed {seed} fails ({tries} tried): {small.told}",
        f"{_count(len(departures), 'departure')} from the order of readiness"
        f"{f', of {before}' if before != len(departures) else ''} ({_count(used, 'run')})",
        *_shown(small),
        "",
        f"repeat it: pytest --splitbrain-seed {seed}",
    ]
    return "\n".join(lines)


def told_of_all(made: Search, departures: int, failing: Tried | None = None) -> str:
    """What came of trying all schedules with so few departures."""
    bound = f"at most {_count(departures, 'departure')} from the order of readiness"
    if failing is not None:
        lines = [
            f"schedule {made.schedules} of those with {bound} fails: {failing.told}",
            "none with fewer departures does",
            *_shown(failing),
        ]
        return "\n".join(lines)
    if made.complete:
        return f"none of {_count(made.schedules, 'schedule')} with {bound} fails"
    return f"no proof: the first {made.schedules} schedules with {bound} pass, there are more"


def _shown(failing: Tried) -> list[str]:
    """Who waits for whom, and who went on when."""
    lines = []
    if isinstance(failing.error, Deadlock | Livelock | Leaked):
        lines += ["", str(failing.error)]
    interleaving = failing.course.interleaving.lines()
    if interleaving:
        lines += ["", "the interleaving (* departs from the order of readiness):", *interleaving]
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
