"""`splitbrain replay`: a recorded plan once more, compared with what was recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from splitbrain.harness.commands.common.exits import EXIT_BAD_INPUT, EXIT_INTERRUPTED, finish
from splitbrain.harness.commands.common.investigation import investigated, runs_option, tell
from splitbrain.harness.commands.common.output import say

if TYPE_CHECKING:
    from splitbrain.harness.workloads.workload import Experiment


@click.command(name="replay")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--watch",
    "-w",
    "watches",
    multiple=True,
    metavar="'NODE: PATH'",
    help="Tell each change of what a server's object holds: 'n1: core.commit'.",
)
@click.option("--at", metavar="TIME", help="Show each server's state and tasks at this time: 6.5s.")
@click.option(
    "--event", type=click.IntRange(min=0), help="Show them after this event of the trace, from 0."
)
@click.option(
    "--pdb",
    "stop",
    metavar="NODE@TIME",
    help="Open the debugger in this node when its code first runs from then on: n2@6.669s.",
)
@click.option("--ground", help="What it runs on now, if not what the plan says.")
@click.option(
    "--tries",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="On a ground of real time: how often, to see how many of these fail alike.",
)
@runs_option
def command(
    run: Path,
    watches: tuple[str, ...],
    at: str | None,
    event: int | None,
    stop: str | None,
    ground: str | None,
    tries: int,
    runs: Path,
) -> None:
    """Repeat RUN (its folder, or a plan.json) and say whether it came out the same.

    With --watch, --at, --event or --pdb it is looked into, and no new folder is kept.

    With --ground processes the plan of a simulated run is tried on real processes, where messages
    then take as long as in the simulation, and operations wait for those that they followed there.

    Exits with the code of the verdict; with 2 if the trace differs from the recorded one, with 130
    if the debugger is left before the end.
    """
    from splitbrain.harness.ground import ground_named
    from splitbrain.harness.plan import InvalidPlan, parse_seconds
    from splitbrain.harness.runs.debugging import DebuggerLeft, Stop
    from splitbrain.harness.runs.folders import read_plan, recorded_digest
    from splitbrain.harness.runs.looking import Look, Watched
    from splitbrain.harness.runs.running import run as run_again
    from splitbrain.systems import registry

    plan = read_plan(run)
    if "." in plan.system and ":" not in plan.system and plan.system not in registry.SYSTEMS:
        raise InvalidPlan(
            f"{run} is a run of a test's own system, {plan.system}: "
            "repeat it with pytest TEST --splitbrain-replay PLAN"
        )
    before = recorded_digest(run)
    experiment = _on(ground, registry.experiment(plan))
    plan = experiment.plan
    looking = bool(watches) or at is not None or event is not None or stop is not None
    if not ground_named(plan.ground).deterministic:
        if looking:
            raise InvalidPlan(
                f"--watch, --at, --event and --pdb look into servers of the simulation: on the "
                f"ground {plan.ground} read its trace.jsonl"
            )
        _try_again(experiment, run, tries, runs)
    if tries > 1:
        raise InvalidPlan(f"--tries {tries}: the ground {plan.ground} gives the same run each time")
    if looking:
        moment = None if at is None else parse_seconds(at, "--at")
        where = None if stop is None else Stop(stop)
        look = Look(say, [Watched(text) for text in watches], moment, event, where)
        try:
            result = run_again(experiment, look=look)
        except DebuggerLeft:
            click.echo("splitbrain: the debugger was left: nothing was compared", err=True)
            sys.exit(EXIT_INTERRUPTED)
        if missed := look.missed(len(result.trace.events), result.virtual_seconds):
            raise InvalidPlan(missed)
    else:
        investigation, view = investigated(experiment, runs, budget=0)
        tell(investigation, view)
        result = investigation.run
    now = result.trace.digest()
    if before is None:
        click.echo("nothing to compare with: RUN holds no recorded trace")
    elif before == now:
        click.echo(f"same trace, byte for byte (sha256 {now[:16]})")
    else:
        click.echo(
            f"splitbrain: the trace differs (sha256 {now[:16]}, recorded {before[:16]}): it was "
            "made by another version, or the system under test is not deterministic",
            err=True,
        )
        sys.exit(EXIT_BAD_INPUT)
    finish(result.validity)


def _on(ground: str | None, experiment: Experiment) -> Experiment:
    """The experiment on another ground, if it is to be another one."""
    from splitbrain.harness.ground import ground_named
    from splitbrain.harness.runs.retrying import prepared
    from splitbrain.systems import registry

    plan = experiment.plan
    if ground is None or ground == plan.ground:
        return experiment
    chosen = ground_named(ground)
    simulated = ground_named(plan.ground).deterministic
    if simulated and not chosen.deterministic:
        return registry.experiment(prepared(experiment, ground, chosen))
    return registry.experiment(plan.with_(ground=ground))


def _try_again(experiment: Experiment, run: Path, tries: int, runs: Path) -> NoReturn:
    """Run a plan in real time, as often as asked; tell the first run that fails as recorded, or
    the last; exit with the code of that one's verdict."""
    from splitbrain.harness.runs.folders import recorded_signature

    signature = recorded_signature(run)
    told, alike = investigated(experiment, runs, budget=0), 0
    for number in range(tries):
        tried = told if number == 0 else investigated(experiment, runs, budget=0)
        if not alike:
            told = tried
        alike += tried[0].run.signature == signature
    tell(*told)
    ground = experiment.plan.ground
    click.echo(f"the ground {ground} is not deterministic: traces are not compared")
    if signature:
        click.echo(f"{alike} of {tries} tries failed as recorded ({signature})")
    finish(told[0].run.validity)
