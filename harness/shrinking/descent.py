"""The descent itself: candidates are tried, and the smallest plan that fails alike is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from math import inf

from splitbrain.checkers.asked import asked_for
from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.verdict import INVALID
from splitbrain.checkers.vocabulary import HEAL, PHASE
from splitbrain.harness.hosttime import seconds
from splitbrain.harness.plan import Plan, PlannedOperation
from splitbrain.harness.runs.running import Run, run
from splitbrain.harness.shrinking import removal, simpler
from splitbrain.harness.shrinking.chances import ROUNDS, Chance, Necessity, weigh
from splitbrain.harness.shrinking.measure import size
from splitbrain.harness.shrinking.shrunk import NotReproduced, Shrunk
from splitbrain.harness.shrinking.trials import Spent, Trials, cores
from splitbrain.harness.workloads.workload import Experiment

Change = Callable[[Plan], Plan]

Progress = Callable[[int, Plan], None]
"""Called after each run with how many were made and the smallest failing plan so far."""

REROLLS = 3
"""Environments that a candidate is tried in: its own seed, and others derived from it."""

COARSE = 8
"""Pieces that are tried at first, each in one environment."""

_SEEDS = 1 << 32

_EARLIER: tuple[Callable[[Plan], Iterator[simpler.Simpler]], ...] = (
    simpler.earlier_together,
    simpler.simpler_faults,
    simpler.earlier_operations,
)
"""Which times can become simpler, in the order in which it is tried."""


def shrink(
    experiment: Experiment,
    failing: Run,
    *,
    budget: int = 400,
    time_box: float | None = None,
    rerolls: int = REROLLS,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Shrunk:
    """Shrink the plan of a failing run.

    Args:
        experiment: what was run.
        failing: its run, which is invalid.
        budget: how many runs may be made; finding out how often it fails and which faults
            are necessary comes on top.
        time_box: seconds of the real machine's time that may be taken, likewise; what is found
            then depends on how fast the machine is.
        rerolls: how many environments each candidate is tried in.
        jobs: how many processes run candidates; what is found is the same. All cores, unless
            given, where that is possible.
        progress: told after each run.

    Raises:
        ValueError: the run isn't invalid.
        NotReproduced: the same plan does not fail again.
    """
    if failing.validity is not INVALID:
        raise ValueError("only an invalid run can be shrunk")
    told = progress or (lambda runs, plan: None)
    trials = Trials(
        experiment,
        failing.signature,
        jobs=(jobs or cores()) if failing.deterministic else 1,
        repeatable=failing.deterministic,
        done=lambda runs: told(runs, shrinker.best),
    )
    shrinker = _Shrinker(experiment, failing, trials, rerolls)
    with closing(trials):
        trials.budget = budget
        trials.deadline = inf if time_box is None else seconds() + time_box
        complete = True
        try:
            shrinker.descend()
        except Spent:
            complete = False
        # Without what follows, nobody knows whether a fault matters.
        trials.budget = trials.deadline = inf
        if shrinker.best == failing.plan:
            shrinker.final()  # nothing smaller fails: does it fail again itself?
        shrinker.without_each_fault()
        runs = trials.runs
        small = shrinker.final()
        often, necessary = shrinker.weigh()
    return Shrunk(small, shrinker.original, runs, often, necessary, complete)


def listed_operations(history: History, clients: int) -> tuple[PlannedOperation, ...]:
    """The operations that a recorded run's clients invoked under load, as a plan lists them.

    Those that faults asked for come with their faults.
    """
    asked = asked_for(history)
    final = next((e.index for e in history.events(PHASE, NEMESIS) if e.value == HEAL), len(history))
    return tuple(
        PlannedOperation(call.start / 1e9, call.process % clients, call.f, call.argument)
        for call in history.calls()
        if call.invoke_index < final and call.invoke_index not in asked
    )


class _Shrinker:
    """Greedy descent from one plan that fails as the original does to a smaller one."""

    def __init__(self, experiment: Experiment, failing: Run, trials: Trials, rerolls: int) -> None:
        self.experiment = experiment
        self.signature = failing.signature
        self.deterministic = failing.deterministic
        self._bests = [failing.plan]
        self.original = failing.plan.with_(
            operations=failing.plan.operations
            or listed_operations(failing.history, failing.plan.clients)
        )
        self._trials = trials
        self._most_rerolls = self._rerolls = rerolls
        self._refused: set[str] = set()
        self._unsure: set[str] = set()

    @property
    def best(self) -> Plan:
        """The smallest plan so far."""
        return self._bests[-1]

    @best.setter
    def best(self, plan: Plan) -> None:
        self._bests.append(plan)

    # Trying

    def first(self, candidates: Iterable[Plan]) -> int | None:
        """Make the first of the candidates that is smaller and fails, too, the best.

        Returns:
            Its position; None if there is none.
        """
        tried: list[tuple[int, str, Plan]] = []
        found = self._trials.first(self._environments(candidates, tried))
        if found is None:
            self._refused.update(key for _, key, _ in tried)
            return None
        position, accepted, self.best = tried[found]
        self._refused.update(key for at, key, _ in tried[:found] if key != accepted)
        return position

    def _environments(
        self, candidates: Iterable[Plan], tried: list[tuple[int, str, Plan]]
    ) -> Iterator[Plan]:
        """What is worth a run, under each of its seeds; `tried` keeps what each of them is."""
        for position, plan in enumerate(candidates):
            if size(plan) >= size(self.best):
                continue
            key = _key(plan)
            if key in self._refused:
                continue
            for candidate in self._rolled(plan, self._rerolls):
                tried.append((position, key, candidate))
                yield candidate

    @staticmethod
    def _rolled(plan: Plan, rerolls: int) -> Iterator[Plan]:
        yield plan
        for roll in range(1, rerolls):
            yield plan.with_(seed=(plan.seed * 31 + roll) % _SEEDS)

    def first_sure(self, candidates: Iterable[Plan]) -> int | None:
        """As `first`, but the candidate fails in every environment; the first in which it passes
        ends it, so that refusing it costs little."""
        smaller = [(p, plan) for p, plan in enumerate(candidates) if size(plan) < size(self.best)]
        left = [(p, plan) for p, plan in smaller if _key(plan) not in self._unsure]
        while (found := self._trials.first(plan for _, plan in left)) is not None:
            position, plan = left[found]
            others = [*self._rolled(plan, self._most_rerolls)][1:]
            if all(self._trials.failing(others)):
                self.best = plan
                return position
            self._unsure.update(_key(refused) for _, refused in left[: found + 1])
            del left[: found + 1]
        self._unsure.update(_key(plan) for _, plan in left)
        return None

    def each(self, changes: Iterable[Change], *, surely: bool = False) -> None:
        """Make one change after the other to the best, each if it is for the smaller and fails: in
        some environment, or `surely` in all of them."""
        left = list(changes)
        first = self.first_sure if surely else self.first
        while (found := first(change(self.best) for change in left)) is not None:
            del left[: found + 1]

    def is_sure(self) -> bool:
        """Whether the smallest plan fails in every environment."""
        return self.deterministic and all(
            self._trials.failing([*self._rolled(self.best, self._most_rerolls)])
        )

    # Passes

    def descend(self) -> None:
        """Everything, until nothing more can go.

        If the listed operations don't fail, they are left to the workload's generator.
        """
        self.first([self.original])
        self._rerolls = 1
        self.drop(removal.faults_of, removal.with_faults, pieces=COARSE)
        if self.best.operations is not None:
            self.drop(removal.operations_of, removal.with_operations, pieces=COARSE)
            if self.is_sure():
                self.each(simpler.CUT_SHORT, surely=True)
        # What one environment refused is not run in it again, where runs can be repeated.
        first = 1 if self.deterministic else self._most_rerolls
        for rerolls in dict.fromkeys((first, self._most_rerolls)):
            self._rerolls, self._refused = rerolls, set()
            self.to_fixpoint(self.take_away)
            self.to_fixpoint(lambda: self.to_fixpoint(self.simplify), self.take_away)
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
        self.each(removal.fewer_events(self.best))
        if self.best.operations is None:
            self.first(removal.shorter_runs(self.best))
        else:
            self.each(removal.without_clients(self.best))
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
        start = 0
        while True:
            now = items(self.best)
            cuts = list(_cuts(len(now), start, chunk, least))
            found = self.first(only(self.best, [*now[:a], *now[a + n :]]) for a, n in cuts)
            if found is None:
                return
            start, chunk = cuts[found]

    def simplify(self) -> None:
        """Default settings, earlier times, small values.

        No time that makes a failure rarer which came for sure.
        """
        self.each(simpler.plainer_settings(self.best))
        sure = self.is_sure()
        for changes in _EARLIER:
            self.each(map(self._not_crowding, changes(self.best)), surely=sure)
        self.each(simpler.smaller_values(self.best))

    @staticmethod
    def _not_crowding(change: Change) -> Change:
        def changed(plan: Plan) -> Plan:
            candidate = change(plan)
            return candidate if simpler.crowded(candidate) <= simpler.crowded(plan) else plan

        return changed

    # In the end

    def without_each_fault(self) -> None:
        """Take each fault away once more, in twice as many environments; what can go, goes."""
        position = 0
        while position < len(self.best.faults):
            faults = self.best.faults[:position] + self.best.faults[position + 1 :]
            rolled = [*self._rolled(self.best.with_(faults=faults), 2 * self._most_rerolls)]
            found = self._trials.first(rolled)
            if found is None:
                position += 1
            else:
                self.best, position = rolled[found], 0
                self.plain()

    def weigh(self) -> tuple[Chance, tuple[Necessity, ...]]:
        """How often the smallest plan fails, and what its faults have to do with it."""
        rounds = ROUNDS if self.deterministic else (2 * self._most_rerolls,)
        return weigh(self.best, self._trials.failing, rounds)

    def plain(self) -> None:
        """The first plain seed under which it fails, if there is one: it is told without luck."""
        seeds = range(min(self.best.seed, 2 * self._most_rerolls))
        found = self._trials.first(self.best.with_(seed=seed) for seed in seeds)
        if found is not None:
            self.best = self.best.with_(seed=found)

    def final(self) -> Run:
        """The smallest plan's run, with its trace.

        On a ground that is not deterministic a plan may have failed by chance and not again. Then
        a larger one takes its place, and at last the one that was to be shrunk.

        Raises:
            NotReproduced: that one does not fail again, either.
        """
        for plan in self._steps_back():
            result = self._again(plan)
            if result is not None:
                self.best = plan
                return result
        if self.deterministic:
            raise NotReproduced(
                "the shrunk plan failed once and does not fail again: the system under test "
                "depends on something besides its node (time, randomness, files, memory shared "
                "between nodes)"
            )
        raise NotReproduced(
            f"the plan failed, and {2 * self._most_rerolls} times it did not: its ground "
            f"({self.best.ground}) is not deterministic, so the failure may come by chance"
        )

    def _steps_back(self) -> Iterator[Plan]:
        """The smallest plan; on a ground of chance, others that were the smallest, ever earlier."""
        step = len(self._bests) - 1
        yield self._bests[step]
        stride = 1
        while step > 0 and not self.deterministic:
            step = max(0, step - stride)
            stride *= 2
            yield self._bests[step]

    def _again(self, plan: Plan) -> Run | None:
        """A run of the plan that fails as the original did; None if it doesn't come."""
        for _ in range(1 if self.deterministic else 2 * self._most_rerolls):
            result = run(self.experiment.with_plan(plan), tracing=True)
            if result.signature == self.signature:
                return result
        return None


def _key(plan: Plan) -> str:
    """What is refused: the plan in whichever environment."""
    return repr(plan.with_(seed=0))


def _cuts(count: int, start: int, chunk: int, least: int) -> Iterator[tuple[int, int]]:
    """What is cut out of so many items, as long as no cut is kept: start and length, from one of
    these on."""
    while chunk >= least:
        for position in range(start, count, chunk):
            yield position, chunk
        start, chunk = 0, chunk // 2
