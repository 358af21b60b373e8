"""A picture of records that versions share: who wrote each, and which versions could read it."""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.checkers.encoding.person import VERSIONS
from splitbrain.checkers.history import OK, Call
from splitbrain.harness.pictures.forms import Cell, Form, Grid, Row
from splitbrain.harness.pictures.picture import Picture, Seen

_ROWS = 24


def _matrix(seen: Seen) -> Form | None:
    done = [call for call in seen.calls if call.outcome == OK]
    wrote = {_position(call): call for call in done if call.f in ("put", "edit")}
    read: dict[int, dict[int, str]] = {}
    for call in done:
        match call.f, call.result:
            case "get", [("read" | "unreadable") as kind, int(version), int(position), *_]:
                read.setdefault(position, {})[version] = kind
    blamed = {_position(seen.calls[at]) for at in seen.blamed}
    odd = {at for at, by in read.items() if "unreadable" in by.values()}
    order = sorted(read, key=lambda at: (at not in blamed, at not in odd, at))[:_ROWS]
    rows = tuple(
        Row(
            f"{at}: {_writer(wrote.get(at))}",
            tuple(_cell(read[at].get(version), is_blamed=at in blamed) for version in VERSIONS),
        )
        for at in sorted(order)
    )
    return Grid(tuple(f"read by {version}" for version in VERSIONS), rows) if rows else None


def _position(call: Call) -> int | None:
    """Where the record is that an operation wrote or read, if what it gave says so."""
    result: Sequence[object] = call.result if isinstance(call.result, list | tuple) else ()
    at = 2 if call.f == "get" else 1
    found = result[at] if len(result) > at else None
    return found if isinstance(found, int) else None


def _writer(call: Call | None) -> str:
    if call is None:
        return "written by one who was not answered"
    what = f"as {call.argument[1]}" if call.f == "put" else "an edit"
    return f"{call.argument[0]} written by {call.result[0]}, {what}"


def _cell(kind: str | None, *, is_blamed: bool) -> Cell:
    if kind is None:
        return Cell()
    if kind == "unreadable":
        return Cell("not read", "bad", "this version cannot read it")
    return Cell("read", "doubt" if is_blamed else "good")


MATRIX = Picture(
    "versions",
    "Which versions read which records",
    "A row is a record by its position in the log, with who wrote it; a column is a version of the "
    "code. Red: that version could not read it; yellow: what was read of it is what the verdict "
    "speaks of.",
    _matrix,
)
