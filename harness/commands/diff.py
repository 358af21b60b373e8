"""`splitbrain diff`: where two runs part."""

from __future__ import annotations

from pathlib import Path

import click

from splitbrain.harness.commands.common.output import say


@click.command(name="diff")
@click.argument("one", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("other", metavar="RUN", type=click.Path(path_type=Path))
def command(one: Path, other: Path) -> None:
    """Tell where two runs part: their plans, the first event that differs with what came before it,
    and their verdicts.

    Exits with 0, also if they differ; with 2 if one of them can't be read.
    """
    from splitbrain.reports.overview.comparing import compared

    for line in compared(one, other):
        say(line)
