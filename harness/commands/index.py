"""`splitbrain index`: one page for many runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="index")
@click.argument(
    "runs", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"), metavar="[RUNS]"
)
def command(runs: Path) -> None:
    """Write RUNS/index.html: failures in groups, a heat map, and all runs to filter and sort.

    Exits with 0; with 2 if there is no such folder.
    """
    from splitbrain.reports.overview.page import write_index

    click.echo(write_index(runs))
