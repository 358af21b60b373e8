"""`splitbrain demo`: a lost write, found, made small and told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from splitbrain.harness.commands.common.exits import EXIT_INTERNAL
from splitbrain.harness.commands.common.investigation import investigated, runs_option
from splitbrain.harness.commands.common.output import say, width

if TYPE_CHECKING:
    from splitbrain.harness.runs.running import Run
    from splitbrain.harness.workloads.workload import Experiment


@click.command(name="demo")
@runs_option
def command(runs: Path) -> None:
    """Find a lost write in a replicated store, make it small, then show Raft survive the same.

    Takes under a minute. Exits with 0 if both came out as they should; else it is a bug of ours,
    and the code is 70.
    """
    from splitbrain.harness.demo import run_demo
    from splitbrain.reports import render_terminal
    from splitbrain.systems import registry

    def investigate(experiment: Experiment, budget: int) -> tuple[Run, str]:
        found, view = investigated(experiment, runs, budget)
        return found.run, render_terminal(view, width())

    if not run_demo(registry.experiment, investigate, say):
        sys.exit(EXIT_INTERNAL)
