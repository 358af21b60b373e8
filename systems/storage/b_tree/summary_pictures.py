"""The way from the root to a key, when it was inserted and when it was looked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from splitbrain.harness.pictures.forms import Cell, Form, Grid, Row, Tone
from splitbrain.harness.pictures.picture import Picture, Seen

INSERTS = 2
"""How many inserts before the search are shown."""

Path = Sequence[Sequence[Sequence[Any]]]
"""The nodes from the root on: of each key its value."""


def _paths(seen: Seen) -> Form | None:
    """The last search of the blamed key, and the inserts before it."""
    key = seen.anomaly.details.get("key") if seen.anomaly else None
    shown: list[tuple[str, str, str, Path]] = []
    for at, event in enumerate(seen.trace.events):
        if seen.trace.time(at) > seen.end:
            break
        match event:
            case [_, ("insert" | "search") as f, _, str(named), value, list(path)] if named == key:
                shown.append((f"at {seen.trace.time(at) / 1e9:.3f} s", str(f), str(value), path))
    while shown and shown[-1][1] != "search":
        shown.pop()
    if not shown:
        return None
    inserts = [each for each in shown if each[1] == "insert"][-INSERTS:]
    rows: list[Row] = []
    wanted = inserts[-1][2] if inserts else ""
    for time, f, value, nodes in (*inserts, shown[-1]):
        did = f"{key} = {_short(value)} is inserted" if f == "insert" else f"{key} is looked for"
        rows.append(Row(f"{time}: {did}; a search goes this way"))
        for depth, node in enumerate(nodes):
            rows.append(Row(f"level {depth}" if depth else "root", _cells(node, str(key), wanted)))
    width = max(len(row.cells) for row in rows)
    return Grid(tuple(map(str, range(1, width + 1))), tuple(rows))


def _cells(node: Sequence[Sequence[Any]], key: str, wanted: str) -> tuple[Cell, ...]:
    """The keys of a node with their values; good or bad where the key itself is."""
    cells = []
    for named, value in node:
        mine: Tone = "good" if value == wanted else "bad"
        text = f"{named}={'?' if value is None else _short(value)}"
        cells.append(Cell(text, mine if named == key else "plain", f"{named} = {value}"))
    return tuple(cells) or (Cell("no keys", "faint"),)


def _short(value: object) -> str:
    """The beginning of a value: what follows only makes it long."""
    return str(value).split("v", 1)[0][:12]


PATHS = Picture(
    "paths",
    "The way to the key",
    "One row a node, from the root to where a search for the blamed key ends, each key with the "
    "value that stands beside it: after the last inserts, and at the last search. Red is a value "
    "that is not the last one inserted.",
    _paths,
)
