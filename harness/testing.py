"""Tests of a user's own system: `simulate` turns a function of a plan into an ordinary test.

    from splitbrain.harness import faults, simulate
    from splitbrain.harness.workloads import register
    from my_service import KvClient, KvNode

    @simulate(nodes=3, runs=200, faults=faults.swarm())
    def test_register(plan):
        return plan.using(KvNode, register(KvClient))

The result is a plain synchronous function, so it works with pytest (fixtures, parametrize,
xdist), with unittest and in a REPL. It runs the experiment under one seed after another; the
first failing run is kept, made smaller, and raised as a `Violation` that tells its story. What is
tried does not depend on other tests: the seeds of a test are 0, 1, 2, ... unless `settings` say
otherwise.
"""

from __future__ import annotations

import functools
import inspect
import shlex
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID
from splitbrain.harness.investigate import Investigation, investigate
from splitbrain.harness.plan import Fault, Plan, parse_seconds
from splitbrain.harness.running import Run
from splitbrain.harness.searching import Search, search
from splitbrain.harness.store import new_folder, read_plan
from splitbrain.harness.workloads.workload import Experiment

RUNS = 50
"""Seeds that a test tries unless it, or the command line, says otherwise."""


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
    says why."""


@dataclass(slots=True)
class Settings:
    """What the command line says about all simulated tests; `splitbrain.harness.pytest_plugin`
    fills it in.

    Attributes:
        runs: how many seeds to try, in place of each test's own number.
        seed: the first seed; alone it is the only one.
        replay: a plan to run in place of all seeds.
        folder: where failing runs are kept.
        shrink_budget: runs that making a failure smaller may take.
        command: repeats the current test, for example ``pytest tests/test_kv.py::test_register``.
        render: the text of a failing run's folder.
        finished: told of each finished test's search.
    """

    runs: int | None = None
    seed: int | None = None
    replay: Path | None = None
    folder: Path = Path("runs")
    shrink_budget: int = 300
    command: str | None = None
    render: Callable[[Path], str] | None = None
    finished: Callable[[Search], None] | None = None

    def seeds(self, wanted: int) -> Iterable[int]:
        """The seeds of a test that wants to try so many."""
        if self.seed is None:
            return range(self.runs or wanted)
        return range(self.seed, self.seed + (self.runs or 1))


settings = Settings()


def simulate(
    *,
    nodes: int = 3,
    runs: int = RUNS,
    faults: FaultSource | None = None,
    clients: int = 5,
    time_limit: float | str = "10s",
    rate: float = 20.0,
    ground: str = "simulation",
    **options: Any,
) -> Callable[[Callable[..., Experiment]], Callable[..., None]]:
    """Make a test of a function that takes a ``plan`` and returns ``plan.using(server, workload)``.

    Args:
        nodes: servers.
        runs: seeds to try (``--splitbrain-runs`` goes before it).
        faults: the faults of each run; none if None.
        clients: clients.
        time_limit: virtual time of load: seconds, or a string such as ``"30s"``.
        rate: operations a virtual second, over all clients.
        ground: what runs it (`splitbrain.harness.ground`): a name, or ``package.module:NAME``.
        **options: the workload's and run's options (``operation_timeout=5.0``).

    Raises:
        InvalidPlan: a value makes no sense (when decorating, not when testing).
    """
    base = Plan(
        system="",
        workload="",
        nodes=nodes,
        clients=clients,
        time_limit=parse_seconds(time_limit, "time_limit"),
        rate=rate,
        options=options,
        ground=ground,
    )

    def decorate(function: Callable[..., Experiment]) -> Callable[..., None]:
        signature = inspect.signature(function)
        if "plan" not in signature.parameters or inspect.iscoroutinefunction(function):
            raise TypeError(
                f"{function.__qualname__} must be a plain function with a parameter named 'plan' "
                "that returns plan.using(server, workload)"
            )

        @functools.wraps(function)
        def test(*arguments: Any, **named: Any) -> None:
            __tracebackhide__ = True

            def make(plan: Plan) -> Experiment:
                experiment = function(*arguments, **named, plan=plan)
                if not isinstance(experiment, Experiment):
                    raise TypeError(
                        f"{function.__qualname__} returned {experiment!r}: "
                        "return plan.using(server, workload)"
                    )
                return experiment

            _test(make, base, faults, runs)

        # pytest must see the other parameters (fixtures) but neither the plan nor the function
        # inside.
        del test.__wrapped__
        test.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[p for p in signature.parameters.values() if p.name != "plan"]
        )
        return test

    return decorate


def _test(
    make: Callable[[Plan], Experiment], base: Plan, faults: FaultSource | None, runs: int
) -> None:
    __tracebackhide__ = True

    def experiment(seed: int) -> Experiment:
        plan = base.with_(seed=seed)
        return make(plan.with_(faults=faults.draw(seed, plan) if faults else ()))

    if settings.replay is not None:
        plan = read_plan(settings.replay)
        found = search(lambda seed: make(replace(plan, seed=seed)), [plan.seed])
    else:
        found = search(experiment, settings.seeds(runs))
    if settings.finished is not None:
        settings.finished(found)
    if found.experiment is not None:
        raise _violation(found.experiment, found.failure, found.tried) from None
    if found.broken is not None:
        raise Inconclusive(f"the client's own code is broken: {found.broken}")
    if found.tried and not found.valid:
        raise Inconclusive(_why_inconclusive(found))
    if found.unknown:
        warnings.warn(
            f"{len(found.unknown)} of {found.tried} runs could not be judged "
            f"(first: seed {found.unknown[0]})",
            stacklevel=3,
        )


def _why_inconclusive(found: Search) -> str:
    text = f"none of {found.tried} runs could be judged: {found.why}; "
    if not found.client_bugs:
        return text + (
            "check that clients reach the servers, and that the time limit leaves time for some "
            "operations"
        )
    worst = max(found.client_bugs, key=lambda bug: found.client_bugs[bug])
    return text + f"the client's code looks wrong ({found.client_bugs[worst]} times): {worst}"


def _violation(experiment: Experiment, failure: Run | None, tried: int) -> Violation:
    plan = experiment.plan
    folder = new_folder(settings.folder, plan)
    found = investigate(
        experiment,
        folder,
        replay=_command("replay", settings.replay)
        if settings.replay
        else _command("seed", plan.seed),
        shrunk_replay=_command("replay", folder / "shrunk" / "plan.json"),
        # A replayed plan is as small as it was made.
        budget=0 if settings.replay else settings.shrink_budget,
        recorded=failure,
    )
    text = settings.render(folder) if settings.render else _summary(found)
    if found.problem is not None:
        text += f"\n\n  note: {found.problem}"
    if settings.replay is None:
        text = f"seed {plan.seed} fails ({tried} tried)\n{text}"
    return Violation(text, folder, plan.seed)


def _command(option: str, value: object) -> str:
    """What repeats the current test: a pytest command, or, without pytest, a setting."""
    if settings.command is None:
        return f"harness.testing.settings.{option} = {value!r}, then the test again"
    return f"{settings.command} --splitbrain-{option} {shlex.quote(str(value))}"


def _summary(found: Investigation) -> str:
    """The verdicts in words, for use without the reports."""
    run = found.shrunk.run if found.shrunk else found.run
    words = {VALID: "valid", INVALID: "INVALID", UNKNOWN: "unknown"}
    lines = [f"{words[v.validity]}  {v.checker}: {v.reason}" for v in run.verdicts]
    return "\n".join([*lines, f"run: {found.folder}"])
