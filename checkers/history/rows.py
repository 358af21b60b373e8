"""From recorded fields to a history: what all readers have in common.

A reader decodes events into `Row`s, which msgspec does and checks in one go; only if that fails
are records looked at one by one, to say which one is wrong and how.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from splitbrain.checkers.history import columns as column_store
from splitbrain.checkers.history.columns import Columns, Dialect
from splitbrain.checkers.history.completions import (
    NOTE,
    TELLS_THE_OLD,
    beginnings,
    invoked_value,
    only_completions,
)
from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.fields import wrong_field
from splitbrain.checkers.history.formats.edn_parser import DEPTH_MAX
from splitbrain.checkers.history.history import History, Lines
from splitbrain.checkers.history.operation import Operation, Process
from splitbrain.checkers.history.pairing import RuleBroken, decreasing
from splitbrain.checkers.history.unnamed import processes_of

_NESTING = frozenset((list, dict))

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Client = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Name = Annotated[str, msgspec.Meta(min_length=1)]


class Row(msgspec.Struct, gc=False):
    """The fields of an event as recorded, by any tool. Fields that we don't know are skipped.

    Missing are, in files that we read: ``index`` (events are counted), ``time`` (the order
    stands in for it), in histories of transactions from Elle ``f``, and in examples written by
    hand every ``process`` (see `unnamed`).
    """

    type: Literal["invoke", "ok", "fail", "info"]
    process: _Client | _Name | None = None
    index: _Int64 | None = None
    time: _Int64 | None = None
    f: _Name | None = None
    value: Any = None
    error: Any = None


def wrong_record(record: object) -> str | None:
    """What is wrong with a decoded record, in a sentence; ``None`` if it makes a `Row`."""
    if not isinstance(record, Mapping):
        return f"it is a {_kind(record)}; every operation must be an object with fields"
    if record.get("type") is None:
        return "it has no type; every operation needs a type and a process"
    function = record.get("f")
    if function is None and not _is_transaction(record.get("value")):
        return "it has no f; every operation must say what is done, like 'read'"
    index, time, process = record.get("index"), record.get("time"), record.get("process")
    return wrong_field(
        Operation(
            index=0 if index is None else index,
            time=0 if time is None else time,
            process=0 if process is None else process,
            type=record["type"],
            f="txn" if function is None else function,
        )
    )


def rows_of(records: Sequence[object], *, source: str, line_of: Lines) -> list[Row]:
    """Rows from decoded records.

    Raises:
        HistoryError: a record is no operation.
    """
    reason = ""
    try:
        rows = msgspec.convert(records, list[Row])
        wrong = next((at for at, row in enumerate(rows) if lacks_f(row)), None)
    except msgspec.ValidationError as error:
        wrong = next((at for at, record in enumerate(records) if wrong_record(record)), 0)
        reason = str(error)
    if wrong is not None:
        raise record_error(source, line_of(wrong), records[wrong], wrong, reason)
    return rows


def record_error(
    source: str, line: int | None, record: object, position: int, reason: str = ""
) -> HistoryError:
    """The error for a record that is no operation; ``reason`` is used if we know no better."""
    index = record.get("index") if isinstance(record, Mapping) else None
    return HistoryError(
        wrong_record(record) or f"this is no operation ({reason})",
        path=source,
        line=line,
        index=index if type(index) is int else position,
    )


def history_of(
    rows: Sequence[Row],
    *,
    source: str,
    notes: Iterable[str],
    dialect: Dialect,
    line_of: Lines,
) -> History:
    """The history that these rows make.

    No row lacks an ``f`` (see `lacks_f`).

    Raises:
        HistoryError: the events break a rule of histories, or a value is nested too deeply.
    """
    if too_deep(rows):
        at = next(at for at, row in enumerate(rows) if too_deep([row]))
        raise HistoryError(
            f"its value is nested more than {DEPTH_MAX} deep; values of operations are flat",
            path=source,
            line=line_of(at),
            index=_indices([row.index for row in rows[: at + 1]])[at],
        )
    if only_completions([row.type for row in rows], [row.process for row in rows]):
        untold = next((at for at, row in enumerate(rows) if row.f in TELLS_THE_OLD), None)
        if untold is not None:
            raise HistoryError(
                f"no event is an invocation, so nobody knows what {rows[untold].f} was given",
                path=source,
                line=line_of(untold),
                index=_indices([row.index for row in rows[: untold + 1]])[untold],
            )
        rows, places = _with_invocations(rows)
        notes = (*notes, NOTE)
        line_in_file = line_of

        def line_of(position: int) -> int | None:
            return line_in_file(places[position])

    columns = column_store.build(
        index=_indices([row.index for row in rows]),
        time=_times([row.time for row in rows]),
        types=[row.type for row in rows],
        process=_processes(rows, source, line_of),
        f=[row.f or "txn" for row in rows],
        values=[row.value for row in rows],
        errors=[None if row.error is None else error_text(row.error) for row in rows],
    )
    notes = (*notes, *note_of_times(columns, dialect, line_of))
    return History(columns, source=source, notes=notes, dialect=dialect, line_of=line_of)


def _with_invocations(rows: Sequence[Row]) -> tuple[list[Row], list[int]]:
    """Completions with their invocations (see `completions`), and the position of each in rows."""
    # Without processes, nothing is known to be before anything: each has one of its own.
    alone = all(row.process is None for row in rows)
    processes = [at if alone else row.process for at, row in enumerate(rows)]
    made, places = [], []
    for place in beginnings(processes):
        at = place if place >= 0 else -1 - place
        row = rows[at]
        f = row.f or "txn"
        made.append(
            Row(
                type=row.type if place >= 0 else "invoke",
                process=processes[at],
                index=None,
                time=row.time if place >= 0 else None,
                f=f,
                value=row.value if place >= 0 else invoked_value(f, row.type, row.value),
                error=row.error if place >= 0 else None,
            )
        )
        places.append(at)
    return made, places


def too_deep(rows: Sequence[Row]) -> bool:
    """Whether a value or an error is nested more than `DEPTH_MAX` deep.

    Whoever looks into a value does so by recursion. All rows are descended at once, a level at a
    time, since most have only two or three.
    """
    level = [part for row in rows for part in (row.value, row.error) if type(part) in _NESTING]
    for _ in range(DEPTH_MAX):
        level = [
            part
            for outer in level
            for part in _nested(outer.values() if type(outer) is dict else outer)
        ]
        if not level:
            return False
    return True


def _nested(parts: Collection[Any]) -> list[Any]:
    """Those that hold others; most often, and of thousands of elements read, none does."""
    if _NESTING.isdisjoint(map(type, parts)):
        return []
    return [part for part in parts if type(part) in _NESTING]


def note_of_times(columns: Columns, dialect: Dialect, line_of: Lines) -> tuple[str, ...]:
    """A note if times go back, in a dialect in which they may."""
    backward = decreasing(columns.time, allow_equal=True)
    if dialect.ordered_times or not backward.any():
        return ()
    return (
        f"times go back in {np.count_nonzero(backward)} places (first at line "
        f"{line_of(int(np.argmax(backward)))}); the order of events is that of the file",
    )


def lacks_f(row: Row) -> bool:
    """True if nothing says what a row does: it has no ``f`` and is no transaction."""
    return row.f is None and not _is_transaction(row.value)


def error_text(error: object) -> str:
    """A recorded error as one string: Jepsen records ``[:no-client "Connection refused"]``."""
    if isinstance(error, str):
        return error
    if isinstance(error, list) and error:
        return ": ".join(error_text(part) for part in error if part is not None)
    return msgspec.json.encode(error, order="deterministic").decode()


def _is_transaction(value: object) -> bool:
    """True for a list of micro-operations, ``[["append", 3, 1], ["r", 4, null]]``."""
    return isinstance(value, list) and all(isinstance(micro, list) for micro in value)


def _indices(given: list[int | None]) -> list[int]:
    """Indices, with those that are missing counted on from the one before."""
    filled: list[int] = []
    last = -1
    for index in given:
        last = last + 1 if index is None else index
        filled.append(last)
    return filled


def _times(given: list[int | None]) -> list[int]:
    """Times in ns. Without any, an event's position; if only some are there, the last one."""
    if all(time is None for time in given):
        return list(range(len(given)))
    filled: list[int] = []
    last = 0
    for time in given:
        last = last if time is None else time
        filled.append(last)
    return filled


def _processes(rows: Sequence[Row], source: str, line_of: Lines) -> list[Process]:
    """The process of each event, if need be found out."""
    given = [row.process for row in rows if row.process is not None]
    try:
        if len(given) == len(rows):
            return given
        if given:
            at = next(at for at, row in enumerate(rows) if row.process is None)
            raise RuleBroken(at, "it has no process; every operation needs a type and a process")
        return [*processes_of([(row.type, row.f or "txn") for row in rows])]
    except RuleBroken as broken:
        at = broken.position
        index = _indices([row.index for row in rows[: at + 1]])[at]
        raise HistoryError(broken.problem, path=source, line=line_of(at), index=index) from None


def _kind(value: object) -> str:
    return {list: "list", str: "string", type(None): "null"}.get(type(value), "plain value")
