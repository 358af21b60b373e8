"""The loop of a hunt: hand out seeds, sort what fails into groups, have each made small once.

1. What is remembered is tried first: a group whose smallest plan passes now is fixed.
2. Then seeds that nobody has tried, target after target in turn, a few at a time.
3. The first failure of a group is made small by a worker while the others go on.
4. Every 25th run is repeated in a process with another hash seed; another digest is a failure of
   its own, ``nondeterministic``: the system depends on more than its plan.

The time is up when it is up: what runs then is left to end (a run takes a moment; shrinking may
take longer, and is given a grace). Everything counted is in the memory by then, and stays there
when the hunt is killed; what was handed out and not counted comes again in the next hunt.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from splitbrain.harness.hosttime import seconds
from splitbrain.harness.hunting.counting import Counts
from splitbrain.harness.hunting.memory import FIXED, FLAKY, KNOWN, NEW, Group, Memory
from splitbrain.harness.hunting.pool import Workers
from splitbrain.harness.hunting.prey import Prey
from splitbrain.harness.hunting.sharding import WHOLE, Shard
from splitbrain.harness.hunting.tasks import Task, Tasks
from splitbrain.harness.hunting.work import Attempt, Small, attempt, make_small, try_seeds

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
    """Where a hunt begins and ends, and how much is made small.

    Attributes:
        seconds: wall time; None for none.
        runs: runs of new seeds, those of all shards together; None for no limit.
        shrink_budget: runs that making one failure smaller may take; 0 leaves it as it is.
        first_only: end at the first failure of any target.
        first_seed: no seed below this one.
        shard: which part of the seeds and of the remembered failures is this hunt's.
    """

    seconds: float | None = 60.0
    runs: int | None = None
    shrink_budget: int = 300
    first_only: bool = False
    first_seed: int = 0
    shard: Shard = WHOLE


@dataclass(frozen=True, slots=True)
class Crew:
    """Who does the work.

    Attributes:
        runners: run plans.
        shrinkers: make failures small, and keep them in folders: on this machine.
        others: repeat runs, in processes with another hash seed.
    """

    runners: Workers
    shrinkers: Workers
    others: Workers


@dataclass(slots=True)
class Stop:
    """Set by whoever wants hunts to end early, by Ctrl-C say."""

    asked: bool = False


Told = Callable[["Hunt"], None]
"""Called a few times a second while the hunt goes on."""


class Hunt:
    """One hunt over some targets.

    Attributes:
        count: what was done so far.
        groups: the groups seen by this hunt, by target and signature.
    """

    def __init__(
        self,
        targets: Sequence[Prey],
        memory: Memory,
        *,
        runs: str,
        limits: Limits,
        stop: Stop | None = None,
        count: Counts | None = None,
    ) -> None:
        """Prepare a hunt.

        Args:
            targets: what to hunt in.
            memory: what remembers.
            runs: the folder for the runs that are kept.
            limits: when it ends.
            stop: ends it early.
            count: what is counted further, of several hunts one after the other.
        """
        self.count = count or Counts()
        self.groups: dict[tuple[str, str], Group] = {}
        self._stop = stop or Stop()
        self._targets = tuple(targets)
        self._seeds = deque(_seeds(self._targets, memory, limits))
        self._memory = memory
        self._runs = runs
        self._limits = limits
        self._tasks = Tasks()

    def go(self, crew: Crew, told: Told = lambda hunt: None) -> Counts:
        """Hunt until the time is up.

        Args:
            crew: does the work.
            told: called now and then.
        """
        begun, before = seconds(), self.count.wall_seconds
        self._crew = crew
        self._try_remembered()
        while self._tasks or not self._over(begun):
            while len(self._tasks) < 2 * crew.runners.jobs and not self._over(begun):
                self._hand_out()
            if not self._tasks:
                break
            self._tasks.step(TICK)
            self.count.wall_seconds = before + seconds() - begun
            told(self)
            if self._late(begun):
                self._give_up()
                break
        self.count.wall_seconds = before + seconds() - begun
        return self.count

    # When it ends

    def _over(self, begun: float) -> bool:
        """Whether no new work is handed out any more."""
        limits = self._limits
        found = any(group.state == NEW for group in self.groups.values())
        return (
            self._stop.asked
            or not self._seeds
            or (limits.first_only and found)
            or (limits.seconds is not None and seconds() - begun >= limits.seconds)
        )

    def _late(self, begun: float) -> bool:
        """Whether even work that was handed out is given up."""
        if self._stop.asked:
            return True
        limit = self._limits.seconds
        return limit is not None and seconds() - begun >= limit + GRACE

    def _give_up(self) -> None:
        """Tell what is not waited for: a run that takes so long may never end."""
        if self._stop.asked:
            return
        for task in self._tasks.under_way:
            what = "making a failure small" if task.function is make_small else "a run"
            self.count.doubt(
                f"{task.arguments[0].name}: {what} was not over {GRACE:g} s after the hunt's time "
                "was up, and given up: give it more time"
            )

    # Handing out

    def _hand_out(self) -> None:
        target, seeds = self._seeds.popleft()
        batch = list(islice(seeds, SEEDS_A_TASK))
        if batch:
            self._seeds.append((target, seeds))
            self._tasks.add(self._trial(target, batch))

    def _trial(self, target: Prey, seeds: list[int]) -> Task:
        def given_up(why: str) -> None:
            for seed in seeds:
                plan = target.plan(seed).to_json()
                self._tried([Attempt(target, plan, "error", "", "", why, 0, 0.0, "")])

        return Task(
            self._crew.runners,
            try_seeds,
            (target, seeds),
            self._tried,
            given_up,
            lambda: [self._trial(target, [seed]) for seed in seeds],
        )

    def _try_remembered(self) -> None:
        by_name = {target.name: target for target in self._targets}
        for target in by_name.values():
            for place, group in enumerate(self._memory.groups(target.name)):
                if self._limits.shard.has(place):
                    self._try_again(target, group)

    def _try_again(self, target: Prey, group: Group) -> None:
        """A remembered failure: does its smallest plan still fail?"""

        def then(made: Attempt) -> None:
            if made.signature == group.signature:
                kept = self._memory.seen(group.target, group.signature)
                if group.faults is not None and not Path(group.folder).is_dir():
                    self._make_small(target, kept, budget=0)  # of another machine, or thrown away
            elif group.state == FLAKY or made.validity == "error":
                kept = group
            else:
                kept = self._memory.set_state(group, FIXED)
            self.groups[group.target, group.signature] = kept

        arguments = (target, dict(group.plan))
        self._tasks.add(Task(self._crew.runners, attempt, arguments, then, self.count.broke))

    # What comes back

    def _tried(self, attempts: list[Attempt]) -> None:
        for made in attempts:
            if not self._memory.count(made):
                continue
            self.count.tried(
                made.target.cell, made.validity, made.operations, made.seconds, made.reason
            )
            workload = str(made.plan.get("workload", ""))
            self.count.exercised(made.target.name, workload, made.validity, made.reason)
            if made.signature:
                self._failed(made)
            if self.count.runs % AGAIN_EVERY == 0 and made.digest:
                self._repeat(made)

    def _failed(self, made: Attempt) -> None:
        group = self._memory.group(made)
        key = (group.target, group.signature)
        first = group.faults is None and key not in self.groups
        self.groups[key] = group
        if first and self._limits.shrink_budget:
            self._make_small(made.target, group, self._limits.shrink_budget)

    def _make_small(self, target: Prey, group: Group, budget: int) -> None:
        """Keep a group's plan in a folder, made smaller if there is a budget for that."""
        key = (group.target, group.signature)

        def then(small: Small) -> None:
            if small.problem and not small.folder:
                self.count.broke(small.problem)
            self.groups[key] = self._memory.made_small(self.groups[key], small)

        arguments = (target, dict(group.plan), group.signature, self._runs, budget)
        self._tasks.add(Task(self._crew.shrinkers, make_small, arguments, then, self.count.broke))

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

        arguments = (first.target, first.plan)
        self._tasks.add(Task(self._crew.others, attempt, arguments, then, self.count.broke))


def _seeds(
    targets: Sequence[Prey], memory: Memory, limits: Limits
) -> Iterator[tuple[Prey, Iterator[int]]]:
    """The targets, each with the seeds to try: an equal part of the runs."""
    for place, target in enumerate(targets):
        seeds = memory.untried(target, limits.first_seed)
        if limits.runs is not None:
            share, more = divmod(limits.runs, len(targets))
            seeds = islice(seeds, share + (place < more))
        yield target, limits.shard.of(seeds)


def ranked(groups: Iterator[Group] | Sequence[Group]) -> list[Group]:
    """Groups as one wants to read them: new ones first, each kind by how often it was seen."""
    order = {NEW: 0, KNOWN: 1, FLAKY: 2, FIXED: 3}
    return sorted(groups, key=lambda g: (order[g.state], g.target, -g.times, g.signature))
