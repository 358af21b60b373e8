"""Which of the ready tasks go on at a decision: at random, or by priorities (PCT).

*At random*, at half of the decisions: some of them, in any order.

*By priorities*: only the one with the highest goes on. Priorities are drawn when a task is first
seen; at a few decisions drawn beforehand the one that would go on falls below all others. A failure
that needs d tasks to be held back at the right moments, among n tasks and k decisions, is found
with a probability of 1 / (n · k^(d - 1)) at least: Burckhardt, Kothari, Musuvathi and Nagarakatte,
"A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010. How many
decisions there will be is told by the run in the order of readiness. A task that goes on again and
again while others could is one that waits by spinning: it falls, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from splitbrain.harness.streams import stream

DEPARTING = 0.5
"""The probability of a departure at each decision, at random."""

CHANGES = 3
"""The most decisions at which a priority falls."""

MOST_IN_A_ROW = 50
"""So often one task goes on while others could, before it falls."""

RANDOM, PCT, MIXED = "random", "pct", "mixed"
SYSTEMATIC = "systematic"
STRATEGIES = (RANDOM, PCT, MIXED)


class Strategy(Protocol):
    """What decides."""

    def departs(self) -> bool:
        """Whether the next decision is to be another than the order of readiness."""
        ...

    def order(self, number: int, tasks: Sequence[Any]) -> tuple[list[int], int]:
        """The positions of the ready tasks in another order, and how many of them, from the first,
        go on now; `number` is the decision's."""
        ...


def strategy_for(seed: int, name: str, decisions: int) -> Strategy:
    """What decides under a seed.

    Args:
        seed: 0 is the order of readiness.
        name: one of `STRATEGIES`; ``mixed`` is the one for odd seeds, the other for even ones.
        decisions: about how many there will be.
    """
    by_priority = name == PCT or (name == MIXED and seed % 2 == 0)
    return ByPriority(seed, decisions) if by_priority else AtRandom(seed)


class AtRandom:
    """Some tasks, in any order."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._dice = stream(seed, "departures")

    def departs(self) -> bool:
        """See `Strategy.departs`."""
        return self._seed != 0 and self._dice.random() < DEPARTING

    def order(self, number: int, tasks: Sequence[Any]) -> tuple[list[int], int]:
        """See `Strategy.order`."""
        dice = stream(self._seed, "decision", number)
        order = list(range(len(tasks)))
        dice.shuffle(order)
        return order, 1 + dice.randrange(len(tasks))


class ByPriority:
    """The task with the highest priority."""

    def __init__(self, seed: int, decisions: int) -> None:
        self._seed = seed
        dice = stream(seed, "changes")
        count = min(decisions, dice.randint(0, CHANGES))
        self._changes = frozenset(dice.sample(range(decisions), count))
        self._priorities: dict[Any, float] = {}
        self._falls = 0
        self._last: Any = None
        self._in_a_row = 0

    def departs(self) -> bool:
        """See `Strategy.departs`."""
        return self._seed != 0

    def order(self, number: int, tasks: Sequence[Any]) -> tuple[list[int], int]:
        """See `Strategy.order`."""
        for task in tasks:
            if task not in self._priorities:
                dice = stream(self._seed, "priority", len(self._priorities))
                self._priorities[task] = dice.random()
        chosen = self._highest(tasks)
        self._in_a_row = self._in_a_row + 1 if chosen is self._last else 1
        if number in self._changes or self._in_a_row > MOST_IN_A_ROW:
            self._falls += 1
            self._priorities[chosen] = -float(self._falls)
            chosen = self._highest(tasks)
            self._in_a_row = 1
        self._last = chosen
        return sorted(range(len(tasks)), key=lambda at: tasks[at] is not chosen), 1

    def _highest(self, tasks: Sequence[Any]) -> Any:
        return max(tasks, key=self._priorities.__getitem__)
