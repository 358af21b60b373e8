"""Making a failing plan smaller, for as long as it fails in the same way.

What shrinks is the explicit plan, never a seed or a sequence of choices: the recorded run's
operations are listed in it first, then

1. faults go, in chunks and then one by one (delta debugging: Zeller and Hildebrandt, IEEE TSE
   2002), and those that wait for something wait for less of it;
2. operations go, first whole clients, then chunks, then one by one;
3. nodes and clients that nothing needs any more go;
4. settings of the system and of its machines go back to their defaults;
5. what is left becomes simpler: shorter and earlier faults, earlier operations, a shorter run.

Every timing after a change is another, so a smaller plan may fail under another environment only: a
candidate counts as failing if any of a few *re-rolled* seeds fails with the same signature, and
is then kept with that seed. The result is therefore always a plan that fails by itself, in one
run.

Finally each remaining fault is taken away once more, under more re-rolls: a fault without which
none of them fails is necessary, and any other goes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.verdict import INVALID
from splitbrain.checkers.vocabulary import HEAL, PHASE
from splitbrain.harness.knobs import OPTION, chosen
from splitbrain.harness.plan import Fault, InvalidPlan, Plan, PlannedOperation
from splitbrain.harness.running import Run, run
from splitbrain.harness.workloads.workload import Experiment

Progress = Callable[[int, Plan], None]
"""Called after each run with how many were made and the smallest failing plan so far."""

REROLLS = 3
"""Environments that a candidate is tried in: its own seed, and others derived from it."""

_SEEDS = 1 << 32


@dataclass(frozen=True, slots=True)
class Necessity:
    """Whether a fault of the shrunk plan is needed for its failure."""

    fault: Fault
    fails_without: bool


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The result of shrinking.

    Attributes:
        run: the shrunk plan's run; it fails with the signature of the original.
        original: the plan that was shrunk, with its operations listed.
        runs: how many runs it took.
        necessary: each remaining fault, with the finding that the failure needs it.
        complete: False if the budget ran out before nothing more could go.
    """

    run: Run
    original: Plan
    runs: int
    necessary: tuple[Necessity, ...]
    complete: bool

    def to_json(self) -> dict[str, Any]:
        """What ``shrink.json`` holds: sizes before and after, and which faults are necessary."""
        before, after = self.original, self.run.plan
        return {
            "operations": [len(before.operations or ()), len(after.operations or ())],
            "faults": [len(before.faults), len(after.faults)],
            "clients": [before.clients, after.clients],
            "nodes": [before.nodes, after.nodes],
            "runs": self.runs,
            "complete": self.complete,
            "necessary": [
                {"fault": n.fault.id, "kind": n.fault.kind, "fails_without": n.fails_without}
                for n in self.necessary
            ],
        }


