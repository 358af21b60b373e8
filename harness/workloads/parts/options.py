"""Options of workloads: their defaults, and what is wrong with a value.

A workload's options come from its constructor's call (``register(Client, keys=3)``) and from the
plan (``Plan(options={"keys": 3})``); the plan's go first, so that a plan that comes back from a
file runs as it did. A plan's options hold a few for others, too: `SHARED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.plan import InvalidPlan

SHARED = ("network", "disk", "ground", "operation_timeout", "burst", "follows", "system")
"""Entries of a plan's options that are the run's, not the workload's."""


MOST = 10_000
"""The largest value of an option that says nothing else: whoever asks for a thousand million keys
gets a run that never ends."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a workload.

    Attributes:
        name: as written in a plan.
        default: its value if not given; its type is the option's (a whole number also does for a
            float).
        meaning: one sentence for people, units included.
        least: the smallest value.
        most: the largest value.
        none: what None means, if it may be None; else "".
    """

    name: str
    default: int | float | None
    meaning: str
    least: float = 0
    most: float = MOST
    none: str = ""

    def problem(self, value: Any) -> str | None:
        """What is wrong with a value and what to give instead; None if nothing."""
        if value is None and self.none:
            return None
        whole = not isinstance(self.default, float)
        kind = "a whole number" if whole else "a number"
        wanted = f"{kind} from {self.least:g} to {self.most:g}"
        wanted += " or null" if self.none else ""
        fits = type(value) is int or (not whole and type(value) is float)
        if not fits or not self.least <= value <= self.most:
            return f"is {value!r}: give {wanted}"
        return None


def settle(
    workload: str, options: Sequence[Option], given: Mapping[str, Any], plan: Mapping[str, Any]
) -> dict[str, Any]:
    """The value of every option: the plan's, else the given one, else the default.

    Raises:
        InvalidPlan: an unknown name, or a value that an option cannot have.
    """
    chosen = {**given, **{name: value for name, value in plan.items() if name not in SHARED}}
    known = {option.name: option for option in options}
    for name, value in chosen.items():
        if name not in known:
            raise InvalidPlan(_unknown(workload, name, tuple(known)))
        if (problem := known[name].problem(value)) is not None:
            raise InvalidPlan(f"option {name!r} of workload {workload} {problem}")
    return {name: chosen.get(name, option.default) for name, option in known.items()}


def _unknown(workload: str, name: str, known: tuple[str, ...]) -> str:
    return f"workload {workload} has no option {name!r}: {suggestion(name, known)}"
