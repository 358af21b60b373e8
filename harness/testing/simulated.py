"""What simulated tests share: what the command line says of them, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from splitbrain.harness.plan import Fault, Plan


class FaultSource(Protocol):
    """What decides the faults of a run; `splitbrain.harness.faults` has them."""

    def draw(self, seed: int, plan: Plan) -> tuple[Fault, ...]:
        """The faults of the plan with this seed."""
        ...


class Violation(AssertionError):
    """A simulated test failed; the message tells the story and how to repeat it.

    Attributes:
        folder: the folder of the failing run.
        seed: the seed under which it failed.
    """

    def __init__(self, message: str, folder: Path, seed: int) -> None:
        super().__init__(message)
        self.folder = folder
        self.seed = seed


class Inconclusive(AssertionError):
    """No run of a simulated test could be judged, or the client's own code is broken; the message
    says which checker and why.

    Attributes:
        folder: the folder of the first such run.
    """

    def __init__(self, message: str, folder: Path | None = None) -> None:
        super().__init__(message)
        self.folder = folder


class NoExperiment(TypeError):
    """The function under `simulate` returned something else than ``plan.using(...)``."""


@dataclass(frozen=True, slots=True)
class SimulatedTest:
    """A test as `splitbrain.harness.testing.simulate` was told to make it.

    Attributes:
        name: the function's module and name.
        base: the plan that every seed starts from.
        faults: what draws each run's faults, if anything does.
        runs: seeds to try.
        plans: where the fixed plans are, if there are any.
        parameters: what else `simulate` could have been told, for those who misspell it.
    """

    name: str
    base: Plan
    faults: FaultSource | None
    runs: int
    plans: str | Path | None
    parameters: tuple[str, ...]


@dataclass(slots=True)
class Settings:
    """What the command line says about all simulated tests; `pytest_plugin` fills it in.

    Attributes:
        runs: how many seeds to try, in place of each test's own number.
        seed: the first seed; alone it is the only one.
        replay: a plan to run in place of all seeds.
        hunt: seconds to hunt for, on all cores, in place of trying so many seeds.
        folder: where failing runs are kept.
        root: where the paths of fixed plans begin.
        shrink_budget: runs that making a failure smaller may take.
        test: the current test's name, for the names of folders; its function's, unless given.
        command: repeats the current test, for example ``pytest tests/test_kv.py::test_register``.
        render: the text of a failing run's folder, told what repeats it and the small one in it.
        finished: told of each finished test's `splitbrain.harness.searching.seeds.Search`.
        notes: what is to be said in the end, though no test failed for it.
    """

    runs: int | None = None
    seed: int | None = None
    replay: Path | None = None
    hunt: float | None = None
    folder: Path = Path("runs")
    root: Path = Path()
    shrink_budget: int = 300
    test: str | None = None
    command: str | None = None
    render: Callable[[Path, Mapping[Path, str]], str] | None = None
    finished: Callable[[Any], None] | None = None
    notes: list[str] = field(default_factory=list)

    def seeds(self, wanted: int) -> Iterable[int]:
        """The seeds of a test that wants to try so many."""
        if self.seed is None:
            return range(self.runs or wanted)
        return range(self.seed, self.seed + (self.runs or 1))
