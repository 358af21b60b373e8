"""Programs: graphs of steps. Each step has as many partitions as the run; the last one's are the
output.

A step without inputs reads a source: the lines of the job's text, or the rows of the table as it
was when the job was taken on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from splitbrain.systems.batch.dataflow.operators import ALL, HASH, RANGE, SAME, Row, Rows

TEXT, TABLE = "text", "table"


class Input(NamedTuple):
    """Which step is read, and which rows of it (`operators.SAME` and so on)."""

    step: int
    wiring: str


class Step(NamedTuple):
    """An operator with its inputs, or with a source."""

    operator: str
    inputs: tuple[Input, ...] = ()
    source: str = ""


Program = tuple[Step, ...]

_LINES = Step("keyed", source=TEXT)
_TABLE = Step("copied", source=TABLE)
_BOTH_BY_KEY = Input(0, HASH), Input(1, HASH)

PROGRAMS: Mapping[str, Program] = {
    "words": (Step("words", source=TEXT), Step("summed", (Input(0, HASH),))),
    "totals": (_LINES, Step("totals", (Input(0, HASH),))),
    "ranked": (_LINES, Step("ranked", (Input(0, RANGE),))),
    "sessions": (_LINES, Step("sessions", (Input(0, HASH),))),
    "payout": (_LINES, Step("copied", (Input(0, HASH),))),
    "sort-merge": (_LINES, _TABLE, Step("merge-join", _BOTH_BY_KEY)),
    "partitioned-hash": (_LINES, _TABLE, Step("hash-join", _BOTH_BY_KEY)),
    "broadcast-hash": (_LINES, _TABLE, Step("hash-join", (Input(0, SAME), Input(1, ALL)))),
}
"""All programs, by name."""

JOINS = ("sort-merge", "partitioned-hash", "broadcast-hash")


def lines_of(text: str) -> Rows:
    """The rows of a text: the position and the line, each."""
    return tuple(enumerate(text.splitlines()))


def slice_of(rows: Rows, part: int, partitions: int) -> Rows:
    """The rows of one partition of a source: as many as others have, next to each other."""
    return rows[len(rows) * part // partitions : len(rows) * (part + 1) // partitions]


def read_by(read: Input, part: int, partitions: int) -> Iterable[int]:
    """Which partitions of a step one partition of another reads."""
    return (part,) if read.wiring == SAME else range(partitions)


def output_of(program: str, parts: Iterable[Rows]) -> Rows:
    """The output, from the partitions of the last step: in their order where that is one, else
    sorted."""
    rows: list[Row] = [row for part in parts for row in part]
    return tuple(rows if program == "ranked" else sorted(rows))
