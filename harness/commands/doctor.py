"""`splitbrain doctor`: is this installation sound, and is a system a function of its plan?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from splitbrain.harness.commands.common.exits import EXIT_BAD_INPUT
from splitbrain.harness.commands.common.sources import system_word

if TYPE_CHECKING:
    from splitbrain.harness.doctor import Finding

PLANS = 3
SECONDS = 4.0
"""Virtual seconds that a plan has at most: what depends on more than its plan shows soon."""


@click.command(name="doctor")
@click.argument("systems", nargs=-1, metavar="[SYSTEM]...")
@click.option(
    "--warm",
    is_flag=True,
    help="Compile what checkers of large histories use, once for this machine and version.",
)
def command(systems: tuple[str, ...], warm: bool) -> None:
    """Check this installation: versions, where packages come from, whether runs are
    deterministic. With SYSTEM (a name, or package.module:NAME): run it again and again, in other
    processes with other hash seeds, and show the first event that differs, with both stacks."""
    from splitbrain.harness.doctor import diagnose

    if warm:
        _warm()
        if not systems:
            return
    healthy = True
    for line in diagnose():
        healthy &= _say(line)
    for name in systems:
        healthy &= _say(_examined(name))
    sys.exit(0 if healthy else EXIT_BAD_INPUT)


def _warm() -> None:
    from splitbrain.checkers import kernels
    from splitbrain.harness.progress import ProgressLine
    from splitbrain.systems.warming import warm

    if not kernels.numba_installed():
        raise click.UsageError("there is nothing to compile with: numba is not installed")
    with ProgressLine(sys.stderr) as line:
        for model, _ in warm():
            line.show(f"compiled for {model}: {kernels.compiling_seconds():.1f} s so far")
    click.echo(f"ok   kernels are compiled ({kernels.compiling_seconds():.1f} s of compiling)")


def _say(finding: Finding) -> bool:
    click.echo(f"{'ok  ' if finding.good else 'BAD '} {finding.text}")
    return finding.good


def _examined(name: str) -> Finding:
    from splitbrain.harness.doctor import Finding, examine
    from splitbrain.harness.hunting.drawing import plan_for, target_of
    from splitbrain.harness.searching.elsewhere import Source, Unnameable
    from splitbrain.systems import registry

    name = system_word(name)
    target = target_of(registry.SYSTEMS.named(name), name=name)
    plans = [plan_for(target, seed) for seed in range(PLANS)]
    plans = [plan.with_(time_limit=min(plan.time_limit, SECONDS)) for plan in plans]
    source = Source(registry.__name__, "experiment", str(registry.__file__))
    try:
        return examine(name, source, plans)
    except Unnameable as error:
        return Finding(False, f"{name} cannot be run in another process: {error}")
