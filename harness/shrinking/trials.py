"""Candidates are run: in order, each once, on all cores.

Most candidates pass and are refused, so the next few are run meanwhile, as if the ones before them
will be. When one fails, what was begun after it is forgotten. So what is found, and how many runs
it is said to have taken, is the same whatever the number of processes.

The processes are copies of this one (fork), which know the experiment however it was made. That is
done where a copy is sound: on Linux, by a process with one thread that is no worker itself.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import suppress

from splitbrain.harness.hosttime import seconds
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.runs.running import run
from splitbrain.harness.workers import ready
from splitbrain.harness.workloads.workload import Experiment

AHEAD = 2
"""Runs for each process that are begun at once."""


class Spent(Exception):
    """As many runs, or as much time, as there was to spend."""


def cores() -> int:
    """How many processes may help: all cores, or 1 where copies of this process aren't sound."""
    alone = threading.active_count() == 1 and multiprocessing.parent_process() is None
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" and alone else 1


class Trials:
    """Runs plans, and says whether they fail with one signature; to be closed in the end.

    Attributes:
        runs: how many runs were made, those of plans that were run before not counted.
    """

    def __init__(
        self,
        experiment: Experiment,
        signature: str,
        *,
        jobs: int,
        repeatable: bool,
        done: Callable[[int], None],
    ) -> None:
        """Prepare to run plans.

        Args:
            experiment: what is run.
            signature: what counts as failing.
            jobs: how many processes help; 1 for none.
            repeatable: whether a plan gives the same run each time, so that it need not be run
                again.
            done: told after each run how many were made.
        """
        self.runs = 0
        self.budget: float = float("inf")
        self.deadline: float = float("inf")
        self._experiment = experiment
        self._signature = signature
        self._repeatable = repeatable
        self._done = done
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None
        self._begun: dict[str, Future[str]] = {}
        self._known: dict[str, str] = {}

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self._begun.clear()

    def first(self, plans: Iterable[Plan]) -> int | None:
        """The position of the first of the plans that fails; None if none does.

        Raises:
            Spent: there is no budget or no time for it.
        """
        waiting: deque[tuple[Plan, str]] = deque()
        coming = iter(plans)
        position = 0
        while True:
            while len(waiting) < (AHEAD * self._jobs if self._jobs > 1 else 1):
                plan = next(coming, None)
                if plan is None:
                    break
                key = repr(plan)
                waiting.append((plan, key))
                self._begin(plan, key)
            if not waiting:
                return None
            if self._ended(*waiting.popleft()) == self._signature:
                for _, key in waiting:
                    self._forget(key)
                return position
            position += 1

    def failing(self, plans: Sequence[Plan]) -> list[bool]:
        """Whether each of the plans fails."""
        found: list[bool] = []
        while (position := self.first(plans[len(found) :])) is not None:
            found += [False] * position + [True]
        return found + [False] * (len(plans) - len(found))

    def _begin(self, plan: Plan, key: str) -> None:
        """Have another process run a plan, if there is one."""
        if self._jobs == 1 or key in self._known or key in self._begun:
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._jobs,
                multiprocessing.get_context("fork"),
                initializer=_prepare,
                initargs=(self._experiment,),
            )
        # A process was ended from outside, say: no other is, and the rest is done here.
        with suppress(BrokenExecutor):
            self._begun[key] = self._pool.submit(_signature_of, plan)

    def _forget(self, key: str) -> None:
        """What was begun for nothing: don't, or else keep what comes of it."""
        begun = self._begun.get(key)
        if begun is not None and begun.cancel():
            del self._begun[key]

    def _ended(self, plan: Plan, key: str) -> str:
        """The signature of a plan's run; empty if it is not invalid, or cannot run."""
        if key in self._known:
            return self._known[key]
        if self.runs >= self.budget or seconds() >= self.deadline:
            raise Spent
        self.runs += 1
        begun = self._begun.pop(key, None)
        signature = self._here(plan) if begun is None else self._there(begun, plan)
        if self._repeatable:
            self._known[key] = signature
        self._done(self.runs)
        return signature

    def _there(self, begun: Future[str], plan: Plan) -> str:
        try:
            return begun.result()
        except Exception:  # noqa: BLE001 - no process, no pickle, or an error: here it says so itself
            return self._here(plan)

    def _here(self, plan: Plan) -> str:
        return signature_of(self._experiment, plan)


def signature_of(experiment: Experiment, plan: Plan) -> str:
    """The signature of a plan's run; empty if it is not invalid, or cannot run (its fault may name
    a node that is gone)."""
    try:
        return run(experiment.with_plan(plan), tracing=False).signature
    except InvalidPlan:
        return ""


_experiments: list[Experiment] = []
"""In a helping process: what it runs."""


def _prepare(experiment: Experiment) -> None:
    ready()
    _experiments.append(experiment)


def _signature_of(plan: Plan) -> str:
    return signature_of(_experiments[-1], plan)
