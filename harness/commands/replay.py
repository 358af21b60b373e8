"""`splitbrain replay`: a recorded plan once more, compared with what was recorded."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from splitbrain.harness.commands.exits import EXIT_BAD_INPUT, finish
from splitbrain.harness.commands.investigation import investigated, runs_option, tell


@click.command(name="replay")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@runs_option
def command(run: Path, runs: Path) -> None:
    """Repeat RUN (its folder, or a plan.json) and say whether it came out the same.

    Exits with the code of the verdict; with 2 if the trace differs from the recorded one.
    """
    from splitbrain.harness.plan import InvalidPlan
    from splitbrain.harness.runs.store import read_plan, recorded_digest
    from splitbrain.systems import registry

    plan = read_plan(run)
    if "." in plan.system and ":" not in plan.system and plan.system not in registry.SYSTEMS:
        raise InvalidPlan(
            f"{run} is a run of a test's own system, {plan.system}: "
            "repeat it with pytest TEST --splitbrain-replay PLAN"
        )
    before = recorded_digest(run)
    investigation, view = investigated(registry.experiment(plan), runs, budget=0)
    tell(investigation, view)
    now = investigation.run.trace.digest()
    if not investigation.run.deterministic:
        click.echo(f"the ground {plan.ground} is not deterministic: traces are not compared")
    elif before is None:
        click.echo("nothing to compare with: RUN holds no recorded trace")
    elif before == now:
        click.echo(f"same trace, byte for byte (sha256 {now[:16]})")
    else:
        click.echo(
            f"splitbrain: the trace differs (sha256 {now[:16]}, recorded {before[:16]}): it was "
            "made by another version, or the system under test is not deterministic",
            err=True,
        )
        sys.exit(EXIT_BAD_INPUT)
    finish(investigation.run.validity)
