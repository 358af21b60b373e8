"""Reading large histories of transactions: bytes to columns, with no object for an event.

    history = load_transactions("history.jsonl")
    list_append("strict-serializable").check(history)

A kernel scans the layouts that we, elle-cli and Jepsen write, whose keys and values are integers
(`scanning`). Anything else, and any mistake, is left to `splitbrain.checkers.history.loading`,
which reads everything and says what is wrong. Both give the same verdicts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, overload

import msgspec
import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.history import History, HistoryError, load
from splitbrain.checkers.history.columns import FILES, Columns
from splitbrain.checkers.history.formats.edn_parser import parse
from splitbrain.checkers.history.formats.edn_records import operation_of
from splitbrain.checkers.history.repeated_keys import may_repeat_keys, repeated_key
from splitbrain.checkers.history.rows import error_text
from splitbrain.checkers.history.source import PARTS_MAX, Content, read_content
from splitbrain.checkers.isolation.kernels import numbering, scanning, words
from splitbrain.checkers.isolation.kernels.codes import READ
from splitbrain.checkers.isolation.kernels.words import LISTED, NULL
from splitbrain.checkers.isolation.transactions import Transactions, statuses

Array = npt.NDArray[Any]

SPARSE = 8
"""How many times more numbers than values there may be before numbers are given out by a table."""


def load_transactions(path: str | os.PathLike[str] | Content) -> History:
    """Read a history of list-append or rw-register transactions, as `load` reads any.

    Raises:
        HistoryError: as `splitbrain.checkers.history.loading` does.
    """
    content = path if isinstance(path, Content) else read_content(path)
    history = _scanned(content.data, content.source)
    return load(content) if history is None else history


def _scanned(content: bytes, source: str) -> History | None:
    """The history in these bytes, or None if the general readers must have a look."""
    if not kernels.worth_compiling(len(content) // 8):
        return None
    begin, end = 0, len(content)
    lead = content[:64].lstrip()
    array = lead[:1] == b"["
    if array:
        begin, end = content.index(b"[") + 1, content.rindex(b"]") if b"]" in content else 0
        if content[end + 1 :].strip() or end <= begin:
            return None
    inner = content[begin : begin + 64].lstrip()
    edn = inner[:1] == b"{" and inner[1:].lstrip()[:1] == b":"
    rows, lists = content.count(b"{") + 1, content.count(b"[")
    if rows + lists > PARTS_MAX:  # the general readers say so
        return None
    data = np.frombuffer(content, np.uint8)[begin:end]
    with ThreadPoolExecutor(1) as beside:  # the scan leaves the interpreter to others
        scanned = beside.submit(_scan, data, begin, rows, lists, edn=edn)
        events = None if edn else _events_of_json(content, array=array)
        scan = scanned.result()
    if scan.stopped < len(data) or not len(scan.place):
        return None
    if not (_checked_edn(content, scan) if edn else events == len(scan.place)):
        return None
    if not edn and _may_repeat_keys(content, scan):
        return None
    columns = _columns(content, scan)
    if columns is None:
        return None
    try:
        notes = _notes(content, scan, columns)
        return History(columns, source=source, notes=notes, dialect=FILES)
    except HistoryError:
        return None


class _Event(msgspec.Struct, gc=False):
    """An event, as far as the scanner takes its form for granted."""

    type: Literal["invoke", "ok", "fail", "info"]
    process: int | str
    value: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"null")


def _events_of_json(content: bytes, *, array: bool) -> int | None:
    """How many events there are, one a line or in an array; None if this is no such JSON."""
    try:
        if array:
            return len(msgspec.json.decode(content, type=list[_Event]))
        decoder = msgspec.json.Decoder(_Event)
        count, begin = 0, 0
        while begin < len(content):
            end = content.find(b"\n", begin + _CHUNK)
            end = len(content) if end < 0 else end + 1
            lines = content[begin:end].rstrip()
            found = len(decoder.decode_lines(lines))
            if lines and found != lines.count(b"\n") + 1:
                return None
            count += found
            begin = end
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return count


def _may_repeat_keys(content: bytes, scan: _Scan) -> bool:
    """Whether an object may have a key twice: one of an odd row, for the scan saw the others."""
    odd = np.flatnonzero(scan.odd)
    if len(odd) * _FEW_ODD > len(scan.odd):
        return may_repeat_keys(content)
    rows = _Rows(content, scan)
    return any(repeated_key(rows.text(row)) for row in odd.tolist())


_FEW_ODD = 5
"""Rows are looked at by themselves if at most one in so many is odd."""

_CHUNK = 1 << 24


def _checked_edn(content: bytes, scan: _Scan) -> bool:
    """Whether the general parser makes one map of each row that the scanner found odd."""
    rows = _Rows(content, scan)
    try:
        for row in np.flatnonzero(scan.odd).tolist():
            forms = parse(rows.text(row).decode(), "").forms
            if len(forms) != 1 or not isinstance(forms[0], dict):
                return False
    except (HistoryError, UnicodeDecodeError):
        return False
    return True


def _scan(data: Array, begin: int, rows: int, operations: int, *, edn: bool) -> _Scan:
    """Scan the data, which begins at a place in the file.

    Args:
        data: its bytes.
        begin: the place.
        rows: at least as many as there are events.
        operations: at least as many as there are micro-operations.
        edn: whether it is EDN, not JSON.
    """
    fields = np.full((6, rows), words.FAILED, np.int64)
    place = np.empty(rows, np.int64)
    names = np.full((rows, 2, 2), words.FAILED, np.int64)
    odd = np.zeros(rows, np.bool_)
    offsets = np.zeros(rows + 1, np.int64)
    function = np.empty(operations, np.int8)
    key, value = np.empty(operations, np.int32), np.empty(operations, np.int32)
    start = np.empty(operations + 1, np.int64)
    elements = np.empty(operations + 1024, np.int32)
    out = np.zeros(4, np.int64)
    stopped, row, scan = 0, 0, kernels.compiled(scanning).scan
    while True:
        stopped, row = scan(
            data, stopped, row, edn, fields, place, names, odd, offsets,
            function, key, value, start, elements, out,
        )  # fmt: skip
        if not out[words.FULL]:
            break
        elements = np.concatenate((elements, np.empty_like(elements)))
        out[words.FULL] = 0
    m, count = out[words.OPERATIONS], out[words.ELEMENTS]
    start[m] = count
    return _Scan(
        begin, edn, stopped, fields[:, :row], place[:row], names[:row], odd[:row],
        offsets[: row + 1], function[:m], key[:m], value[:m], start[: m + 1], elements[:count],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Scan:
    """What `scanning.scan` fills, from a place in the file on."""

    begin: int
    edn: bool
    stopped: int
    fields: Array
    place: Array
    names: Array
    odd: Array
    offsets: Array
    function: Array
    key: Array
    value: Array
    start: Array
    elements: Array


def _columns(content: bytes, scan: _Scan) -> Columns | None:
    """Columns of events; None if only some have indices or times, or for unusual names."""
    count = len(scan.place)
    index, time, kind, process = (scan.fields[i] for i in range(4))
    if (index < 0).all():
        index = np.arange(count)
    if (time < 0).all():
        time = np.arange(count)
    if (index < 0).any() or (time < 0).any():
        return None
    process = process.copy()
    names: dict[str, int] = {}
    for row in np.flatnonzero(process == NULL).tolist():
        process[row] = -1 - names.setdefault(_name(content, scan, row, 0), len(names))
    functions: dict[str, int] = {}
    f = np.zeros(count, np.int32)
    first = _plain_functions(content, scan)
    if first.any():
        functions["txn"] = 0
    for row in np.flatnonzero(~first).tolist():
        f[row] = functions.setdefault(_name(content, scan, row, 1), len(functions))
    return Columns(
        index=np.ascontiguousarray(index),
        time=np.ascontiguousarray(time),
        type=kind.astype(np.int8),
        process=process,
        f=f,
        values=ScannedValues(content, scan),
        errors=_Errors(content, scan),
        names=tuple(names),
        functions=tuple(functions),
    )


def _notes(content: bytes, scan: _Scan, columns: Columns) -> tuple[str, ...]:
    """What the general reader notes of times that go back."""
    back = np.flatnonzero(np.diff(columns.time) < 0)
    if not len(back):
        return ()
    line = content.count(b"\n", 0, scan.begin + int(scan.place[back[0] + 1])) + 1
    return (
        f"times go back in {len(back)} places (first at line {line}); the order of events is that "
        "of the file",
    )


def _plain_functions(content: bytes, scan: _Scan) -> Array:
    """Events whose function is txn, or that have none: nearly all."""
    data = np.frombuffer(content, np.uint8)
    begin, end = scan.names[:, 1, 0] + scan.begin, scan.names[:, 1, 1] + scan.begin
    where = np.minimum(begin, len(data) - 4)
    plain = (data[where] == 116) & (data[where + 1] == 120) & (data[where + 2] == 110)
    return np.asarray((scan.names[:, 1, 0] < 0) | (plain & (end - begin == 3)))


def _name(content: bytes, scan: _Scan, row: int, which: int) -> str:
    begin, end = scan.names[row, which].tolist()
    return content[scan.begin + begin : scan.begin + end].decode()


class _Rows:
    """Events of a file that are decoded one by one, when somebody asks."""

    def __init__(self, content: bytes, scan: _Scan) -> None:
        self._content = content
        self._scan = scan

    def __len__(self) -> int:
        return len(self._scan.place)

    def text(self, row: int) -> bytes:
        """The bytes of an event."""
        scan = self._scan
        begin, end = scan.begin + int(scan.place[row]), scan.begin + scan.stopped
        if row + 1 < len(self):
            end = scan.begin + int(scan.place[row + 1])
        return self._content[begin:end].strip(b" \t\r\n,")

    def _record(self, row: int) -> Any:
        if self._scan.edn:
            return operation_of(parse(self.text(row).decode(), "").forms[0])
        return msgspec.json.decode(self.text(row))


class _Errors(_Rows, Sequence[Any]):
    """Errors of events, decoded when asked for."""

    @overload
    def __getitem__(self, row: int) -> Any: ...
    @overload
    def __getitem__(self, row: slice) -> list[Any]: ...
    def __getitem__(self, row: int | slice) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        error = self._record(range(len(self))[row]).get("error")
        return None if error is None else error_text(error)


class ScannedValues(_Rows, Sequence[Any]):
    """Values of events, decoded when asked for; and all transactions as columns."""

    @overload
    def __getitem__(self, row: int) -> Any: ...
    @overload
    def __getitem__(self, row: slice) -> list[Any]: ...
    def __getitem__(self, row: int | slice) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        return self._record(range(len(self))[row]).get("value")

    def transactions(self, history: History, *, lists: bool) -> Transactions | None:
        """The history's transactions, or None if they must be read one by one (to say why)."""
        scan = self._scan
        invoked, completed, status, rows = statuses(history)
        compiled = kernels.compiled(numbering)
        offsets, function, key, value, where = compiled.chosen_operations(
            scan.offsets, rows, scan.function, scan.key, scan.value, scan.start
        )
        if not _of_this_kind(function, value, lists):
            return None
        key, names = _dense_keys(key)
        numbered = _numbered(compiled, scan, key, value, where, len(names))
        return Transactions(
            status=status,
            process=history.process[invoked],
            invoked=invoked,
            completed=completed,
            offsets=offsets,
            kind=np.where(function == words.READ, READ, 0).astype(np.int8),
            key=key,
            element=numbered.element,
            start=numbered.start,
            elements=numbered.elements,
            keys=names,
            values=numbered.values,
            key_of=numbered.key_of,
            key_count=len(names),
            indices=history.indices,
            events=len(history),
        )


