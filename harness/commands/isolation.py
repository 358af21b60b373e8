"""`splitbrain isolation`: the ladder of isolation levels."""

from __future__ import annotations

import sys
from pathlib import Path

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
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the ladder as a page into this folder, with a report of each run that refutes.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the levels as JUnit XML: the claimed one fails if it is refuted.",
)
def command(
    system: str, bug: str | None, seeds: int, faults: str, report: Path | None, junit: Path | None
) -> None:
    """Try to refute each isolation level of SYSTEM: ten scripted anomalies, then workloads.

    Exits with 1 if the level that the system claims is refuted, with 0 if not.
    """
    from splitbrain.harness.commands.common.output import width
    from splitbrain.harness.isolation.ladder import climb, matrix
    from splitbrain.harness.progress import ProgressLine
    from splitbrain.systems import registry

    chosen = registry.SYSTEMS.named(system)
    planted = registry.bug(chosen, bug) if bug else None
    with ProgressLine(sys.stderr) as line:
        ladder = climb(chosen, bug=planted, seeds=seeds, faults=faults, progress=line.show)
    click.echo(matrix(ladder, width()))
    if report is not None:
        from splitbrain.reports.ladder import write_ladder

        click.echo(f"report: {write_ladder(ladder, report)}")
    if junit is not None:
        from splitbrain.reports.junit import junit_of_ladder

        junit.write_text(junit_of_ladder(ladder), encoding="utf-8")
    sys.exit(0 if ladder.holds else 1)
