"""Long histories read into columns, without a Python object for each event.

Lines of the plain layout are scanned by compiled code (`_scan_kernels`); the few others, like
faults, are parsed one by one. Whenever anything is unusual, `scanned` gives None, and the general
parser, which understands everything and can say what is wrong, reads the file instead.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.history import _scan_kernels as k
from splitbrain.checkers.history import _text_kernels
from splitbrain.checkers.history.collector import collector_paused
from splitbrain.checkers.history.columns import FILES, Columns, Int64
from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.formats.edn_parser import MARKS, parse
from splitbrain.checkers.history.formats.edn_records import operation_of
from splitbrain.checkers.history.formats.jsonl import decode_line
from splitbrain.checkers.history.history import History
from splitbrain.checkers.history.operation import TYPES
from splitbrain.checkers.history.packing import OTHER, PackedValues
from splitbrain.checkers.history.rows import (
    Row,
    error_text,
    lacks_f,
    note_of_times,
    rows_of,
    too_deep,
)
from splitbrain.checkers.history.source import PARTS_MAX, Content
from splitbrain.checkers.history.words import Words

_WORDS = 1 << 16
_LINE = 40  # bytes of the shortest line that has all fields
_COLD = 10  # so many times as many lines make compiling first worth its while

# Strings that may look like a keyword. One with a backslash is parsed by itself anyway.
_LOOKALIKES = tuple(b'"' + mark.encode() for mark in MARKS if mark != "\\")
_MOST_ODD = 5  # one line in so many may be parsed by itself


def scanned(content: Content, *, edn: bool) -> History | None:
    """The history in a file's content; None if it is short, or not of the plain layout.

    Args:
        content: lines of JSON or EDN.
        edn: which.
    """
    data = content.data
    lines = data.count(b"\n") + 1
    if edn and any(lookalike in data for lookalike in _LOOKALIKES):
        return None
    if lines * _LINE > len(data):
        return None
    if not kernels.worth_compiling(lines if kernels.at_hand(k) else lines // _COLD):
        return None
    text = np.frombuffer(data, dtype=np.uint8)
    out = np.zeros((lines, k.COLUMNS), dtype=np.int64)
    starts = np.zeros(lines + 1, dtype=np.int64)
    scanned_words = _scan(text, edn, out, starts)
    if scanned_words is None:
        return None
    count, words = scanned_words
    out, starts = out[:count], starts[: count + 1]
    odd = np.flatnonzero(out[:, k.TYPE] < 0)
    if len(odd) * _MOST_ODD > count or int((starts[odd + 1] - starts[odd]).sum()) > PARTS_MAX:
        return None
    with collector_paused():
        rows = _odd_rows(data, starts, odd, edn)
    if rows is None:
        return None

    def line_of(position: int) -> int:
        return data.count(b"\n", 0, int(starts[position])) + 1

    columns = _columns(out, odd, rows, _words(text, words))
    notes = (*content.notes, *note_of_times(columns, FILES, line_of))
    try:
        return History(columns, source=content.source, notes=notes, dialect=FILES)
    except HistoryError:
        return None  # the general parser will say so, and where


def _scan(
    text: npt.NDArray[np.uint8], edn: bool, out: Int64, starts: Int64
) -> tuple[int, Int64] | None:
    """Scan the text: how many lines there are, and where words begin and end."""
    run = kernels.of(k, size=len(text))
    for room in (_WORDS, 4 * len(out) + 1):  # the second is enough for all
        state = np.zeros(6, dtype=np.int64)
        words = np.zeros((room, 2), dtype=np.int64)
        table = np.zeros(1 << (2 * room + 1).bit_length(), dtype=np.int32)
        count: int = run.scan(text, edn, out, starts, state, table, words)
        if count >= 0:
            return count, words[: state[k.COUNT]]
    return None


def _odd_rows(data: bytes, starts: Int64, odd: Int64, edn: bool) -> list[Row] | None:
    """What the general parsers make of single lines; None if one is not a whole operation."""
    rows = []
    for at in odd.tolist():
        line = data[starts[at] : starts[at + 1]].strip()
        try:
            if edn:
                document = parse(line.decode(), "")
                if len(document.forms) != 1 or document.cut_off is not None or document.lookalikes:
                    return None
                record = operation_of(document.forms[0])
                row = rows_of([record], source="", line_of=lambda _: None)[0]
            else:
                decoded = decode_line(line)
                if decoded is None:
                    return None
                row = decoded
        except (HistoryError, UnicodeDecodeError):
            return None
        missing = None in (row.index, row.time, row.process) or lacks_f(row)
        if missing or too_deep([row]):
            return None
        rows.append(row)
    return rows


def _words(text: npt.NDArray[np.uint8], spans: Int64) -> Words:
    """The words between the given places of a text."""
    starts = np.zeros(len(spans) + 1, dtype=np.int64)
    np.cumsum(spans[:, 1] - spans[:, 0], out=starts[1:])
    letters = np.empty(starts[-1], dtype=np.uint8)
    kernels.of(_text_kernels, size=len(text)).copy_words(text, spans, letters)
    return Words(letters, starts)


def _columns(out: Int64, odd: Int64, rows: list[Row], words: Words) -> Columns:
    """The columns of all lines, those parsed one by one included."""
    names: dict[str, int] = {}
    scanned = np.unique(np.delete(out[:, k.F], odd)).tolist()
    functions = {words[number]: number for number in scanned}
    errors: list[str | None] = [None] * len(out)
    others = {}
    for at, row in zip(odd.tolist(), rows, strict=True):
        who = row.process or 0
        out[at, k.INDEX], out[at, k.TIME] = row.index or 0, row.time or 0
        out[at, k.TYPE] = TYPES.index(row.type)
        out[at, k.PROCESS] = who if isinstance(who, int) else -1 - names.setdefault(who, len(names))
        out[at, k.F] = functions.setdefault(row.f or "txn", len(words) + len(functions))
        out[at, k.SHAPE], out[at, k.A : k.C + 1] = OTHER, 0
        others[at] = row.value
        errors[at] = None if row.error is None else error_text(row.error)
    used, first = np.unique(out[:, k.F], return_index=True)
    in_order = used[np.argsort(first)]
    number = np.zeros(len(words) + len(functions) + 1, dtype=np.int32)
    number[in_order] = np.arange(len(in_order), dtype=np.int32)
    spelled = {number: function for function, number in functions.items()}
    return Columns(
        index=out[:, k.INDEX].copy(),
        time=out[:, k.TIME].copy(),
        type=out[:, k.TYPE].astype(np.int8),
        process=out[:, k.PROCESS].copy(),
        f=number[out[:, k.F]],
        values=PackedValues(
            out[:, k.SHAPE].astype(np.int8), out[:, k.A : k.C + 1].T.copy(), words, others
        ),
        errors=errors,
        names=tuple(names),
        functions=tuple(spelled[i] for i in in_order.tolist()),
    )
