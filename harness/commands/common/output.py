"""What commands print: as wide as the terminal and in its colors, and verdicts in full."""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from splitbrain.checkers.verdict import Verdict

_COLORS = {"valid": "green", "INVALID": "red", "unknown": "yellow"}

# The word in a table's column, or the first of a line; not the same word in a sentence.
_WORDS = re.compile(r"(?m)(^|  )(valid|INVALID|unknown)(?=  |$)")

# A line of the story that belongs to the anomaly; of the diagram, what was lost and who leads.
_MARKED = re.compile(r"(?m)^\* +\d+\.\d+ s  .*$")
_LOST = re.compile(r"\blost: \S+")
_LEADER = re.compile(r"(?m)(^ +\d+\.\d+ s  [| ]*)(leader \S+)")

USUAL_WIDTH, LEAST_WIDTH, MOST_WIDTH = 100, 40, 180


def say(text: str) -> None:
    """Print, with the words of verdicts in color where somebody sees it."""
    click.echo(colored(text) if colors() else text)


def colors() -> bool:
    """Whether standard output is a terminal that has colors, and NO_COLOR (no-color.org) is not
    set."""
    dumb = os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not dumb and not os.environ.get("NO_COLOR")


def width() -> int:
    """How many columns there are to print in: those of the terminal, or COLUMNS; 100 in a file or a
    pipe."""
    return asked_width() or USUAL_WIDTH


def asked_width() -> int | None:
    """The columns of the terminal, or COLUMNS; None in a file or a pipe."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return None
    columns = shutil.get_terminal_size((USUAL_WIDTH, 24)).columns
    return max(LEAST_WIDTH, min(columns, MOST_WIDTH))


def colored(text: str) -> str:
    """The text with its verdicts' words styled, and what a story or a diagram marks."""
    text = _WORDS.sub(lambda m: m[1] + click.style(m[2], fg=_COLORS[m[2]], bold=True), text)
    text = _MARKED.sub(lambda m: click.style(m[0], bold=True), text)
    text = _LOST.sub(lambda m: click.style(m[0], fg="red"), text)
    return _LEADER.sub(lambda m: m[1] + click.style(m[2], fg="yellow", bold=True), text)


def in_full(verdict: Verdict) -> str:
    """All of a verdict but its certificate, for ``--verbose``: nothing is cut off."""
    from splitbrain.reports.wording import safe_text

    lines = [f"{verdict.checker}: {verdict.reason}"]
    for anomaly in verdict.anomalies:
        where = ", ".join(map(str, anomaly.operations))
        told = f"  {anomaly.kind}: {anomaly.message}"
        lines.append(f"{told} [operations {where}]" if where else told)
    for name, counted in (("coverage", verdict.coverage), ("cost", verdict.cost)):
        if counted:
            lines.append(f"  {name}: " + ", ".join(f"{k} {v}" for k, v in counted.items()))
    return "\n".join(map(safe_text, lines))
