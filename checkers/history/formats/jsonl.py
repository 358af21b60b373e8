"""Histories as JSON Lines: one event a line, the form that runs are kept in.

    {"index":0,"time":1014258560,"type":"invoke","process":0,"f":"write","value":[1,0]}

We write fields in this order, ``"error"`` last and only if there is one, so that equal histories
are equal bytes. We read more than that: fields in any order, fields that we don't know, events
without ``index`` (they are counted) or ``time`` (their order stands in for it), gzip, and a JSON
array of events instead of lines.

A run that is killed leaves a last line that was cut off. It is ignored, and noted in
``History.notes``; whatever was in it had not been acknowledged by the writer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice

import msgspec

from splitbrain.checkers.history.collector import collector_paused
from splitbrain.checkers.history.columns import FILES
from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.history import History
from splitbrain.checkers.history.repeated_keys import may_repeat_keys, repeated_key
from splitbrain.checkers.history.rows import Row, history_of, lacks_f, record_error, rows_of
from splitbrain.checkers.history.source import Content, not_utf8, read_content

_row = msgspec.json.Decoder(Row)

# Malformed, not UTF-8, nested too deeply: msgspec has an exception for each.
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_jsonl(path: str | os.PathLike[str]) -> History:
    """Read a history of JSON Lines (or one JSON array), plain or gzipped.

    Raises:
        HistoryError: the file cannot be read, a line is no operation, or the operations are no
            history; the message names file, line and operation.
    """
    return parse_jsonl(read_content(path))


def parse_jsonl(content: Content) -> History:
    """The history in the content of a file; see `read_jsonl`."""
    content.check_parts(b"[{,\n")
    data = content.data.strip()
    if data.startswith(b"["):
        return _parse_array(content)
    notes = list(content.notes)
    try:
        with collector_paused():
            rows: list[Row] = _row.decode_lines(data)
        one_a_line = _one_a_line(data, len(rows))
    except _UNDECODABLE:
        one_a_line = False
    if not one_a_line:
        rows = _decode_lines(content, notes)

    def line_of(position: int) -> int:
        lines = (number for number, _ in _lines(content.data))
        return next(islice(lines, position, None))

    careful = may_repeat_keys(data)
    for position, (row, (number, line)) in enumerate(zip(rows, _lines(content.data), strict=False)):
        if careful and (problem := repeated_key(line)) is not None:
            raise HistoryError(problem, path=content.source, line=number, index=position)
        if lacks_f(row):
            record = {"type": row.type, "process": row.process, "index": row.index}
            raise record_error(content.source, number, record, position)
    return history_of(rows, source=content.source, notes=notes, dialect=FILES, line_of=line_of)


def decode_line(line: bytes) -> Row | None:
    """The operation on a line; None if there is none, or not just one, or a key twice in it."""
    try:
        row = _row.decode(line)
    except _UNDECODABLE:
        return None
    return None if repeated_key(line) else row


def cut_off(line: bytes) -> bool:
    """Whether a last line is one that its writer did not finish, rather than wrong."""
    try:
        _row.decode(line)
    except _UNDECODABLE as error:
        return line.startswith(b"{") and _malformed(error)
    return False


def cut_off_note(line: int) -> str:
    """What is noted of a last line that was not finished."""
    return f"the last line was cut off and was ignored (line {line})"


def _decode_lines(content: Content, notes: list[str]) -> list[Row]:
    """Rows, line by line: slower, but it knows which line is wrong, and forgives the last."""
    rows: list[Row] = []
    end = len(content.data.rstrip())
    for number, line in _lines(content.data):
        try:
            rows.append(_row.decode(line))
        except _UNDECODABLE as error:
            last = content.data.count(b"\n", 0, end) + 1 == number
            if not (last and cut_off(line)):
                raise _line_error(content.source, number, line, len(rows), error) from None
            notes.append(cut_off_note(number))
    return rows


def _one_a_line(data: bytes, count: int) -> bool:
    """True if every newline parts two of ``count`` objects, and every two are parted by one.

    msgspec also takes two objects on a line, or one on two; then line numbers would lie.
    """
    borders = data.count(b"}\n{") + data.count(b"}\r\n{")
    return borders == data.count(b"\n") == max(0, count - 1)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines that aren't blank, and their numbers; one at a time, for a file can be full of them."""
    at, number = 0, 1
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end].strip()
        if line:
            yield number, line
        at, number = end + 1, number + 1


def _malformed(error: Exception) -> bool:
    """True if the text is no JSON, rather than JSON that is no operation."""
    return isinstance(error, msgspec.DecodeError | UnicodeDecodeError) and not isinstance(
        error, msgspec.ValidationError
    )


def _line_error(
    source: str, number: int, line: bytes, position: int, error: Exception
) -> HistoryError:
    """The error for a line that is no operation."""
    if isinstance(error, UnicodeDecodeError):
        return not_utf8(source, number)
    try:
        record = msgspec.json.decode(line)
    except _UNDECODABLE as deeper:
        why = _why(deeper)
        return HistoryError(
            f"this is not JSON ({why}); every line must be one JSON object",
            path=source,
            line=number,
            index=position,
        )
    return record_error(source, number, record, position, str(error))


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    return str(error).removeprefix("JSON is malformed: ")


def _parse_array(content: Content) -> History:
    """The history in one JSON array, as other tools convert Jepsen's EDN files."""
    source = content.source
    try:
        records = msgspec.json.decode(content.data)
    except _UNDECODABLE as error:
        raise HistoryError(
            f"this is not JSON ({_why(error)}); it must be an array of operations, or one "
            "operation on each line",
            path=source,
        ) from None

    def line_of(position: int) -> int:
        return _element_line(content.text(), position)

    if (problem := repeated_key(content.data)) is not None:
        raise HistoryError(problem, path=source)
    rows = rows_of(records, source=source, line_of=line_of)
    return history_of(rows, source=source, notes=content.notes, dialect=FILES, line_of=line_of)


def _element_line(text: str, position: int) -> int:
    """The line on which an element of a (well-formed) JSON array begins."""
    decoder = json.JSONDecoder()
    at = text.index("[") + 1
    for _ in range(position + 1):
        while text[at] in " \t\r\n,":
            at += 1
        start = at
        _, at = decoder.raw_decode(text, at)
    return text.count("\n", 0, start) + 1
