"""How far a search may go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from splitbrain.checkers.kernels import clock

Progress = Callable[[float], None]
"""Told, now and then, which part of the history has been passed, from 0 to 1."""


UNLIMITED = 1 << 60
"""As many configurations as time and memory allow."""

INTERPRETED = 500_000
"""Configurations of a search that isn't compiled, where no budget is given: some 20 s, so that one
history in hundreds doesn't cost a hunt as much as all others."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much work one search may do.

    Attributes:
        configurations: configurations explored for one key.
        seconds: real time for the whole history, or None for no limit. With a limit the verdict
            can depend on the machine; without, it is a function of the history.
        memory: bytes that configurations may take, roughly.
    """

    configurations: int = 20_000_000
    seconds: float | None = None
    memory: int = 640 << 20


@dataclass(slots=True)
class Limits:
    """The limits of a check that is under way.

    Attributes:
        budget: see `Budget`.
        deadline: on `splitbrain.checkers.kernels.clock`, or None.
        progress: see `Progress`.
        interrupted: whether somebody pressed Ctrl-C; what was not decided by then stays so.
        out_of_time: whether the deadline has passed.
        out_of_memory: whether a search needed more memory than it may.
    """

    budget: Budget
    deadline: float | None = None
    progress: Progress | None = None
    interrupted: bool = False
    out_of_time: bool = False
    out_of_memory: bool = False

    @property
    def stopped(self) -> bool:
        """Whether to begin nothing more."""
        return self.interrupted or self.out_of_time

    def look(self) -> bool:
        """Look at the clock; True if it is time to stop."""
        if self.deadline is not None and clock() > self.deadline:
            self.out_of_time = True
        return self.stopped

    def tell(self, passed: float) -> None:
        """Tell which part of the history has been passed."""
        if self.progress is not None:
            self.progress(passed)


def begun(budget: Budget, progress: Progress | None = None) -> Limits:
    """The limits of a check that begins now."""
    deadline = None if budget.seconds is None else clock() + budget.seconds
    return Limits(budget, deadline, progress)
