"""Verdicts as a table in a terminal, and tables of plain ASCII in general."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tabulate import tabulate

from splitbrain.checkers.verdict import INVALID, Verdict
from splitbrain.reports.wording import clipped, safe_text, shortened

REASON_LIMIT = 180
WIDTH = 100


def render_verdicts(verdicts: Iterable[Verdict], width: int = WIDTH) -> str:
    """Verdicts as a table of plain ASCII: checker, verdict, what it says; in about `width` columns,
    if no word is wider."""
    rows = [
        (
            shortened(verdict.checker),
            "INVALID" if verdict.validity is INVALID else str(verdict.validity),
            clipped(verdict.reason, REASON_LIMIT),
        )
        for verdict in verdicts
    ]
    return table_of(rows, ("checker", "verdict", "what"), maxcolwidths=_columns(rows, width))


_VERDICT = 13
"""Columns that a verdict takes, with what stands between it and its neighbours."""


_NARROWEST = 9
"""Columns that any of them takes."""


def _columns(rows: Sequence[tuple[str, ...]], width: int) -> list[int | None]:
    """The widths of the table's columns: a checker's name takes two fifths at most."""
    longest = max((len(row[0]) for row in rows), default=0)
    name = max(_NARROWEST, min(40, width * 2 // 5, longest))
    return [name, None, max(_NARROWEST, width - name - _VERDICT)]


def table_of(rows: Sequence[tuple[str, ...]], head: tuple[str, ...], **options: Any) -> str:
    """A table of ASCII, made so before it is laid out: escapes take more room."""
    plain = [tuple(ascii_text(safe_text(cell)) for cell in row) for row in rows]
    table: str = tabulate(plain, head, "simple", disable_numparse=True, **options)
    return "\n".join(line.rstrip() for line in table.splitlines())


_SIGNS = str.maketrans({"→": "->", "…": "..."})


def ascii_text(text: str) -> str:
    """The text in ASCII: our own signs spelled, anything else escaped."""
    return text.translate(_SIGNS).encode("ascii", "backslashreplace").decode("ascii")
