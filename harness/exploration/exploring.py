"""Every run with at most so many deviations; see `splitbrain.harness.exploration`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from splitbrain.checkers.invariants.coverage import exercised
from splitbrain.checkers.verdict import INVALID, UNKNOWN
from splitbrain.harness.exploration import CRASH, LATE
from splitbrain.harness.exploration.ground import Exploration, deviating
from splitbrain.harness.exploration.steering import CLIENTS, Step
from splitbrain.harness.nemesis.claims import regime
from splitbrain.harness.plan import Fault
from splitbrain.harness.runs.running import Run, run
from splitbrain.harness.workloads.workload import Experiment

EXERCISED = exercised().name
"""Who says that a run tells nothing because too little succeeded in it."""

Deviations = tuple[tuple[int, str], ...]
"""Positions and kinds, by position."""

Told = Callable[[int, int], None]
"""Called after each run with how many were made and how many deviations it has."""


@dataclass(frozen=True, slots=True)
class Explored:
    """What came of exploring.

    Attributes:
        runs: how many runs were made.
        events: how many positions the base run has.
        vain: in how many of them too little succeeded to tell anything.
        unjudged: how many could not be judged for another reason.
        why: the first such reason.
        complete: whether all runs were made, or as many as it took to find a failure.
        failing: the first failing run, with the fewest deviations; None if there is none.
    """

    runs: int
    events: int
    vain: int
    unjudged: int
    why: str
    complete: bool
    failing: Run | None

    @property
    def proved(self) -> bool:
        """Whether none fails, of all."""
        return self.complete and self.failing is None and not self.unjudged


def explore(
    experiment: Experiment,
    *,
    deviations: int,
    most: int,
    crashes: int,
    told: Told = lambda runs, deviations: None,
) -> Explored:
    """Make every run with at most so many deviations, until one fails.

    Args:
        experiment: what to run; its plan lists its operations, and has no faults.
        deviations: k.
        most: so many runs at most.
        crashes: how many of the deviations may be crashes (`crashes_claimed`).
        told: called after each run.
    """
    seen = _Seen()
    level: list[Deviations] = [()]
    for number in range(deviations + 1):
        following: list[Deviations] = []
        for chosen in level:
            if seen.runs >= most:
                return seen.found(complete=False)
            result, steps = run_with(experiment, chosen)
            seen.add(result, steps)
            told(seen.runs, number)
            if result.validity is INVALID:
                return seen.found(complete=True, failing=result)
            if number < deviations:
                following += extended(chosen, steps, crashes)
        level = following
    return seen.found(complete=True)


@dataclass(slots=True)
class _Seen:
    runs: int = 0
    events: int = 0
    vain: int = 0
    unjudged: int = 0
    why: str = ""

    def add(self, result: Run, steps: list[Step]) -> None:
        self.runs += 1
        self.events = self.events or len(steps)
        unknown = [verdict for verdict in result.verdicts if verdict.validity is UNKNOWN]
        others = [verdict for verdict in unknown if verdict.checker != EXERCISED]
        self.vain += bool(unknown) and not others
        self.unjudged += bool(others)
        self.why = self.why or next((v.reason for v in others), "")

    def found(self, *, complete: bool, failing: Run | None = None) -> Explored:
        return Explored(
            self.runs, self.events, self.vain, self.unjudged, self.why, complete, failing
        )


def run_with(experiment: Experiment, deviations: Deviations) -> tuple[Run, list[Step]]:
    """A run with these deviations, and what happened in it."""
    ground = Exploration()
    plan = deviating(experiment.plan, deviations)
    result = run(experiment.with_plan(plan), tracing=False, ground=ground)
    return result, ground.heap.steps


def extended(deviations: Deviations, steps: list[Step], crashes: int) -> Iterator[Deviations]:
    """The same deviations and one more behind them, wherever it makes a difference.

    What has nothing of its host after it cannot be late.
    """
    last = deviations[-1][0] if deviations else -1
    left = crashes - sum(kind == CRASH for _, kind in deviations)
    followed: set[str] = set()
    more: list[tuple[int, str]] = []
    for position in range(len(steps) - 1, last, -1):
        step = steps[position]
        if left > 0 and step.place != CLIENTS:
            more.append((position, CRASH))
        if step.movable and step.place in followed:
            more.append((position, LATE))
        followed.add(step.place)
    for one in reversed(more):
        yield (*deviations, one)


def crashes_claimed(experiment: Experiment) -> int:
    """How many servers may lose power at once by what the system claims; all, if it claims
    nothing."""
    plan, claims = experiment.plan, experiment.claims
    if claims is None:
        return plan.nodes
    loss = Fault("process.power_loss", 0.0, 0.1, "n1", id="crash")
    survived = regime((loss,), plan.nodes, claims) != "beyond"
    return max(1, claims.limit(plan.nodes)) if survived else 0