class NotReproduced(Exception):
    """The failing run does not fail again: it was not a function of its plan."""


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
        budget: how many runs may be made; finding out which faults are necessary comes on top.
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
        shrinker.begin()
        shrinker.to_fixpoint()
    except _BudgetSpent:
        complete = False
    necessary = shrinker.necessity()
    final = shrinker.final()
    return Shrunk(final, shrinker.original, shrinker.runs, necessary, complete)


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
        self.best = failing.plan
        self.original = failing.plan.with_(
            operations=failing.plan.operations
            or listed_operations(failing.history, failing.plan.clients)
        )
        self.runs = 0
        self._budget = budget
        self._rerolls = rerolls
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
        """Make `candidate` the best if it fails too."""
        if candidate == self.best:
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

    # Passes

    def begin(self) -> None:
        """List the operations; if the list doesn't fail, leave them to the workload's generator."""
        if self.best.operations is None:
            self.accept(self.original)

    def to_fixpoint(self) -> None:
        """All passes, again and again, until none finds anything to take away."""
        while True:
            before = self.best
            self.drop_faults()
            self.wait_for_less()
            self.drop_operations()
            self.drop_hosts()
            self.drop_settings()
            self.simplify()
            if self.best == before:
                return

    def drop_faults(self) -> None:
        """Fewer faults."""
        self._drop(lambda: self.best.faults, lambda plan, faults: plan.with_(faults=tuple(faults)))

    def wait_for_less(self) -> None:
        """Faults that wait for fewer of their events; before operations go, which they count."""
        for position in range(len(self.best.faults)):
            when = self.best.faults[position].when
            if when is None:
                continue
            for count in _fewer(when.count):
                faults = list(self.best.faults)
                faults[position] = replace(faults[position], when=replace(when, count=count))
                if self.accept(self.best.with_(faults=tuple(faults))):
                    break

    def drop_operations(self) -> None:
        """Fewer operations: a shorter run, whole clients, chunks, single ones."""
        if self.best.operations is None:
            self._shorter_run()
            return
        for client in range(self.best.clients):
            kept = tuple(o for o in self.best.operations if o.client != client)
            if len(kept) < len(self.best.operations):
                self.accept(self.best.with_(operations=kept))
        self._drop(
            lambda: self.best.operations or (),
            lambda plan, operations: plan.with_(operations=tuple(operations)),
        )

    def _drop(
        self,
        items: Callable[[], Sequence[Any]],
        without: Callable[[Plan, Sequence[Any]], Plan],
    ) -> None:
        """Delta debugging: try to do without chunks of halving size."""
        size = len(items())
        while size >= 1:
            start = 0
            while start < len(items()):
                now = items()
                kept = [*now[:start], *now[start + size :]]
                if not self.accept(without(self.best, kept)):
                    start += size
            size //= 2

    def drop_hosts(self) -> None:
        """Fewer servers, and no client that invokes nothing."""
        for nodes in range(1, self.best.nodes):
            if self.accept(self.best.with_(nodes=nodes)):
                break
        operations = self.best.operations
        if operations is None:
            return
        used = sorted({operation.client for operation in operations})
        if used and len(used) < self.best.clients:
            # A client's number decides which server it talks to, so renumbering may not go.
            renumbered = tuple(replace(o, client=used.index(o.client)) for o in operations)
            self.accept(self.best.with_(clients=len(used), operations=renumbered)) or self.accept(
                self.best.with_(clients=used[-1] + 1)
            )

    def drop_settings(self) -> None:
        """The defaults of network and disk, and of the system's settings one by one."""
        for name in ("network", "disk"):
            if name in self.best.options:
                self.accept(self.best.with_(options=_without(self.best.options, name)))
        for name in chosen(self.best):
            left = _without(chosen(self.best), name)
            options = _without(self.best.options, OPTION)
            self.accept(self.best.with_(options={**options, OPTION: left} if left else options))

    def simplify(self) -> None:
        """Shorter and earlier faults on rounder times, earlier operations, a shorter run."""
        for position in range(len(self.best.faults)):
            for simpler in _simpler_faults(self.best.faults[position]):
                faults = list(self.best.faults)
                faults[position] = simpler(faults[position])
                self.accept(self.best.with_(faults=tuple(faults)))
        for position in range(len(self.best.operations or ())):
            operations = list(self.best.operations or ())
            at = round(operations[position].at, 1)
            operations[position] = replace(operations[position], at=at)
            self.accept(self.best.with_(operations=tuple(operations)))
        self._shorter_run()

    def _shorter_run(self) -> None:
        for limit in _shorter(self.best.time_limit):
            if limit < self.best.time_limit and self.accept(self.best.with_(time_limit=limit)):
                return

    def final(self) -> Run:
        """The smallest plan's run, with its trace.

        On a ground that is not deterministic it may take some tries until it fails again.

        Raises:
            NotReproduced: it does not.
        """
        for _ in range(2 * self._rerolls):
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
            f"the shrunk plan failed, and {2 * self._rerolls} times it did not: its ground "
            f"({self.best.ground}) is not deterministic, so the failure may come by chance"
        )

    def necessity(self) -> tuple[Necessity, ...]:
        """Take each fault away once more, in twice as many environments; what can go, goes.

        The budget does not count here: without this, nobody knows whether a fault matters.
        """
        self._budget = sys.maxsize
        position = 0
        while position < len(self.best.faults):
            faults = self.best.faults[:position] + self.best.faults[position + 1 :]
            without = self.fails(self.best.with_(faults=faults), 2 * self._rerolls)
            if without is None:
                position += 1
            else:
                self.best, position = without, 0
        return tuple(Necessity(fault, fails_without=False) for fault in self.best.faults)


def _fewer(count: int) -> list[int]:
    """Smaller counts, boldest first."""
    return sorted({1, 2, 3, count // 4, count // 2, count - 1} & set(range(1, count)))


def _without(options: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {other: value for other, value in options.items() if other != name}


def _shorter(value: float) -> Iterator[float]:
    for fraction in (0.1, 0.25, 0.5, 0.75):
        yield round(value * fraction, 1) or value


def _simpler_faults(fault: Fault) -> Iterator[Callable[[Fault], Fault]]:
    """Ways to make a fault simpler, boldest first; each applies to what the one before left."""
    for factor in (0.25, 0.5):
        yield lambda f, by=factor: replace(f, duration=round(f.duration * by, 3) or f.duration)  # type: ignore[misc]
    for digits in (0, 1, 2):
        yield lambda f, to=digits: replace(f, duration=round(f.duration, to) or f.duration)  # type: ignore[misc]
        yield lambda f, to=digits: replace(f, at=round(f.at, to))  # type: ignore[misc]
