"""Which of several ready tasks goes first.

A schedule is the order in which tasks became ready, but for its *departures*: at these decisions,
by number, some of the ready tasks go on, in any order, and the others are left for another time
(`splitbrain.harness.simulation.strategies`). What a departure is does not depend on which others
there are, as far as that can be, so they are taken away one by one to make a failure small.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from splitbrain.harness.exploring.interleaving import Interleaving
from splitbrain.harness.programs.ready_tasks import reorder_tasks, task_of
from splitbrain.harness.simulation.strategies import Strategy


@dataclass(frozen=True, slots=True)
class Step:
    """A decision that was taken.

    Attributes:
        number: which one, from 0.
        departs: it was not simply all of them, in the order in which they became ready.
        going: how many tasks go on.
    """

    number: int
    departs: bool
    going: int


class Schedule:
    """Decides, and keeps what was decided.

    Args:
        departures: where it departs; None: as the strategy says (and nowhere for seed 0).
        strategy: what departs.

    Attributes:
        steps: what was decided.
        interleaving: notes which tasks go on by a departure.
    """

    def __init__(self, strategy: Strategy, departures: Collection[int] | None = None) -> None:
        self.interleaving = Interleaving()
        self._departures = None if departures is None else frozenset(departures)
        self._strategy = strategy
        self.steps: list[Step] = []

    @property
    def departed(self) -> tuple[int, ...]:
        """The decisions at which it has departed."""
        return tuple(step.number for step in self.steps if step.departs)

    def again(self) -> Schedule:
        """The same schedule, to be run once more."""
        return Schedule(self._strategy, self._departures)

    @property
    def goings(self) -> int:
        """How often a task went on where others could have."""
        return sum(step.going for step in self.steps)

    def _departs(self, number: int) -> bool:
        if self._departures is not None:
            return number in self._departures
        return self._strategy.departs()

    def _decide(self, ready: list[Any], owner: Callable[[Any], Any]) -> list[Any]:
        """Put ready tasks, in the order in which they became so, into the one in which they go;
        returns those that are left for another time."""
        number = len(self.steps)
        departs = self._departs(number)
        held: list[Any] = []
        if departs:
            order, going = self._strategy.order(number, list(map(owner, ready)))
            entries = [ready[at] for at in order]
            ready[:], held = entries[:going], entries[going:]
            departs = bool(held) or order != sorted(order)
        self.steps.append(Step(number, departs, len(ready)))
        if departs:
            self.interleaving.departs(len(ready))
        return held

    def policy(self, batch: list[Any]) -> None:
        """For trio (`splitbrain.harness.simulation.trio_hooks.Policy`); the last one runs first."""
        if len(batch) > 1:
            held = self._decide(batch, _itself)
            batch.reverse()
            if held:
                held[0]._runner.runq.extend(held)

    def reorder(self, ready: deque[Any]) -> list[Any]:
        """For asyncio: of the ready callbacks, those that step tasks change places; returns those
        that are left for another time."""
        return reorder_tasks(ready, lambda handles: self._decide(handles, task_of))


def _itself(task: Any) -> Any:
    return task
