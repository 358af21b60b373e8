"""What `run`, `replay` and `demo` share: options, and a run investigated with progress."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click
import msgspec

from splitbrain.harness.commands.common.exits import EXIT_INTERRUPTED
from splitbrain.harness.commands.common.output import say, width

if TYPE_CHECKING:
    from splitbrain.harness.plan import Plan
    from splitbrain.harness.runs.investigating import Investigation
    from splitbrain.harness.runs.running import Run
    from splitbrain.harness.workloads.workload import Experiment
    from splitbrain.reports import RunView


RUNS = Path("runs")

SHRINK_BUDGET = 400

runs_option = click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    default=RUNS,
    show_default=True,
    help="Folder in which each run gets a folder of its own.",
)
shrink_option = click.option(
    "--shrink-budget",
    type=click.IntRange(min=0),
    default=None,
    show_default=f"{SHRINK_BUDGET}; 0 on a ground of real time",
    help="Runs that making a failure smaller may take; 0 to leave it as it is.",
)


def investigated(
    experiment: Experiment, runs: Path, budget: int | None, recorded: Run | None = None
) -> tuple[Investigation, RunView]:
    """Run (or keep what was `recorded`), shrink, report, with progress on standard error.

    Returns:
        What came of it, and the view that its report shows: a run's folder is read once.
    """
    from splitbrain.harness.ground import ground_named
    from splitbrain.harness.progress import ProgressLine
    from splitbrain.harness.regression import REGISTERED
    from splitbrain.harness.runs.folders import new_folder
    from splitbrain.harness.runs.investigating import investigate
    from splitbrain.harness.runs.running import check_plan
    from splitbrain.reports import write_report

    check_plan(experiment)
    if budget is None:
        budget = SHRINK_BUDGET if ground_named(experiment.plan.ground).deterministic else 0
    folder = new_folder(runs, experiment.plan)

    def running(fraction: float, phase: str) -> None:
        line.show(f"running: {phase}, {fraction:.0%}")

    def shrinking(made: int, best: Plan) -> None:
        size = "" if best.operations is None else f"{len(best.operations)} operations, "
        line.show(f"shrinking: run {made}, {size}{len(best.faults)} faults left")

    try:
        with ProgressLine(sys.stderr) as line:
            investigation = investigate(
                experiment,
                folder,
                budget=budget,
                progress=running,
                shrink_progress=shrinking,
                recorded=recorded,
                origin=REGISTERED,
            )
    except KeyboardInterrupt:
        click.echo(
            "splitbrain: interrupted; what was recorded is kept: "
            f"splitbrain report {quote(str(folder))}",
            err=True,
        )
        sys.exit(EXIT_INTERRUPTED)
    if investigation.problem is not None:
        click.echo(f"splitbrain: {investigation.problem}", err=True)
    elif investigation.shrunk is not None and not investigation.shrunk.complete:
        click.echo(
            f"splitbrain: shrinking stopped at its budget of {budget} runs, before nothing more "
            "could go: a larger --shrink-budget may make this smaller",
            err=True,
        )
    return investigation, write_report(folder)


json_option = click.option(
    "as_json", "--json", is_flag=True, help="Print the run's folder and verdicts as JSON."
)
quiet_option = click.option(
    "quiet", "--quiet", "-q", is_flag=True, help="Print no story: the exit code tells the verdict."
)


def tell(
    investigation: Investigation, view: RunView, *, as_json: bool = False, quiet: bool = False
) -> None:
    """Print the story of a run; or its folder and verdicts as JSON; or nothing."""
    from splitbrain.harness.runs.store import verdicts_to_json
    from splitbrain.reports import render_terminal

    if as_json:
        found = {"folder": str(investigation.folder), **verdicts_to_json(investigation.run)}
        if investigation.shrunk is not None:
            found["shrunk"] = str(investigation.telling_folder)
            found["explained"] = investigation.explained()
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    elif not quiet:
        say(render_terminal(view, width()))
