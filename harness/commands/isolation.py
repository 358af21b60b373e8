"""`splitbrain isolation`: the ladder of isolation levels."""

from __future__ import annotations

import sys

import click


@click.command(name="isolation")
@click.argument("system")
@click.option("--bug", help="Judge the system with this planted bug (splitbrain list bugs).")
@click.option(
    "--seeds", type=click.IntRange(min=0), default=5, show_default=True, help="Runs a workload."
)
@click.option(
    "--faults", "-f", default="none", show_default=True, help="Faults during the workloads."
)
def command(system: str, bug: str | None, seeds: int, faults: str) -> None:
    """Try to refute each isolation level of SYSTEM: ten scripted anomalies, then workloads.

    Exits with 1 if the level that the system claims is refuted, with 0 if not.
    """
    from splitbrain.harness.isolation.ladder import climb, matrix
    from splitbrain.harness.progress import ProgressLine
    from splitbrain.systems import registry

    chosen = registry.SYSTEMS.named(system)
    planted = registry.bug(chosen, bug) if bug else None
    with ProgressLine(sys.stderr) as line:
        ladder = climb(chosen, bug=planted, seeds=seeds, faults=faults, progress=line.show)
    click.echo(matrix(ladder))
    sys.exit(0 if ladder.holds else 1)
