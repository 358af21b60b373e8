"""What is decided of one run, and noted of it: the order of tasks, and what else happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from splitbrain.harness.exploring.disturbing import (
    CANCEL,
    NOTHING,
    ORDER,
    TIMEOUT,
    Departure,
    Disturbances,
)
from splitbrain.harness.exploring.interleaving import Interleaving
from splitbrain.harness.exploring.naming import coroutine_of
from splitbrain.harness.exploring.schedule import Schedule
from splitbrain.harness.exploring.watching import Watched
from splitbrain.harness.programs.waiting import place_in


@dataclass(slots=True)
class Course:
    """Decides for one run.

    Attributes:
        schedule: which ready task goes first.
        disturbances: what else happens.
        scopes: of tasks of trio that may be cancelled, the cancel scopes that they run in.
        watched: what must hold while it goes on; None before it begins.
    """

    schedule: Schedule
    disturbances: Disturbances = field(default_factory=lambda: Disturbances(0, NOTHING))
    scopes: dict[Any, Any] = field(default_factory=dict)
    watched: Watched | None = None
    _cancelled: set[Any] = field(default_factory=set)

    @property
    def interleaving(self) -> Interleaving:
        """What is noted of the run."""
        return self.schedule.interleaving

    @property
    def departed(self) -> tuple[Departure, ...]:
        """Where it was not as it would be by itself."""
        ordered = (Departure(ORDER, number) for number in self.schedule.departed)
        return (*ordered, *self.disturbances.happened)

    def stepped(self) -> None:
        """A task has gone on."""
        if self.watched is not None:
            self.watched.look()

    def timer(self, now: float, due: float, limits: bool) -> float:
        """When a timer rings that is set now; one that `limits` how long something may take may
        strike early."""
        disturbances = self.disturbances
        early = disturbances.early(due - now) if limits else None
        if early is not None:
            self.interleaving.happens(f"a timeout of {due - now:g} s is set: {early:.4f} s")
            return now + early
        late = disturbances.late()
        if late > 0.0:
            self.interleaving.happens(f"a timer of {due - now:g} s is set: {late:.3f} s late")
        return due + late

    def strikes(self) -> bool:
        """Whether a timeout strikes at this moment."""
        if self.disturbances.happens(TIMEOUT) is None:
            return False
        self.interleaving.happens("a timeout strikes")
        return True

    def may_cancel(self, task: Any, function: str) -> bool:
        """Whether a task of this function may be cancelled, and was not yet."""
        return function in self.disturbances.allowed.cancel and task not in self._cancelled

    def cancels(self, task: Any) -> bool:
        """Whether a task is cancelled at this moment."""
        if self.disturbances.happens(CANCEL) is None:
            return False
        self._cancelled.add(task)
        name, where = self.interleaving.names.of(task), place_in(coroutine_of(task))
        self.interleaving.happens(f"{name} is cancelled at {where}")
        return True

    def cut(self, size: int) -> int:
        """How many bytes of so many arrive together."""
        together = self.disturbances.cut(size)
        if together < size:
            told = f"{size} bytes arrive in two parts: {together} and {size - together}"
            self.interleaving.happens(told)
        return together
