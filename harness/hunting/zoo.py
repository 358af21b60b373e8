"""The zoo: how soon each planted bug is found by somebody who knows nothing but its system's name.

A *hunt* of the zoo takes one bug and plans as `splitbrain hunt` draws them, seed after seed, until
a run is invalid or its time is up; each hunt begins at seeds of its own. What it takes is counted
in seconds of CPU, which a busy machine changes less than seconds of the wall.

A run is no find if the same plan is invalid without the bug, too: that is a false alarm, or a bug
that nobody planted, and the hunt goes on. Whether the verdict is one that the bug is known to show
is told, and no condition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, replace
from math import comb
from statistics import median

import msgspec
from tabulate import tabulate

from splitbrain.harness.bug import Bug
from splitbrain.harness.hosttime import cpu_seconds, timestamp
from splitbrain.harness.hunting.drawing import Target
from splitbrain.harness.hunting.work import attempt

SEEDS_APART = 100_000
"""Seeds between the beginnings of two hunts for one bug."""

LEAST_FOUND = 0.95
"""The share of hunts that is to find its bug."""

MEDIAN_SECONDS = 5.0
"""The seconds of CPU that a hunt is to take at the median."""

_HEADERS = ("bug", "system", "found", "runs: median", "max", "CPU s: median", "max", "verdict")


@dataclass(frozen=True, slots=True)
class Animal:
    """A planted bug to be hunted.

    Attributes:
        target: its system with it, and nothing said of workload or faults.
        shows: what it is known to look like (`splitbrain.harness.bug.Bug.shows`).
    """

    target: Target
    shows: tuple[str, ...]

    @classmethod
    def of(cls, target: Target, bug: Bug) -> Animal:
        """The planted bug of a target."""
        return cls(target, bug.shows)

    @property
    def bug(self) -> str:
        """The bug's id."""
        return self.target.bug or ""


@dataclass(frozen=True, slots=True)
class Hunted:
    """One hunt for one bug.

    Attributes:
        bug: its id.
        system: its system.
        first_seed: where the hunt began.
        found: whether a run was invalid.
        runs: how many runs it took, the invalid one included.
        seconds: seconds of CPU.
        seed: the seed that found it; None if none did.
        workload: the workload of that run; empty if there is none.
        signature: what that run failed with; empty if there is none.
        expected: whether the bug is known to show that.
        alarms: how many runs were invalid, and without the bug, too.
        broken: how many runs could not be made at all.
        day: when it was held, in UTC (``2026-11-28``); empty of hunts that were not dated yet.
    """

    bug: str
    system: str
    first_seed: int
    found: bool = False
    runs: int = 0
    seconds: float = 0.0
    seed: int | None = None
    workload: str = ""
    signature: str = ""
    expected: bool = False
    alarms: int = 0
    broken: int = 0
    day: str = ""


def hunt_one(animal: Animal, first_seed: int, limit: float) -> Hunted:
    """Hunt for one bug from a seed on.

    Args:
        animal: the bug.
        first_seed: the first seed.
        limit: seconds of CPU after which no further run begins.
    """
    target = animal.target
    so_far = Hunted(animal.bug, target.system, first_seed, day=timestamp()[: len("2026-11-28")])
    begun = cpu_seconds()
    while so_far.seconds < limit:
        seed = first_seed + so_far.runs
        made = attempt(target, target.plan(seed).to_json())
        so_far = replace(
            so_far,
            runs=so_far.runs + 1,
            seconds=cpu_seconds() - begun,
            broken=so_far.broken + (made.validity == "error"),
        )
        if not made.signature:
            continue
        if attempt(target, {**made.plan, "bug": None}).signature:
            so_far = replace(so_far, alarms=so_far.alarms + 1)
            continue
        return replace(
            so_far,
            found=True,
            seed=seed,
            workload=str(made.plan["workload"]),
            signature=made.signature,
            expected=shows(made.signature, animal.shows),
        )
    return so_far


def shows(signature: str, known: Sequence[str]) -> bool:
    """Whether a signature is among those known, or has one in it that is."""
    return any(name in signature for name in known)


Told = Callable[[Hunted, int, int | None], None]
"""Called with each hunt as it ends, how many have ended, and of how many, if that is known."""


def hunt_all(
    animals: Sequence[Animal],
    executor: Executor,
    *,
    hunts: int,
    limit: float,
    seed: int = 0,
    held: Sequence[Hunted] = (),
    told: Told = lambda hunted, done, of: None,
) -> list[Hunted]:
    """Hunt for all bugs, each several times.

    Args:
        animals: the bugs.
        executor: does the work.
        hunts: how many hunts for each bug.
        limit: seconds of CPU for each.
        seed: where the first hunt for each begins.
        held: hunts that were held before, with the same limit: none of them is held again.
        told: called as hunts end.

    Returns:
        The hunts, those held before among them, by bug in the order given, then by first seed.
    """
    known = {(one.bug, one.first_seed) for one in held}
    futures = [
        executor.submit(hunt_one, animal, first_seed, limit)
        for first_seed in range(seed, seed + hunts * SEEDS_APART, SEEDS_APART)
        for animal in animals
        if (animal.bug, first_seed) not in known
    ]
    for done, future in enumerate(as_completed(futures), start=1):
        told(future.result(), done, len(futures))
    order = {animal.bug: place for place, animal in enumerate(animals)}
    results = [one for one in held if one.bug in order]
    results += [future.result() for future in futures]
    return sorted(results, key=lambda h: (order[h.bug], h.first_seed))