def _of_this_kind(function: Array, value: Array, lists: bool) -> bool:
    """Whether all micro-operations are of list-append, or all of rw-register."""
    reads = function == words.READ
    listed = value == LISTED
    written = function != words.READ
    other = words.WRITE if lists else words.APPEND
    if (function == other).any() or (written & (value <= LISTED)).any():
        return False
    if lists:
        return not (reads & (value > LISTED)).any()
    return not (reads & listed).any()


class _Integers(Sequence[int]):
    """A column of numbers, as Python's integers."""

    def __init__(self, numbers: Array) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> list[int]: ...
    def __getitem__(self, at: int | slice) -> int | list[int]:
        if isinstance(at, slice):
            found: list[int] = self._numbers[at].tolist()
            return found
        return int(self._numbers[at])

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers.tolist())


def _dense_keys(key: Array) -> tuple[Array, _Integers]:
    """Keys as numbers from 0, and their names."""
    low, high = int(key.min(initial=0)), int(key.max(initial=0))
    if high - low >= 4 * len(key) + 1024:
        sparse, place = np.unique(key, return_inverse=True)
        numbers, names = _dense_keys(place.astype(np.int32))
        return numbers, _Integers(sparse[list(names)])
    # Numbers are given in the order of appearance, as the general reader does.
    first = np.full(high - low + 1, len(key), np.int64)
    first[key[::-1] - low] = np.arange(len(key) - 1, -1, -1)
    used = np.flatnonzero(first < len(key))
    used = used[np.argsort(first[used], kind="stable")]
    number = np.zeros(high - low + 1, np.int32)
    number[used] = np.arange(len(used), dtype=np.int32)
    return number[key - low], _Integers(used + low)


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Elements as numbers; see `Transactions`."""

    element: Array
    start: Array
    elements: Array
    key_of: Array
    values: _Integers


def _numbered(
    compiled: Any, scan: _Scan, key: Array, value: Array, where: Array, keys: int
) -> _Numbered:
    low, high = compiled.ranges(key, value, where, scan.start, scan.elements, keys)
    widths = np.maximum(high - low + 1, 0)
    total = int(widths.sum())
    values = int(np.count_nonzero(value > LISTED))
    if total <= SPARSE * values + 1024 and total < 2**31:
        base = np.cumsum(widths) - widths
        element, start, lists = compiled.numbered_densely(
            key, value, where, scan.start, scan.elements, low, base, len(scan.elements)
        )
        key_of = np.repeat(np.arange(keys, dtype=np.int32), widths)
        names = np.arange(total) - np.repeat(base - low, widths)
        return _Numbered(element, start, lists, key_of, _Integers(names))
    room = 1 << max(10, int(2 * (values + len(scan.elements))).bit_length())
    element, start, lists, key_of, names = compiled.numbered_by_hash(
        key, value, where, scan.start, scan.elements, len(scan.elements), room
    )
    return _Numbered(element, start, lists, key_of, _Integers(names))
