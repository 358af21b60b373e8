"""The loop of a hunt: hand out seeds, sort what fails into groups, have each made small once.

1. What is remembered is tried first: a group whose smallest plan passes now is fixed.
2. Then new seeds, target after target in turn, a few at a time.
3. The first failure of a group is made small by a worker while the others go on.
4. Every 25th run is repeated in a process with another hash seed; another digest is a failure of
   its own, ``nondeterministic``: the system depends on more than its plan.

The time is up when it is up: what runs then is left to end (a run takes a moment; shrinking may
take longer, and is given a grace). Everything counted is in the memory by then, and stays there
when the hunt is killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any

from splitbrain.harness.hosttime import seconds
from splitbrain.harness.hunting.drawing import Target
from splitbrain.harness.hunting.memory import FIXED, FLAKY, KNOWN, NEW, Group, Memory
from splitbrain.harness.hunting.work import Attempt, Small, attempt, make_small, try_seeds
from splitbrain.harness.runs.store import StoreError

AGAIN_EVERY = 25
"""One run in so many is repeated in another process."""

SEEDS_A_TASK = 4
"""Seeds that a worker is given at a time."""

GRACE = 30.0
"""Seconds that shrinking may go on after the time is up."""

TICK = 0.5
"""Seconds between two looks at the clock."""

NONDETERMINISTIC = "nondeterministic"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a hunt ends, and how much is made small.

    Attributes:
        seconds: wall time; None for none.
        runs: runs of new seeds; None for no limit.
        shrink_budget: runs that making one failure smaller may take; 0 leaves it as it is.
        first_only: end at the first failure of any target.
    """

    seconds: float | None = 60.0
    runs: int | None = None
    shrink_budget: int = 300
    first_only: bool = False


@dataclass(slots=True)
class Count:
    """What this hunt did."""

    runs: int = 0
    valid: int = 0
    unknown: int = 0
    failing: int = 0
    errors: int = 0
    operations: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    unknown_reasons: dict[str, int] = field(default_factory=dict)


Told = Callable[["Hunt"], None]
"""Called a few times a second while the hunt goes on."""


