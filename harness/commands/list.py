"""`splitbrain list`: what there is."""

from __future__ import annotations

from collections.abc import Sequence

import click

_NARROWEST = 9
"""Columns of the terminal that any column of a table takes."""

_USUAL = (None, None, 60, 40)
"""The widths of a table's columns in a file or a pipe."""


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

    from splitbrain.harness.commands.common.output import asked_width
    from splitbrain.systems.listing import catalogue

    headers, rows = catalogue(what)
    width = asked_width()
    padded = [f"{header:{len(header) + 2}}" for header in headers]  # as tabulate does
    widths = _USUAL if width is None else fitting([padded, *rows], width)
    click.echo(tabulate(rows, headers=headers, tablefmt="simple", maxcolwidths=[*widths]))


def fitting(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """How wide each column of a table may be, so that all of it takes so many columns of the
    terminal: the wide ones give way first, words stay whole if they can."""
    columns = [[*cells] for cells in zip(*rows, strict=True)]
    longest = [max(map(len, cells)) for cells in columns]
    words = [max(len(word) for cell in cells for word in [*cell.split(), ""]) for cells in columns]
    room = width - 2 * (len(columns) - 1)
    for least in (words, [_NARROWEST] * len(columns)):
        for most in range(max(longest), _NARROWEST - 1, -1):
            widths = [min(n, max(w, most)) for n, w in zip(longest, least, strict=True)]
            if sum(widths) <= room:
                return widths
    return widths
