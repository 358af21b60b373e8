"""`splitbrain explore`: all schedules and crash points of a small run, with few deviations."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from splitbrain.harness.commands.common.exits import EXIT_UNKNOWN, finish
from splitbrain.harness.commands.common.investigation import (
    investigated,
    quiet_option,
    runs_option,
    shrink_option,
    tell,
)
from splitbrain.harness.commands.common.sources import system_word

if TYPE_CHECKING:
    from splitbrain.harness.exploration.exploring import Explored
    from splitbrain.harness.workloads.workload import Experiment


@click.command(name="explore")
@click.argument("system")
@click.option("--workload", "-w", help="What clients do; the system's first unless given.")
@click.option("--bug", help="A planted bug, by its id.")
@click.option(
    "--deviations",
    "-k",
    type=click.IntRange(0, 10),
    default=1,
    show_default=True,
    help="Most deviations of a run from the base schedule.",
)
@click.option("--operations", type=click.IntRange(1, 50), default=4, show_default=True)
@click.option("--nodes", "-n", type=int, help="Servers; the system's usual number unless given.")
@click.option("--clients", "-c", type=int, default=2, show_default=True)
@click.option("--time-limit", "-t", default="2s", show_default=True, help="Most virtual time.")
@click.option("--seed", "-s", type=int, default=0, show_default=True, help="Of the base schedule.")
@click.option("--crashes/--no-crashes", default=True, help="Whether servers lose power, too.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    help="Runs after which it gives up.",
)
@runs_option
@shrink_option
@quiet_option
def command(
    system: str,
    workload: str | None,
    bug: str | None,
    deviations: int,
    operations: int,
    nodes: int | None,
    clients: int,
    time_limit: str,
    seed: int,
    crashes: bool,
    most: int,
    runs: Path,
    shrink_budget: int | None,
    quiet: bool,
) -> None:
    """Run a small program of SYSTEM under every schedule and crash point that departs from its base
    schedule at most K times: a bounded proof that none fails, or the shortest way to a failure."""
    from splitbrain.harness.exploration.exploring import crashes_claimed, explore
    from splitbrain.harness.exploration.program import small_program
    from splitbrain.harness.plan import Plan, parse_seconds
    from splitbrain.harness.progress import ProgressLine
    from splitbrain.systems import registry

    system = system_word(system)
    chosen = registry.SYSTEMS.named(system)
    usual = registry.bug(chosen, bug).workload if bug is not None else chosen.workloads[0]
    base = Plan(
        system=system,
        workload=workload or usual,
        bug=bug,
        nodes=nodes or chosen.nodes,
        clients=clients,
        time_limit=parse_seconds(time_limit, "--time-limit"),
        seed=seed,
    )
    experiment = small_program(registry.experiment, base, operations)
    losses = crashes_claimed(experiment) if crashes else 0
    with ProgressLine(sys.stderr) as line:
        found = explore(
            experiment,
            deviations=deviations,
            most=most,
            crashes=losses,
            told=lambda made, with_: line.show(f"exploring: run {made:,}, deviations: {with_}"),
        )
    if not quiet:
        click.echo(_told(experiment, found, deviations, losses))
    if found.failing is not None:
        investigation, view = investigated(
            experiment.with_plan(found.failing.plan), runs, shrink_budget
        )
        tell(investigation, view, quiet=quiet)
        finish(found.failing.validity)
    sys.exit(0 if found.proved else EXIT_UNKNOWN)


def _told(experiment: Experiment, found: Explored, deviations: int, losses: int) -> str:
    plan = experiment.plan
    bound = f"at most {_counted(deviations, 'deviation')}"
    if found.failing is not None:
        departures = found.failing.plan.options["ground"]["deviations"]
        first = f"run {found.runs:,} fails, with {len(departures)} of {bound}"
    elif not found.complete:
        first = f"none of the {found.runs:,} runs made fails, and there are more: nothing is proved"
    elif found.unjudged:
        first = f"none of {found.runs:,} runs fails, but {found.unjudged} cannot be judged"
        first += f" ({found.why}): nothing is proved"
    else:
        first = f"none of {found.runs:,} fails: these are all runs with {bound}"
    late = "what happens to a host happens after the next thing that does"
    crash = "or a server loses power after something happened to it, and starts again 0.2 s later"
    crash += f" (at most {_counted(losses, 'server')} in a run)"
    lines = [
        f"program: {plan.system} / {plan.workload}, {len(plan.operations or ())} operations of "
        f"{_counted(plan.clients, 'client')} on {_counted(plan.nodes, 'server')} in "
        f"{plan.time_limit:g} s, seed {plan.seed}; {found.events:,} events without deviation",
        f"a deviation: {late}; {crash}" if losses else f"a deviation: {late}; no crashes",
        "not covered: more deviations, other draws of the nodes' own randomness, the order of "
        "tasks within a step, lost messages, what happens after the load",
    ]
    if found.vain:
        lines.append(f"in {found.vain:,} of the runs too little succeeded to tell anything")
    return "\n".join([first, *(_indented(line) for line in lines)])


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def _indented(line: str) -> str:
    return textwrap.fill(line, 100, initial_indent="  ", subsequent_indent="    ")
