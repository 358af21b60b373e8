"""Long histories read into columns, without a Python object for each event.

A text is read in pieces of whole lines, so that of a file only one need be in memory. Lines of the
plain layout are scanned by compiled code (`_scan_kernels`); the few others, like faults, are parsed
one by one. Whenever anything is unusual, `scanned` gives None, and the general parser, which
understands everything and can say what is wrong, reads the file instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.history import _scan_kernels as k
from splitbrain.checkers.history import _text_kernels
from splitbrain.checkers.history.collector import collector_paused
from splitbrain.checkers.history.columns import FILES, Columns, Int64, joined
from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.few import Few
from splitbrain.checkers.history.formats.edn_parser import MARKS, parse
from splitbrain.checkers.history.formats.edn_records import operation_of
from splitbrain.checkers.history.formats.jsonl import cut_off, cut_off_note, decode_line
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
from splitbrain.checkers.history.source import PARTS_MAX, Text
from splitbrain.checkers.history.words import Words

_LINE = 40  # bytes of the shortest line that has all fields
_SHORT = 4_096  # bytes of a piece that may have any lines: the last line of a file, cut off
_COLD = 10  # so many times as many lines make compiling first worth its while
_WORDS_OF_A_LINE = 4  # that the scanner numbers, at most

# Strings that may look like a keyword. One with a backslash is parsed by itself anyway.
_LOOKALIKES = tuple(b'"' + mark.encode() for mark in MARKS if mark != "\\")
_MOST_ODD = 5  # one line in so many may be parsed by itself
_FEW_ODD = 1_000  # they say nothing of the whole yet
_FEW_FUNCTIONS = 16


def scanned(text: Text, *, edn: bool) -> History | None:
    """The history in a text; None if it is short, or not of the plain layout.

    Args:
        text: lines of JSON or EDN.
        edn: which.
    """
    scan = _Scan(edn)
    for number, data in enumerate(text.pieces()):
        lines = data.count(b"\n") + 1
        if edn and any(lookalike in data for lookalike in _LOOKALIKES):
            return None
        if lines * _LINE > max(len(data), _SHORT):
            return None
        if not number and not _worth_compiling(lines * text.size // len(data)):
            return None
        if not scan.read(data, lines):
            return None
    if not scan.plain:
        return None
    columns = scan.columns()
    notes = (*text.notes, *scan.notes, *note_of_times(columns, FILES, scan.line_of))
    try:
        return History(columns, source=text.source, notes=notes, dialect=FILES)
    except HistoryError:
        return None  # the general parser will say so, and where


def _worth_compiling(lines: int) -> bool:
    return kernels.worth_compiling(lines if kernels.at_hand(k) else lines // _COLD)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where the lines of a piece are in the file.

    Attributes:
        position: how many events come before it.
        before: how many lines, empty ones included.
        numbers: of its events, counted from its first line; None if it has no empty line.
    """

    position: int
    before: int
    numbers: npt.NDArray[np.int32] | None


@dataclass(slots=True)
class _Parts:
    """The columns of what has been read, in parts; see `Columns` and `PackedValues`.

    ``f`` is the number of a word, or ``-1 - i`` for the i-th function of lines that were parsed by
    themselves.
    """

    index: list[npt.NDArray[np.int64]] = field(default_factory=list)
    time: list[npt.NDArray[np.int64]] = field(default_factory=list)
    type: list[npt.NDArray[np.int8]] = field(default_factory=list)
    process: list[npt.NDArray[np.int64]] = field(default_factory=list)
    f: list[npt.NDArray[np.int32]] = field(default_factory=list)
    shape: list[npt.NDArray[np.int8]] = field(default_factory=list)
    codes: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def add(self, out: Int64) -> None:
        """What a piece holds, once nothing of it is missing."""
        self.index.append(out[:, k.INDEX].copy())
        self.time.append(out[:, k.TIME].copy())
        self.type.append(out[:, k.TYPE].astype(np.int8))
        self.process.append(out[:, k.PROCESS].copy())
        self.f.append(out[:, k.F].astype(np.int32))
        self.shape.append(out[:, k.SHAPE].astype(np.int8))
        self.codes.append(out[:, k.A : k.C + 1].T.copy())


