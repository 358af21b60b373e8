"""A simulated test hunted in for a while on all cores (``pytest --splitbrain-hunt 10m``).

It is the hunt of `splitbrain hunt`, with the test in a system's place: failures are grouped, each
is made small once, the memory (``hunt.db`` in the folder of runs) knows which seeds were tried and
what failed. Failures have the folders that the test's failures always have, so the next ordinary
run of the test tries them first.

Workers find the test by its module and name, and its arguments are sent to them; what fixtures
change of the code under test they don't see. Where that can't be (a test inside a function, an
argument that can't be pickled), it is hunted in here, on one core.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import Any, Protocol

from splitbrain.harness.hunting import telling
from splitbrain.harness.hunting.counting import Counts, most_frequent
from splitbrain.harness.hunting.hunt import Crew, Hunt, Limits, ranked
from splitbrain.harness.hunting.memory import FIXED, Group, Memory
from splitbrain.harness.hunting.pool import Workers, local
from splitbrain.harness.plan import Plan
from splitbrain.harness.regression import Origin
from splitbrain.harness.runs.folders import emptied_folder, slug
from splitbrain.harness.searching.elsewhere import Source
from splitbrain.harness.searching.seeds import Search
from splitbrain.harness.testing.simulated import Inconclusive, Settings, Violation
from splitbrain.harness.workloads.workload import Experiment


class Made(Protocol):
    """A call of a test (`splitbrain.harness.testing.trying.Trial`)."""

    def plan(self, seed: int) -> Plan:
        """The plan of a seed."""
        ...

    def experiment(self, plan: Plan) -> Experiment:
        """What it runs under a plan."""
        ...


class HuntedTest:
    """A simulated test as something to hunt in.

    Attributes:
        name: the test's.
        cell: the same: its seeds are its own.
        origin: where its experiments come from, for test files of failures.
    """

    def __init__(
        self,
        name: str,
        trial: Made,
        *,
        source: Source | None,
        arguments: Mapping[str, Any],
        command: str,
        origin: Origin | None,
    ) -> None:
        """Make one.

        Args:
            name: the test's.
            trial: the call of it.
            source: where another process finds the test; None if it can't.
            arguments: what it is called with.
            command: repeats it.
            origin: see above.
        """
        self.name = self.cell = name
        self.origin = origin
        self._source = source
        self._arguments = dict(arguments)
        self._command = command
        self._trial: Made | None = trial

    def __getstate__(self) -> dict[str, Any]:
        # The function under `simulate` can't be sent: its name is the test's.
        return {**vars(self), "_trial": None}

    def plan(self, seed: int) -> Plan:
        """The plan of a seed."""
        return self._made().plan(seed)

    def experiment(self, plan: Plan) -> Experiment:
        """What the test runs under a plan."""
        return self._made().experiment(plan)

    def folder(self, runs: Path, plan: Plan, signature: str) -> Path:
        """The folder that this failure of the test always has, emptied."""
        return emptied_folder(runs, f"{slug(self.name)}--{slug(signature)}")

    def commands(self, folder: Path) -> dict[Path, str]:
        """What repeats the runs of a failure: the one that was found, and the small one."""
        return {
            path: f"{self._command} --splitbrain-replay {quote(str(path / 'plan.json'))}"
            for path in (folder, folder / "shrunk")
        }

    @property
    def tied(self) -> str | None:
        """Why workers can't do it; None if they can."""
        if self._source is None:
            return "no other process finds the test by a name in its module"
        try:
            pickle.dumps(self)
        except Exception as error:  # noqa: BLE001 - whatever a fixture's value raises
            return f"an argument of the test can't be sent to another process: {error}"
        return None

    def _made(self) -> Made:
        if self._trial is None:
            assert self._source is not None
            test: Callable[..., Any] = getattr(
                import_module(self._source.module), self._source.name
            )
            made: Made = test.splitbrain_trial(**self._arguments)  # type: ignore[attr-defined]
            self._trial = made
        return self._trial


def hunt_in(test: HuntedTest, seconds: float, settings: Settings) -> None:
    """Hunt in a test until the time is up.

    Raises:
        Violation: something failed; the message has the groups, and the story of the first.
        Inconclusive: nothing could be judged.
    """
    tied = test.tied
    limits = Limits(seconds, settings.runs, settings.shrink_budget, first_seed=settings.seed or 0)
    with closing(Memory(settings.folder / "hunt.db")) as memory:
        memory.begin()
        hunt = Hunt([test], memory, runs=str(settings.folder), limits=limits)
        with _workers(_cores(), 0, tied) as pool, _workers(1, 1, tied) as other:
            count = hunt.go(Crew(pool, pool, other))
    if tied is not None:
        settings.notes.append(f"{test.name} was hunted in on one core: {tied}")
    if settings.finished is not None:
        settings.finished(Search(count.runs, count.valid, operations=count.operations))
    groups = [g for g in ranked(list(hunt.groups.values())) if g.state != FIXED]
    if groups:
        raise _violation(test, count, groups, settings)
    if not count.valid and count.runs:
        ((why, _),) = most_frequent(count.unknown_reasons, 1)
        raise Inconclusive(f"none of {count.runs} runs could be judged: {why}")
    settings.notes.append(f"{test.name}: {telling.summary(count)}")


def _violation(
    test: HuntedTest, count: Counts, groups: Sequence[Group], settings: Settings
) -> Violation:
    folder = Path(groups[0].folder) if groups[0].folder else settings.folder
    told = telling.terminal(count, groups)
    if settings.render is not None and (folder / "verdict.json").exists():
        told = f"{told}\n{settings.render(folder, test.commands(folder))}"
    return Violation(told, folder, groups[0].plan["seed"])


def _cores() -> int:
    """This process's part of the cores, if pytest-xdist has started several like it."""
    beside = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return max(1, (os.cpu_count() or 1) // beside)


def _workers(jobs: int, hash_seed: int, tied: str | None) -> Workers:
    return local(jobs, hash_seed) if tied is None else Workers(_AtOnce, 1)


class _AtOnce(Executor):
    """Does the work when it is handed in, in this process."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **named))
        except Exception as error:  # noqa: BLE001 - as every executor does
            future.set_exception(error)
        return future
