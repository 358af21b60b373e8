"""The descent itself: candidates are tried, and the smallest plan that fails alike is kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.verdict import INVALID
from splitbrain.checkers.vocabulary import HEAL, PHASE
from splitbrain.harness.plan import InvalidPlan, Plan, PlannedOperation
from splitbrain.harness.runs.running import Run, run
from splitbrain.harness.shrinking import removal, simpler
from splitbrain.harness.shrinking.chances import ROUNDS, Chance, Necessity, weigh
from splitbrain.harness.shrinking.measure import size
from splitbrain.harness.shrinking.shrunk import NotReproduced, Shrunk
from splitbrain.harness.workloads.workload import Experiment

Progress = Callable[[int, Plan], None]
"""Called after each run with how many were made and the smallest failing plan so far."""

REROLLS = 3
"""Environments that a candidate is tried in: its own seed, and others derived from it."""

COARSE = 8
"""Pieces that are tried at first, each in one environment."""

_SEEDS = 1 << 32

_SIMPLER: tuple[Callable[[Plan], Iterator[simpler.Simpler]], ...] = (
    simpler.plainer_settings,
    simpler.earlier_together,
    simpler.simpler_faults,
    simpler.earlier_operations,
    simpler.smaller_values,
)
"""What can become simpler, in the order in which it is tried."""


class _BudgetSpent(Exception):
    pass


def shrink(
    experiment: Experiment,
    failing: Run,
    *,
    budget: int = 400,
    rerolls: int = REROLLS,
    progress: Progress | None = None,
) -> Shrunk:
    """Shrink the plan of a failing run.

    Args:
        experiment: what was run.
        failing: its run, which is invalid.
        budget: how many runs may be made; finding out how often it fails and which faults
            are necessary comes on top.
        rerolls: how many environments each candidate is tried in.
        progress: told after each run.

    Raises:
        ValueError: the run isn't invalid.
        NotReproduced: the same plan does not fail again.
    """
    if failing.validity is not INVALID:
        raise ValueError("only an invalid run can be shrunk")
    shrinker = _Shrinker(
        experiment, failing, budget, rerolls, progress or (lambda runs, plan: None)
    )
    complete = True
    try:
        shrinker.descend()
    except _BudgetSpent:
        complete = False
    if shrinker.best == failing.plan:
        shrinker.final()  # nothing smaller fails: does it fail again itself?
    shrinker.without_each_fault()
    runs = shrinker.runs
    often, necessary = shrinker.weigh()
    final = shrinker.final()
    return Shrunk(final, shrinker.original, runs, often, necessary, complete)


def listed_operations(history: History, clients: int) -> tuple[PlannedOperation, ...]:
    """The operations that a recorded run's clients invoked under load, as a plan lists them."""
    final = next((e.index for e in history.events(PHASE, NEMESIS) if e.value == HEAL), len(history))
    return tuple(
        PlannedOperation(call.start / 1e9, call.process % clients, call.f, call.argument)
        for call in history.calls()
        if call.invoke_index < final
    )