class Hunt:
    """One hunt over some targets.

    Attributes:
        count: what was done so far.
        groups: the groups seen by this hunt, by target and signature.
        stopping: set by whoever wants it to end early, by Ctrl-C say.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        memory: Memory,
        *,
        make: str,
        runs: str,
        limits: Limits,
        jobs: int,
    ) -> None:
        """Prepare a hunt.

        Args:
            targets: what to hunt in.
            memory: what remembers.
            make: the function that makes an experiment of a plan, as ``module:name``.
            runs: the folder for the runs that are kept.
            limits: when it ends.
            jobs: how many workers the executor has.
        """
        self.count = Count()
        self.groups: dict[tuple[str, str], Group] = {}
        self.stopping = False
        self._targets = tuple(targets)
        self._turns = cycle(self._targets)
        self._memory = memory
        self._make = make
        self._runs = runs
        self._limits = limits
        self._jobs = jobs
        self._handed_out = 0
        self._working: dict[Future[Any], Callable[[Any], None]] = {}

    def go(self, executor: Executor, other: Executor, told: Told = lambda hunt: None) -> Count:
        """Hunt until the time is up.

        Args:
            executor: does the work.
            other: repeats runs, in processes with another hash seed.
            told: called now and then.
        """
        begun = seconds()
        self._executor, self._other = executor, other
        for target in self._targets:
            for group in self._memory.groups(target):
                self._try_again(target, group)
        while self._working or not self._over(begun):
            while len(self._working) < 2 * self._jobs and not self._over(begun):
                self._hand_out()
            if not self._working:
                break
            done, _ = wait(self._working, timeout=TICK, return_when=FIRST_COMPLETED)
            for future in done:
                self._working.pop(future)(_result(future))
            self.count.wall_seconds = seconds() - begun
            told(self)
            if self._late(begun):
                break
        self.count.wall_seconds = seconds() - begun
        return self.count

    # When it ends

    def _over(self, begun: float) -> bool:
        """Whether no new work is handed out any more."""
        limits = self._limits
        found = any(group.state == NEW for group in self.groups.values())
        return (
            self.stopping
            or (limits.first_only and found)
            or (limits.seconds is not None and seconds() - begun >= limits.seconds)
            or (limits.runs is not None and self._handed_out >= limits.runs)
        )

    def _late(self, begun: float) -> bool:
        """Whether even work that was handed out is given up."""
        if self.stopping:
            return True
        limit = self._limits.seconds
        return limit is not None and seconds() - begun >= limit + GRACE

    # Handing out

    def _submit(
        self, executor: Executor, then: Callable[[Any], None], function: Any, *arguments: Any
    ) -> None:
        self._working[executor.submit(function, *arguments)] = then

    def _hand_out(self) -> None:
        target = next(self._turns)
        left = SEEDS_A_TASK
        if self._limits.runs is not None:
            left = min(left, self._limits.runs - self._handed_out)
        seeds = self._memory.take_seeds(target, left)
        self._handed_out += left
        self._submit(self._executor, self._tried, try_seeds, self._make, target, list(seeds))

    def _try_again(self, target: Target, group: Group) -> None:
        """A remembered failure: does its smallest plan still fail?"""

        def then(made: Attempt) -> None:
            if made.signature == group.signature:
                now = self._memory.group(made)
                kept = self._memory.set_state(now, KNOWN) if now.state == NEW else now
            elif group.state == FLAKY or made.validity == "error":
                kept = group
            else:
                kept = self._memory.set_state(group, FIXED)
            self.groups[group.target, group.signature] = kept

        self._submit(self._executor, then, attempt, self._make, target, dict(group.plan))

    # What comes back

    def _tried(self, attempts: list[Attempt]) -> None:
        for made in attempts:
            self._add(made)
            if made.signature:
                self._failed(made)
            if self.count.runs % AGAIN_EVERY == 0 and made.digest:
                self._repeat(made)

    def _add(self, made: Attempt) -> None:
        count = self.count
        self._memory.count(made)
        count.runs += 1
        count.valid += made.validity == "valid"
        count.failing += made.validity == "invalid"
        count.operations += made.operations
        count.cpu_seconds += made.seconds
        if made.validity in ("unknown", "error"):
            count.unknown += made.validity == "unknown"
            count.errors += made.validity == "error"
            reasons = count.unknown_reasons
            reasons[made.reason] = reasons.get(made.reason, 0) + 1

    def _failed(self, made: Attempt) -> None:
        group = self._memory.group(made)
        key = (group.target, group.signature)
        first = group.faults is None and key not in self.groups
        self.groups[key] = group
        if not first or not self._limits.shrink_budget:
            return

        def then(small: Small) -> None:
            if small.problem and not small.folder:
                self.count.errors += 1
                reasons = self.count.unknown_reasons
                reasons[small.problem] = reasons.get(small.problem, 0) + 1
            self.groups[key] = self._memory.made_small(self.groups[key], small)

        self._submit(
            self._executor,
            then,
            make_small,
            self._make,
            made.plan,
            self._runs,
            self._limits.shrink_budget,
        )

    def _repeat(self, first: Attempt) -> None:
        def then(again: Attempt) -> None:
            if again.digest == first.digest:
                return
            told = replace(
                first,
                signature=NONDETERMINISTIC,
                checker=NONDETERMINISTIC,
                reason="the same plan gave another history in another process: the system depends "
                "on hash order, a process id, or memory shared between runs",
            )
            group = self._memory.group(told)
            self.groups[group.target, group.signature] = group

        self._submit(self._other, then, attempt, self._make, first.target, first.plan)


def _result(future: Future[Any]) -> Any:
    try:
        return future.result()
    except BrokenExecutor:
        raise StoreError(
            "a worker process was ended from outside, or ran out of memory; what was found until "
            "then is kept: the next hunt goes on from there (with fewer --jobs, if memory is short)"
        ) from None


def ranked(groups: Iterator[Group] | Sequence[Group]) -> list[Group]:
    """Groups as one wants to read them: new ones first, each kind by how often it was seen."""
    order = {NEW: 0, KNOWN: 1, FLAKY: 2, FIXED: 3}
    return sorted(groups, key=lambda g: (order[g.state], g.target, -g.times, g.signature))
