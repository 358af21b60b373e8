"""`splitbrain index`: one page for many runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from splitbrain.reports.overview.page import Changed


@click.command(name="index")
@click.argument(
    "runs", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"), metavar="[RUNS]"
)
@click.option(
    "--judge", is_flag=True, help="Judge all runs again, and tell where that comes out otherwise."
)
def command(runs: Path, judge: bool) -> None:
    """Write RUNS/index.html: failures in groups, a heat map, and all runs to filter and sort.

    With RUNS/zoo.jsonl (zoo --jsonl) it has the scoreboard of the zoo, too.

    Exits with 0; with 2 if there is no such folder.
    """
    from splitbrain.reports.overview.page import write_index

    click.echo(write_index(runs, _judged_again(runs) if judge else None))


def _judged_again(runs: Path) -> list[Changed]:
    """The runs whose worst verdict is another one by today's checkers."""
    from splitbrain.checkers.history import load
    from splitbrain.checkers.verdict import worst
    from splitbrain.harness.commands.common.exits import sentence_of
    from splitbrain.harness.commands.common.sources import checkers_of_run, history_source
    from splitbrain.harness.progress import ProgressLine
    from splitbrain.harness.runs.judging import judge
    from splitbrain.reports.overview.entries import NOT_JUDGED, entries_of
    from splitbrain.reports.overview.page import Changed

    changed = []
    with ProgressLine(sys.stderr) as line:
        for entry in entries_of(runs)[0]:
            line.show(f"judging {entry.name}")
            if entry.judgement == NOT_JUDGED:
                continue
            folder = runs / entry.name
            try:
                verdicts = judge(load(history_source(folder)), checkers_of_run(folder))
                now = str(worst(verdicts))
            except Exception as error:
                sentence = sentence_of(error)
                if sentence is None:
                    raise
                now = f"can't be judged: {sentence}"
            if now != entry.judgement:
                changed.append(Changed(entry.name, entry.judgement, now))
    return changed