class _Shrinker:
    """Greedy descent: `best` is the smallest plan so far that fails as the original does."""

    def __init__(
        self, experiment: Experiment, failing: Run, budget: int, rerolls: int, progress: Progress
    ) -> None:
        self.experiment = experiment
        self.signature = failing.signature
        self.deterministic = failing.deterministic
        self.best = failing.plan
        self.original = failing.plan.with_(
            operations=failing.plan.operations
            or listed_operations(failing.history, failing.plan.clients)
        )
        self.runs = 0
        self._budget = budget
        self._most_rerolls = self._rerolls = rerolls
        self._progress = progress
        self._refused: set[str] = set()

    # Trying

    def fails(self, plan: Plan, rerolls: int | None = None) -> Plan | None:
        """The plan, under the first environment in which it fails as wanted; None if there is
        none."""
        for roll in range(rerolls or self._rerolls):
            candidate = plan if roll == 0 else plan.with_(seed=(plan.seed * 31 + roll) % _SEEDS)
            if self.runs >= self._budget:
                raise _BudgetSpent
            self.runs += 1
            try:
                result = run(self.experiment.with_plan(candidate), tracing=False)
            except InvalidPlan:
                return None  # a target that names a node which is gone, say
            self._progress(self.runs, self.best)
            if result.signature == self.signature:
                return candidate
        return None

    def accept(self, candidate: Plan) -> bool:
        """Make `candidate` the best if it is smaller and fails too."""
        if size(candidate) >= size(self.best):
            return False
        key = repr(candidate.with_(seed=0))
        if key in self._refused:
            return False
        failing = self.fails(candidate)
        if failing is None:
            self._refused.add(key)
            return False
        self.best = failing
        return True

    def first(self, candidates: Iterator[Plan]) -> bool:
        """Make the first of the candidates that fails the best, if there is one."""
        return any(self.accept(candidate) for candidate in candidates)

    # Passes

    def descend(self) -> None:
        """Everything, until nothing more can go.

        If the listed operations don't fail, they are left to the workload's generator.
        """
        self.accept(self.original)
        self._rerolls = 1
        self.drop(removal.faults_of, removal.with_faults, pieces=COARSE)
        if self.best.operations is not None:
            self.drop(removal.operations_of, removal.with_operations, pieces=COARSE)
        self._rerolls, self._refused = self._most_rerolls, set()
        self.to_fixpoint(self.take_away)
        self.to_fixpoint(self.simplify, self.take_away)
        self.plain()

    def to_fixpoint(self, *passes: Callable[[], None]) -> None:
        """The passes, again and again, until none finds anything."""
        while True:
            before = self.best
            for each in passes:
                each()
            if self.best == before:
                return

    def take_away(self) -> None:
        """Fewer faults, operations, micro-operations, servers and clients.

        Not yet a shorter run: in a long one a failure finds its moment in more environments.
        """
        self.drop(removal.faults_of, removal.with_faults)
        # Before operations go, which they count.
        for fewer in removal.fewer_events(self.best):
            self.accept(fewer(self.best))
        if self.best.operations is None:
            self.first(removal.shorter_runs(self.best))
        else:
            for without in removal.without_clients(self.best):
                self.accept(without(self.best))
            self.drop(removal.operations_of, removal.with_operations)
            self.drop(removal.micros_of, removal.with_micros)
        self.first(removal.fewer_hosts(self.best))
        self.first(removal.fewer_clients(self.best))

    def drop(self, items: removal.Part, only: removal.Without, pieces: int | None = None) -> None:
        """Delta debugging: try to do without chunks of halving size, down to single items.

        Args:
            items: what can go.
            only: the plan with some of them.
            pieces: how many of the last chunks make the whole, if it is to end sooner.
        """
        chunk = len(items(self.best))
        least = 1 if pieces is None else max(1, chunk // pieces)
        while chunk >= least:
            start = 0
            while start < len(now := items(self.best)):
                if not self.accept(only(self.best, [*now[:start], *now[start + chunk :]])):
                    start += chunk
            chunk //= 2

    def simplify(self) -> None:
        """Default settings, earlier times, small values."""
        for changes in _SIMPLER:
            for simpler_plan in changes(self.best):
                candidate = simpler_plan(self.best)
                if simpler.crowded(candidate) <= simpler.crowded(self.best):
                    self.accept(candidate)

    # In the end

    def without_each_fault(self) -> None:
        """Take each fault away once more, in twice as many environments; what can go, goes.

        The budget does not count from here on: without this, nobody knows whether a fault matters.
        """
        self._budget = sys.maxsize
        position = 0
        while position < len(self.best.faults):
            faults = self.best.faults[:position] + self.best.faults[position + 1 :]
            without = self.fails(self.best.with_(faults=faults), 2 * self._most_rerolls)
            if without is None:
                position += 1
            else:
                self.best, position = without, 0
                self.plain()

    def weigh(self) -> tuple[Chance, tuple[Necessity, ...]]:
        """How often the smallest plan fails, and what its faults have to do with it."""
        rounds = ROUNDS if self.deterministic else (2 * self._most_rerolls,)
        return weigh(self.best, lambda plans: [bool(self.fails(p, 1)) for p in plans], rounds)

    def plain(self) -> None:
        """The first plain seed under which it fails, if there is one: it is told without luck."""
        for seed in range(min(self.best.seed, 2 * self._most_rerolls)):
            plain = self.fails(self.best.with_(seed=seed), 1)
            if plain is not None:
                self.best = plain
                return

    def final(self) -> Run:
        """The smallest plan's run, with its trace.

        On a ground that is not deterministic it may take some tries until it fails again.

        Raises:
            NotReproduced: it does not.
        """
        for _ in range(2 * self._most_rerolls):
            result = run(self.experiment.with_plan(self.best), tracing=True)
            if result.signature == self.signature:
                return result
            if result.deterministic:
                raise NotReproduced(
                    "the shrunk plan failed once and does not fail again: the system under test "
                    "depends on something besides its node (time, randomness, files, memory shared "
                    "between nodes)"
                )
        raise NotReproduced(
            f"the shrunk plan failed, and {2 * self._most_rerolls} times it did not: its ground "
            f"({self.best.ground}) is not deterministic, so the failure may come by chance"
        )
