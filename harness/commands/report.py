"""`splitbrain report`: a report written again."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="report")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path, exists=True, file_okay=False))
def command(run: Path) -> None:
    """Write RUN's report again (a killed run has none yet), and print where it is."""
    from splitbrain.reports import load_run, render_terminal, write_report

    page = write_report(run)
    click.echo(render_terminal(load_run(run)))
    click.echo(page)
