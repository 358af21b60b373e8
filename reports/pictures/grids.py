"""A grid of cells as an SVG: rows of a few words each."""

from __future__ import annotations

from markupsafe import Markup

from splitbrain.harness.pictures.forms import Grid
from splitbrain.reports.pictures.marking import fitted, head, label, shown, tip

COLUMN_LIMIT = 80
ROW_LIMIT = 60
ROW = 22.0
_LEAST, _MOST = 26.0, 150.0


def draw_grid(grid: Grid, title: str) -> Markup:
    """The SVG; empty if the grid has no rows or no columns."""
    rows = grid.rows[:ROW_LIMIT]
    columns = [shown(name, 24) for name in grid.columns[:COLUMN_LIMIT]]
    if not rows or not columns:
        return Markup("")
    widths = [
        min(
            _MOST,
            max(
                _LEAST,
                10
                + 6.4
                * max(
                    len(name),
                    *(len(shown(r.cells[at].text, 24)) if at < len(r.cells) else 0 for r in rows),
                ),
            ),
        )
        for at, name in enumerate(columns)
    ]
    names = [shown(row.name, 60) for row in rows]
    left = max([60.0, *(len(n) * 7.0 + 16 for n, r in zip(names, rows, strict=True) if r.cells)])
    starts = [left]
    for width in widths:
        starts.append(starts[-1] + width)
    widest = max(len(n) * 7.0 for n in names) + 20
    size = max(starts[-1], widest) + 8, ROW * (len(rows) + 1) + 10
    parts = [head("grid", f"{title}: {len(rows)} rows of {len(columns)} columns", *size)]
    for name, start, width in zip(columns, starts, widths, strict=False):
        parts.append(label("column", start + width / 2, 14, fitted(name, width)))
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        y = ROW * (number + 1)
        if not row.cells:
            parts.append(label("heading", 4, y + 15, name))
            continue
        parts.append(label("lane", left - 8, y + 15, name))
        for cell, start, width in zip(row.cells, starts, widths, strict=False):
            if not cell.text and cell.tone == "plain":
                continue
            text = fitted(shown(cell.text, 24), width - 2)
            parts.append(
                Markup(
                    '<g class="thing {}">{}<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" '
                    'height="{:.1f}" rx="2"/>{}</g>'
                ).format(
                    cell.tone,
                    tip(shown(cell.note or cell.text, 300)),
                    *(start + 1, y + 1, width - 2, ROW - 2),
                    label("cell", start + width / 2, y + 15, text) if text else "",
                )
            )
    return Markup("").join([*parts, Markup("</svg>")])
