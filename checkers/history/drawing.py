"""Register histories drawn by hand, for tests and explanations.

    drawn('''
        a: [w1 ]  [w2       ]
        b:            [r2]  [r1]
    ''')

A row is a client, a column is a millisecond (counted from the left margin of the text, so rows
line up as they are drawn), ``[`` is an invocation and ``]`` its completion. In between stands the
operation, with blanks around it to make it longer:

    w1      write 1                          r1      read that returned 1
    c12     cas from 1 to 2 (c10,12 if       r_ rn   read that returned null; so does r
            values have several digits)      c_1     cas from null to 1

A ``!`` behind it makes it fail, a ``?`` makes it indeterminate (open for ever, wherever its ``]``
is); one whose ``]`` is left out at the end of a row never completes at all. Row i of n is process
i, and process i + n once an operation of it is indeterminate, as in Jepsen. Events of the same
column overlap: invocations come first, then completions, each from the top row down.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.history import History
from splitbrain.checkers.history.operation import FAIL, INFO, INVOKE, OK, Operation

COLUMN_NS = 1_000_000

_ROW = re.compile(r"(?P<name>\w+):(?P<body>.*)")
_SPAN = re.compile(r"\[\s*(?P<operation>[^\[\]\s]+)\s*(?:\]|$)|(?P<stray>\S+)")
_OPERATION = re.compile(
    r"(?:w(?P<write>-?\d+)|r(?P<read>-?\d+|[_n]?)"
    r"|c(?:(?P<old>\d|_)(?P<new>\d)|(?P<old_long>-?\d+|_),(?P<new_long>-?\d+)))(?P<end>[!?]?)"
)

# One event: column, 1 for completions, row, and all fields of an operation but index and time.
_Event = tuple[int, int, int, tuple[int, str, str, Any]]


def drawn(text: str) -> History:
    """The history that a drawing shows.

    Raises:
        HistoryError: something in the drawing is no row or no operation.
    """
    lines = textwrap.dedent(text.expandtabs()).splitlines()
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    events: list[_Event] = []
    for row, (number, line) in enumerate(rows):
        events += _row(line, number, row, len(rows))
    events.sort(key=lambda event: event[:3])
    return History.from_operations(
        (
            Operation(index, column * COLUMN_NS, process, kind, f, value)
            for index, (column, _, _, (process, kind, f, value)) in enumerate(events)
        ),
        source="<drawing>",
    )


def _row(line: str, number: int, row: int, rows: int) -> list[_Event]:
    match = _ROW.fullmatch(line.rstrip())
    if match is None:
        raise _error(number, f"{line.strip()!r} is no row; write 'name: [w1] [r1 ]'")
    process = row
    events: list[_Event] = []
    for span in _SPAN.finditer(line.rstrip(), match.start("body")):
        if span["stray"] is not None:
            raise _error(number, f"{span['stray']!r} is in no brackets; operations are like '[w1]'")
        f, argument, result, kind = _operation(span["operation"], number)
        events.append((span.start(), 0, row, (process, INVOKE, f, argument)))
        if span[0].endswith("]"):
            value = result if kind == OK else argument
            events.append((span.end() - 1, 1, row, (process, kind, f, value)))
        if kind == INFO:
            process += rows
    return events


def _operation(text: str, number: int) -> tuple[str, Any, Any, str]:
    """What is done, its argument, its result if it is ok, and how it ends."""
    match = _OPERATION.fullmatch(text)
    if match is None:
        raise _error(number, f"{text!r} is no operation; write w1, r1, r_ or c12, then ! or ?")
    kind = {"": OK, "!": FAIL, "?": INFO}[match["end"]]
    if match["write"] is not None:
        return "write", int(match["write"]), int(match["write"]), kind
    if match["read"] is not None:
        return "read", None, _value(match["read"]), kind
    change = [_value(match["old"] or match["old_long"]), int(match["new"] or match["new_long"])]
    return "cas", change, change, kind


def _value(text: str) -> int | None:
    return None if text in ("", "_", "n") else int(text)


def _error(line: int, problem: str) -> HistoryError:
    return HistoryError(problem, path="<drawing>", line=line)
