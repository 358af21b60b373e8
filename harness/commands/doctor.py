"""`splitbrain doctor`: is this installation sound?"""

from __future__ import annotations

import sys

import click

from splitbrain.harness.commands.exits import EXIT_BAD_INPUT


@click.command(name="doctor")
def command() -> None:
    """Check this installation: versions, where packages come from, whether runs are
    deterministic."""
    from splitbrain.harness.doctor import diagnose

    healthy = True
    for line in diagnose():
        click.echo(f"{'ok  ' if line.good else 'BAD '} {line.text}")
        healthy = healthy and line.good
    sys.exit(0 if healthy else EXIT_BAD_INPUT)
