"""`splitbrain report`: a report written again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from splitbrain.harness.commands.common.exits import EXIT_BAD_INPUT
from splitbrain.harness.commands.common.output import say, width


@click.command(name="report")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
def command(run: Path) -> None:
    """Write RUN's report again (a killed run has none yet), and print where it is.

    Exits with 0; with 2 if a file of the folder is damaged (the report is written without it) or
    can't be written.
    """
    from splitbrain.reports import render_terminal, write_report

    view = write_report(run)
    say(render_terminal(view, width()))
    if view.page.exists():
        click.echo(view.page)
    damaged = [problem for problem in view.problems if problem.startswith(_FILES)]
    for problem in damaged:
        click.echo(f"splitbrain: {run}: {problem}", err=True)
    if damaged:
        sys.exit(EXIT_BAD_INPUT)


_FILES = (
    *("verdict.json", "run.json", "shrink.json"),
    *("report.html", "report.md", "junit.xml", "failure.json"),
)
