"""Tests of a user's own system: `simulate` turns a function of a plan into an ordinary test.

    from splitbrain import faults, simulate, workloads
    from my_service import KvClient, KvNode

    @simulate(nodes=3, runs=200, faults=faults.swarm())
    def test_register(plan):
        return plan.using(KvNode, workloads.register(KvClient))

The result is a plain synchronous function, so it works with pytest (fixtures, parametrize,
xdist), with unittest and in a REPL. It runs the experiment under one seed after another; the
first failing run is kept, made smaller, and raised as a `Violation` that tells its story. What is
tried does not depend on other tests: the seeds of a test are 0, 1, 2, ... unless `settings` say
otherwise. Before them come the plans of a folder, if the test names one, and what failed when the
test was last run (`trying`). What a test runs under a plan of one's own is
``test_register.experiment(plan)``.

Decorating imports neither the simulator nor the checkers: a suite that is only collected stays
quick.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbrain.harness.plan import InvalidPlan, Plan, parse_seconds
from splitbrain.harness.testing.simulated import (
    FaultSource,
    Inconclusive,
    Settings,
    SimulatedTest,
    Violation,
)

if TYPE_CHECKING:
    from splitbrain.harness.testing.trying import Trial
    from splitbrain.harness.workloads.workload import Experiment

__all__ = ["Inconclusive", "Settings", "Violation", "settings", "simulate"]

RUNS = 50
"""Seeds that a test tries unless it, or the command line, says otherwise."""

settings = Settings()


def simulate(
    *,
    nodes: int = 3,
    runs: int = RUNS,
    faults: FaultSource | str | None = None,
    clients: int = 5,
    time_limit: float | str = "10s",
    rate: float = 20.0,
    ground: str = "simulation",
    plans: str | Path | None = None,
    **options: Any,
) -> Callable[[Callable[..., Experiment]], Callable[..., None]]:
    """Make a test of a function that takes a ``plan`` and returns ``plan.using(server, workload)``.

    Args:
        nodes: servers.
        runs: seeds to try (``--splitbrain-runs`` goes before it); may be 0 if there are `plans`.
        faults: the faults of each run, of `splitbrain.harness.faults` or as the command line
            writes them (``"kill,partition"``); none if None.
        clients: clients.
        time_limit: virtual time of load: seconds, or a string such as ``"30s"``.
        rate: operations a virtual second, over all clients.
        ground: what runs it (`splitbrain.harness.ground`): a name, or ``package.module:NAME``.
        plans: a folder of plans, or of runs' folders, that are run before all seeds: what once
            failed and must not fail again. Begins at pytest's root.
        **options: the workload's and run's options (``operation_timeout=5.0``).

    Raises:
        InvalidPlan: a value makes no sense (when decorating, not when testing).
    """
    least = 0 if plans is not None else 1
    if type(runs) is not int or runs < least:
        raise InvalidPlan(f"runs is {runs!r}: give a whole number from {least} up")
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
    source = _fault_source(faults)

    def decorate(function: Callable[..., Experiment]) -> Callable[..., None]:
        signature = _checked_signature(function)
        others = [p for p in signature.parameters.values() if p.name != "plan"]
        visible = signature.replace(parameters=others)
        name = f"{function.__module__}.{function.__qualname__}"
        described = SimulatedTest(name, base, source, runs, plans, _PARAMETERS)

        def trial(*arguments: Any, **named: Any) -> Trial:
            """A call of the test, not yet made."""
            # The simulator and the checkers are imported now.
            from splitbrain.harness.searching.elsewhere import source_of
            from splitbrain.harness.testing.trying import Trial

            bound = visible.bind(*arguments, **named)  # by name: the plan may come first
            make = functools.partial(function, **bound.arguments)
            return Trial(make, described, settings, source_of(test))

        @functools.wraps(function)
        def test(*arguments: Any, plan: Plan | None = None, **named: Any) -> None:
            __tracebackhide__ = True
            trial(*arguments, **named).run(plan)

        def experiment(plan: Plan, *arguments: Any, **named: Any) -> Experiment:
            """What the test runs, under this plan."""
            bound = visible.bind(*arguments, **named)
            return function(plan=plan, **bound.arguments)

        # pytest must see the other parameters (fixtures) but neither the plan nor the function
        # inside.
        del test.__wrapped__
        test.__signature__ = visible.replace(  # type: ignore[attr-defined]
            parameters=[*others, _DRAWN]
        )
        test.splitbrain_experiment = function  # type: ignore[attr-defined]
        test.splitbrain_trial = trial  # type: ignore[attr-defined]
        test.is_splitbrain_test = True  # type: ignore[attr-defined]
        test.experiment = experiment  # type: ignore[attr-defined]
        return test

    return decorate


_DRAWN = inspect.Parameter("drawn", inspect.Parameter.VAR_KEYWORD)
"""How a test shows that it takes a plan, which pytest must not look for and Hypothesis may give."""

_PARAMETERS = tuple(
    name
    for name, parameter in inspect.signature(simulate).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
)


def _fault_source(faults: FaultSource | str | None) -> FaultSource | None:
    if isinstance(faults, str):
        from splitbrain.harness.faults import swarm

        return None if faults == "none" else swarm(faults)
    if faults is None or (not isinstance(faults, type) and hasattr(faults, "draw")):
        return faults
    hint = "call it, as in faults.kill()" if callable(faults) else "give faults.kill(), say"
    raise InvalidPlan(f"faults is {faults!r}: {hint}, or names such as 'kill,partition'")


def _checked_signature(function: Callable[..., Experiment]) -> inspect.Signature:
    """The signature of a function that `simulate` can make a test of.

    Raises:
        TypeError: it can't.
    """
    if not callable(function):
        raise TypeError(f"@simulate() decorates a function, not {function!r}")
    if hasattr(function, "hypothesis"):
        raise TypeError(
            f"{function.__qualname__}: write @given above @simulate, so that each example is tried "
            "under its seeds"
        )
    signature = inspect.signature(function)
    if "plan" not in signature.parameters or inspect.iscoroutinefunction(function):
        raise TypeError(
            f"{function.__qualname__} must be a plain function with a parameter named 'plan' "
            "that returns plan.using(server, workload)"
        )
    return signature
