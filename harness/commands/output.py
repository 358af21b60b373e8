"""What commands print: words of verdicts in color on a terminal, and verdicts in full."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from splitbrain.checkers.verdict import Verdict

_COLORS = {"valid": "green", "INVALID": "red", "unknown": "yellow"}

# The word in a table's column, or the first of a line; not the same word in a sentence.
_WORDS = re.compile(r"(?m)(^|  )(valid|INVALID|unknown)(?=  |$)")


def say(text: str) -> None:
    """Print, with the words of verdicts in color where somebody sees it."""
    click.echo(colored(text) if colors() else text)


def colors() -> bool:
    """Whether standard output is a terminal, and NO_COLOR (no-color.org) is not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def colored(text: str) -> str:
    """The text with its verdicts' words styled."""
    return _WORDS.sub(lambda m: m[1] + click.style(m[2], fg=_COLORS[m[2]], bold=True), text)


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