# Beside what was kept

CHANCE = 0.001
"""How rarely chance alone may call a bug harder to find."""


@dataclass(frozen=True, slots=True)
class Change:
    """A bug that is found less often, a run, than it was.

    Attributes:
        bug: its id.
        before: the share of runs that found it.
        now: the same, now.
        chance: how likely so few finds are if nothing has changed.
    """

    bug: str
    before: float
    now: float
    chance: float

    def __str__(self) -> str:
        return (
            f"{self.bug} became harder to find: {self.now:.2%} of the runs find it, and "
            f"{self.before:.2%} did (chance: {self.chance:.1g})"
        )


def harder(kept: Sequence[Hunted], now: Sequence[Hunted]) -> list[Change]:
    """The bugs that became harder to find; one that was not hunted before is none of them.

    Each run finds the bug or doesn't, at a rate that the plans' drawing, the checkers and the
    system make; Fisher's exact test (one-sided) says how likely such a difference is by chance.
    """
    before, after = _rates(kept), _rates(now)
    changes = []
    for bug, (found, runs) in after.items():
        if bug not in before:
            continue
        found_before, runs_before = before[bug]
        chance = at_most(found, runs, found + found_before, runs + runs_before)
        if chance < CHANCE:
            changes.append(Change(bug, found_before / runs_before, found / runs, chance))
    return changes


def at_most(found: int, runs: int, all_found: int, all_runs: int) -> float:
    """How likely so many of all runs have at most so many of all finds: hypergeometric."""
    ways = sum(
        comb(all_found, hits) * comb(all_runs - all_found, runs - hits)
        for hits in range(max(0, runs + all_found - all_runs), min(found, runs) + 1)
    )
    return ways / comb(all_runs, runs)


def _rates(hunted: Sequence[Hunted]) -> dict[str, tuple[int, int]]:
    """Finds and runs of each bug."""
    rates: dict[str, tuple[int, int]] = {}
    for one in hunted:
        found, runs = rates.get(one.bug, (0, 0))
        rates[one.bug] = found + one.found, runs + one.runs
    return rates


def read_lines(text: str) -> list[Hunted]:
    """What `json_lines` wrote.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is something else.
    """
    return [msgspec.json.decode(line, type=Hunted) for line in text.splitlines()]


# The scoreboard


@dataclass(frozen=True, slots=True)
class Score:
    """What all hunts together came to: `seconds` is the median, where a miss counts as long as it
    took; `alarms` and `broken` are sums."""

    hunts: int
    found: int
    seconds: float
    alarms: int
    broken: int

    @property
    def reached(self) -> bool:
        """Whether the zoo is found as it is to be."""
        enough = self.found >= LEAST_FOUND * self.hunts and self.seconds <= MEDIAN_SECONDS
        return enough and not self.alarms and not self.broken

    def __str__(self) -> str:
        return (
            f"{self.found} of {self.hunts} hunts found their bug "
            f"({self.found / self.hunts:.1%}; wanted: {LEAST_FOUND:.0%}); median "
            f"{self.seconds:.1f} CPU seconds (wanted: at most {MEDIAN_SECONDS:g}); {self.alarms} "
            f"runs were invalid without the bug, too, {self.broken} could not be made"
        )


def score(hunted: Sequence[Hunted]) -> Score:
    """The score of at least one hunt."""
    return Score(
        len(hunted),
        sum(h.found for h in hunted),
        median(h.seconds for h in hunted),
        sum(h.alarms for h in hunted),
        sum(h.broken for h in hunted),
    )


def scoreboard(hunted: Sequence[Hunted], *, form: str = "simple") -> str:
    """A row for each bug, in the order of the hunts; `form` is a table format of tabulate."""
    by_bug: dict[str, list[Hunted]] = {}
    for one in hunted:
        by_bug.setdefault(one.bug, []).append(one)
    rows = [_row(hunts) for hunts in by_bug.values()]
    return tabulate(rows, _HEADERS, tablefmt=form, disable_numparse=True, stralign="left")


def markdown(hunted: Sequence[Hunted]) -> str:
    """The scoreboard as a page."""
    return f"# Zoo\n\n{score(hunted)}\n\n{scoreboard(hunted, form='pipe')}\n"


def json_lines(hunted: Sequence[Hunted]) -> str:
    """A line for each hunt."""
    return "".join(msgspec.json.encode(one).decode() + "\n" for one in hunted)


def _row(hunts: Sequence[Hunted]) -> list[str]:
    first = hunts[0]
    runs, cpu = [one.runs for one in hunts], [one.seconds for one in hunts]
    return [
        first.bug,
        first.system,
        f"{sum(one.found for one in hunts)} of {len(hunts)}",
        f"{median(runs):g}",
        str(max(runs)),
        f"{median(cpu):.1f}",
        f"{max(cpu):.1f}",
        _verdicts(hunts),
    ]


def _verdicts(hunts: Sequence[Hunted]) -> str:
    """What was seen, the most frequent first; ``!`` marks what the bug is not known to show."""
    seen = Counter(
        f"{one.signature}{'' if one.expected else ' !'}" for one in hunts if one.signature
    )
    told = [f"{name} ({times})" for name, times in seen.most_common(2)]
    more = [f"{len(seen) - 2} more"] if len(seen) > 2 else []
    return ", ".join([*told, *more]) or "-"
