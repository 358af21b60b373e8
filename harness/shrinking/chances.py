"""How often a plan fails, and what each of its faults has to do with it.

A plan that fails under its own seed may do so by luck. So it is run under other seeds, which give
the same faults and operations another schedule: other latencies, another order of tasks, other
choices of who is struck. Then again with each fault left out. What the figures show is decided by
Fisher's exact test (one-sided), the same for any two proportions however small: *necessary* is a
fault without which no schedule fails, if that can't well be chance. With 2 failures of 60 a fault's
absence is hardly seen, and the finding is *not shown*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import comb
from typing import Any

from splitbrain.harness.plan import Fault, Plan
from splitbrain.harness.streams import stream

ROUNDS = (10, 30, 60)
"""Schedules that are tried; the next larger number if these don't decide."""

ERROR = 0.01
"""How likely figures may come by chance that count as shown."""

NECESSARY, LIKELIER, NOT_SHOWN = "necessary", "likelier", "not shown"
"""Findings: without the fault none fails; fewer fail; the figures don't say."""

_SEEDS = 1 << 32

Fail = Callable[[Sequence[Plan]], Sequence[bool]]
"""Whether each of these plans fails as wanted."""


@dataclass(frozen=True, slots=True)
class Chance:
    """So many of so many schedules failed."""

    failed: int
    of: int

    def __str__(self) -> str:
        return f"{self.failed} of {self.of}"

    def to_json(self) -> list[int]:
        """Both numbers."""
        return [self.failed, self.of]


@dataclass(frozen=True, slots=True)
class Necessity:
    """What a fault of the shrunk plan has to do with its failure.

    Attributes:
        fault: the fault.
        present: how often the plan fails as it is.
        absent: how often it fails without the fault; of none, if that was not tried.
    """

    fault: Fault
    present: Chance
    absent: Chance

    @property
    def finding(self) -> str:
        """`NECESSARY`, `LIKELIER` or `NOT_SHOWN`."""
        if by_chance(self.present, self.absent) > ERROR:
            return NOT_SHOWN
        return LIKELIER if self.absent.failed else NECESSARY

    def to_json(self) -> dict[str, Any]:
        """As ``shrink.json`` has it."""
        return {
            "fault": self.fault.id,
            "kind": self.fault.kind,
            "finding": self.finding,
            "with": self.present.to_json(),
            "without": self.absent.to_json(),
        }


def by_chance(more: Chance, fewer: Chance) -> float:
    """How likely the first chance would be so much greater if there were no difference.

    Fisher's exact test (The Design of Experiments, 1935, chapter 2), one-sided: of all ways to deal
    the failures out to both, the part in which the first has at least as many.
    """
    failed = more.failed + fewer.failed
    ways = sum(
        comb(more.of, k) * comb(fewer.of, failed - k)
        for k in range(more.failed, min(failed, more.of) + 1)
    )
    return ways / comb(more.of + fewer.of, failed)


def weigh(
    plan: Plan, fail: Fail, rounds: Sequence[int] = ROUNDS
) -> tuple[Chance, tuple[Necessity, ...]]:
    """How often a plan fails, and what comes of leaving out each fault, all under the same seeds.

    As long as the plan itself fails so seldom that nothing would be shown even if no other one
    failed, the others are not run; and nor is the plan, if none of the schedules of two rounds
    fails.

    Args:
        plan: the plan.
        fail: runs plans.
        rounds: numbers of schedules, growing; the next is tried if some fault is not decided.
    """
    faults, seeds = plan.faults, _seeds(plan, rounds[-1])
    without = [plan.with_(faults=faults[:at] + faults[at + 1 :]) for at in range(len(faults))]
    failed, absent = 0, [0] * len(faults)
    done = compared = 0

    def count(variant: Plan, first: int, end: int) -> int:
        return sum(fail([variant.with_(seed=seed) for seed in seeds[first:end]]))

    for many in rounds:
        failed, done = failed + count(plan, done, many), many
        whole = Chance(failed, done)
        if by_chance(whole, Chance(0, done)) <= ERROR:
            for position, variant in enumerate(without):
                absent[position] += count(variant, compared, done)
            compared = done
        others = [Chance(fewer, compared) for fewer in absent]
        found = tuple(map(Necessity, faults, repeat(whole), others))
        decided = all(each.finding != NOT_SHOWN for each in found)
        if decided or (done > rounds[0] and not failed):
            break
    return whole, found


def _seeds(plan: Plan, count: int) -> list[int]:
    """Other seeds than the plan's own, which was chosen because it fails."""
    draw = stream(plan.seed, "how often")
    seeds = (draw.randrange(_SEEDS) for _ in range(count))
    return [seed + 1 if seed == plan.seed else seed for seed in seeds]
