"""When a check has to end, on the real clock: what was not decided by then is unknown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from splitbrain.checkers.kernels import clock


class Timed(Protocol):
    """A budget that has a time in it, such as `splitbrain.checkers.linearizability.Budget`."""

    @property
    def seconds(self) -> float | None:
        """How long; None for no limit."""
        ...


def seconds_of(budget: float | Timed | None) -> float | None:
    """The time of a budget; None for no limit."""
    return budget if budget is None or isinstance(budget, (int, float)) else budget.seconds


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment.

    Attributes:
        seconds: how long there was in all.
        at: when it is over, on `splitbrain.checkers.kernels.clock`; infinite for never.
    """

    seconds: float
    at: float

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """So many seconds from now; None for never."""
        if seconds is None:
            return NO_DEADLINE
        return cls(seconds, clock() + seconds)

    def passed(self) -> bool:
        """Whether it is over."""
        return clock() >= self.at

    def part(self, part: float) -> Deadline:
        """A deadline after a part of the time that is left."""
        if part >= 1 or math.isinf(self.at):
            return self
        now = clock()
        return Deadline(self.seconds * part, now + max(0.0, self.at - now) * part)


NO_DEADLINE = Deadline(math.inf, math.inf)
"""There is no limit."""