class _Scan:
    """A text that is read piece by piece.

    Attributes:
        count: how many events were read.
        notes: what had to be overlooked.
    """

    def __init__(self, edn: bool) -> None:
        self.count = 0
        self.notes: tuple[str, ...] = ()
        self._edn = edn
        self._odd = self._odd_bytes = self._lines = 0
        self._places: list[_Lines] = []
        self._parts = _Parts()
        self._words = Words.of(())
        self._table = np.zeros(1, dtype=np.int32)
        self._names: dict[str, int] = {}
        self._functions: dict[str, int] = {}
        self._in_order: dict[int, None] = {}
        self._others: dict[int, object] = {}
        self._errors: dict[int, str] = {}

    def read(self, data: bytes, lines: int) -> bool:
        """Read a piece; False if it is not of the plain layout.

        Args:
            data: whole lines.
            lines: at least as many as there are.
        """
        if not self._edn and not data.endswith(b"\n"):
            data, lines = self._finished(data, lines)
        known = self._words.letters.tobytes()
        text = np.frombuffer(known + data, dtype=np.uint8)
        out = np.zeros((lines, k.COLUMNS), dtype=np.int64)
        starts = np.zeros(lines + 1, dtype=np.int64)
        count = self._scan(text, len(known), out, starts)
        out, starts = out[:count], starts[: count + 1] - len(known)
        odd = np.flatnonzero(out[:, k.TYPE] < 0)
        self._odd += len(odd)
        self._odd_bytes += int((starts[odd + 1] - starts[odd]).sum())
        too_many = self._odd > _FEW_ODD and self._too_odd(self.count + count)
        if too_many or self._odd_bytes > PARTS_MAX:
            return False
        with collector_paused():
            rows = _odd_rows(data, starts, odd, self._edn)
        if rows is None:
            return False
        self._enter(out, odd, rows)
        self._place(data, lines, starts[:-1])
        self.count += count
        return True

    @property
    def plain(self) -> bool:
        """Whether there were events, and nearly all lines were plain."""
        return self.count > 0 and not self._too_odd(self.count)

    def _too_odd(self, count: int) -> bool:
        return self._odd * _MOST_ODD > count

    def _finished(self, data: bytes, lines: int) -> tuple[bytes, int]:
        """The last piece without a last line that its writer did not finish."""
        begin = data.rfind(b"\n") + 1
        if not cut_off(data[begin:].strip()):
            return data, lines
        self.notes = (cut_off_note(self._lines + lines),)
        return data[:begin], lines

    def _scan(self, text: npt.NDArray[np.uint8], begin: int, out: Int64, starts: Int64) -> int:
        """Scan a piece, and keep the words that it adds; how many events it has."""
        run = kernels.of(k, size=len(text))
        known = len(self._words)
        room = known + _WORDS_OF_A_LINE * len(out) + 1
        spans = np.zeros((room, 2), dtype=np.int64)
        spans[:known, 0], spans[:known, 1] = self._words.starts[:-1], self._words.starts[1:]
        state = np.zeros(6, dtype=np.int64)
        if len(self._table) < 2 * room:
            self._table = np.zeros(1 << (2 * room).bit_length(), dtype=np.int32)
            run.enter_words(text, state, self._table, spans, known)
        state[k.COUNT] = known
        count: int = run.scan(text, begin, self._edn, out, starts, state, self._table, spans)
        if state[k.COUNT] > known:
            self._words = _words(text, spans[: state[k.COUNT]])
        return count

    def _enter(self, out: Int64, odd: Int64, rows: list[Row]) -> None:
        """Keep the columns of a piece, with the lines that were parsed one by one."""
        names, functions = self._names, self._functions
        for at, row in zip(odd.tolist(), rows, strict=True):
            who, position = row.process or 0, self.count + at
            if not isinstance(who, int):
                who = -1 - names.setdefault(who, len(names))
            out[at, k.INDEX], out[at, k.TIME] = row.index or 0, row.time or 0
            out[at, k.TYPE], out[at, k.PROCESS] = TYPES.index(row.type), who
            out[at, k.F] = -1 - functions.setdefault(row.f or "txn", len(functions))
            out[at, k.SHAPE], out[at, k.A : k.C + 1] = OTHER, 0
            self._others[position] = row.value
            if row.error is not None:
                self._errors[position] = error_text(row.error)
        for code in _by_appearance(out[:, k.F]):
            self._in_order.setdefault(code)
        self._parts.add(out)

    def _place(self, data: bytes, lines: int, starts: Int64) -> None:
        """Remember where a piece's lines are."""
        ends_with_one = data.endswith(b"\n")
        numbers = None
        if len(starts) != lines - ends_with_one:
            newlines = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == k.NEWLINE)
            numbers = np.searchsorted(newlines, starts).astype(np.int32)
        self._places.append(_Lines(self.count, self._lines, numbers))
        self._lines += lines - 1

    def line_of(self, position: int) -> int:
        """The line of an event, from 1."""
        place = max(
            (place for place in self._places if place.position <= position),
            key=lambda place: place.position,
        )
        at = position - place.position
        return 1 + place.before + (at if place.numbers is None else int(place.numbers[at]))

    def columns(self) -> Columns:
        """All that was read. The parts are gone then, so that memory holds everything once."""
        words, parts = self._words, self._parts
        odd = {-1 - number: name for name, number in self._functions.items()}
        # A function may be met in both kinds of lines.
        functions: dict[str, int] = {}
        number = {
            code: functions.setdefault(odd[code] if code < 0 else words[code], len(functions))
            for code in self._in_order
        }
        f = joined(parts.f)
        _renumber(f, number)
        return Columns(
            index=joined(parts.index),
            time=joined(parts.time),
            type=joined(parts.type),
            process=joined(parts.process),
            f=f,
            values=PackedValues(
                joined(parts.shape), joined(parts.codes, axis=1), words, self._others
            ),
            errors=Few(self.count, self._errors),
            names=tuple(self._names),
            functions=tuple(functions),
        )


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


def _by_appearance(codes: Int64) -> list[int]:
    """The different numbers of a column, in the order in which they first come up."""
    found: list[int] = []
    rest = codes
    while len(rest):
        if len(found) == _FEW_FUNCTIONS:
            more, first = np.unique(rest, return_index=True)
            return [*found, *more[np.argsort(first)].tolist()]
        found.append(int(rest[0]))
        rest = rest[rest != rest[0]]
    return found


def _renumber(f: npt.NDArray[np.int32], number: dict[int, int]) -> None:
    """Put the numbers of functions in place of their codes."""
    low = min(number)
    table = np.zeros(max(number) - low + 1, dtype=np.int32)
    for code, function in number.items():
        table[code - low] = function
    for begin in range(0, len(f), _RENUMBERED):
        f[begin : begin + _RENUMBERED] = table[f[begin : begin + _RENUMBERED] - low]


_RENUMBERED = 1 << 20
