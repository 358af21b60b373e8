"""`splitbrain list`: what there is."""

from __future__ import annotations

import click


@click.command(name="list")
@click.argument(
    "what",
    type=click.Choice(
        ["systems", "settings", "workloads", "faults", "checkers", "bugs", "grounds"]
    ),
)
def command(what: str) -> None:
    """List what there is: systems, settings, workloads, faults, checkers, bugs or grounds."""
    from tabulate import tabulate

    from splitbrain.systems.listing import catalogue

    headers, rows = catalogue(what)
    click.echo(
        tabulate(rows, headers=headers, tablefmt="simple", maxcolwidths=[None, None, 60, 40])
    )
