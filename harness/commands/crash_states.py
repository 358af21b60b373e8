"""`splitbrain crash-states`: a system is crashed everywhere, and must recover."""

from __future__ import annotations

import sys

import click

from splitbrain.harness.commands.common.exits import EXIT_INVALID, EXIT_VALID
from splitbrain.harness.commands.common.sources import system_word


@click.command(name="crash-states")
@click.argument("system")
@click.option("--workload", "-w", help="What clients do; the system's first, unless given.")
@click.option("--bug", help="Crash the system with this planted bug (splitbrain list bugs).")
@click.option("--seed", "-s", type=int, default=0, show_default=True)
@click.option(
    "--operations",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="About so many operations are done.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="The most states of one moment that are tried.",
)
@click.option(
    "--crashes",
    type=click.IntRange(min=1, max=3),
    default=1,
    show_default=True,
    help="So many in a row: with 2, each recovery is crashed everywhere, too.",
)
def command(
    system: str,
    workload: str | None,
    bug: str | None,
    seed: int,
    operations: int,
    most: int,
    crashes: int,
) -> None:
    """Start SYSTEM on every disk that a crash may leave, at every moment of a short run.

    SYSTEM is a name (splitbrain list systems), package.module:NAME, or a file that has a SYSTEM. If
    it has several servers all of them crash together. Exits with 1 if it does not recover from some
    state, with 0 if from all.
    """
    from splitbrain.harness.crashes.states import explore, sized
    from splitbrain.harness.plan import Plan
    from splitbrain.harness.progress import ProgressLine
    from splitbrain.systems import registry

    system = system_word(system)
    chosen = registry.SYSTEMS.named(system)
    rate = 200.0  # so that several are under way at a time
    plan = Plan(
        system=system,
        workload=workload or chosen.workloads[0],
        bug=bug,
        nodes=chosen.nodes,
        clients=4,
        seed=seed,
        rate=rate,
        time_limit=operations / rate,
    )
    with ProgressLine(sys.stderr) as line:
        found = explore(registry.experiment(plan), most=most, crashes=crashes, progress=line.show)
    click.echo(f"{chosen.name}, workload {plan.workload}: {found}")
    for failure in found.failures[:3]:
        which = "a crash" if failure.crash == 1 else f"crash {failure.crash} in a row,"
        click.echo(f"\n  after {which} at {failure.at:.4f} s that leaves {sized(failure.disks)}:")
        for verdict in failure.verdicts:
            click.echo(f"    {verdict.signature}: {verdict.reason}")
    sys.exit(EXIT_INVALID if found.failures else EXIT_VALID)
