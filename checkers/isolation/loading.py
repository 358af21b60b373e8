"""Reading large histories of transactions: bytes to columns, with no object for an event.

    history = load_transactions("history.jsonl")
    list_append("strict-serializable").check(history)

A kernel scans the layouts that we, elle-cli and Jepsen write, whose keys and values are integers
(`_scan_kernels`). Anything else, and any mistake, is left to `checkers.history.load`, which reads
everything and says what is wrong. Both give the same verdicts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import msgspec
import numpy as np
import numpy.typing as npt

from checkers import kernels
from checkers.history import History, HistoryError, load
from checkers.history.columns import FILES, Columns
from checkers.history.edn_parser import parse
from checkers.history.rows import error_text
from checkers.history.source import read_content
from checkers.isolation import _number_kernels, _scan_kernels
from checkers.isolation._scan_kernels import LISTED, NULL
from checkers.isolation.transactions import READ, Transactions, statuses

Array = npt.NDArray[Any]

SPARSE = 8
"""How many times more numbers than values there may be before numbers are given out by a table."""


def load_transactions(path: str | os.PathLike[str]) -> History:
    """Read a history of list-append or rw-register transactions, plain or gzipped.

    Raises:
        HistoryError: as `checkers.history.load` does.
    """
    content = read_content(path)
    history = _scanned(content.data, content.source)
    return load(path) if history is None else history


def _scanned(content: bytes, source: str) -> History | None:
    """The history in these bytes, or None if the general readers must have a look."""
    data = np.frombuffer(content, np.uint8)
    begin = 0
    lead = content[:64].lstrip()
    if lead[:1] in (b"[", b"("):
        begin = content.index(lead[:1]) + 1
        closing = {b"[": b"]", b"(": b")"}[lead[:1]]
        if not content.rstrip().endswith(closing):
            return None
        data = data[: content.rindex(closing)]
    if not kernels.worth_compiling(len(content) // 8):
        return None
    compiled = kernels.compiled(_scan_kernels)
    rows = content.count(b"{") + 1
    operations = content.count(b"[") + content.count(b"(") + 1
    scan = _Scan(begin, *compiled.scan(data[begin:], rows, operations))
    if scan.stopped < len(data) - begin or not len(scan.type):
        return None
    columns = _columns(content, scan)
    if columns is None:
        return None
    try:
        return History(columns, source=source, dialect=FILES)
    except HistoryError:
        return None


@dataclass(frozen=True, slots=True)
class _Scan:
    """What `_scan_kernels.scan` returns, from a place in the file on."""

    begin: int
    stopped: int
    index: Array
    time: Array
    type: Array
    process: Array
    place: Array
    names: Array
    offsets: Array
    function: Array
    key: Array
    value: Array
    start: Array
    elements: Array


def _columns(content: bytes, scan: _Scan) -> Columns | None:
    """Columns of events; None if only some have indices or times."""
    count = len(scan.type)
    index, time = scan.index, scan.time
    if (index < 0).all():
        index = np.arange(count)
    if (time < 0).all():
        time = np.arange(count)
    if (index < 0).any() or (time < 0).any():
        return None
    process = scan.process.copy()
    names: dict[str, int] = {}
    for row in np.flatnonzero(process == NULL).tolist():
        name = _name(content, scan.begin + int(scan.names[row, 0]))
        if not name or name.isdecimal() or name in ("null", "nil"):
            return None
        process[row] = -1 - names.setdefault(name, len(names))
    functions, f = _functions(content, scan)
    return Columns(
        index=index,
        time=time,
        type=scan.type,
        process=process,
        f=f,
        values=ScannedValues(content, scan),
        errors=_Errors(content, scan),
        names=tuple(names),
        functions=functions,
    )


def _functions(content: bytes, scan: _Scan) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    """The functions of events; those without one are transactions."""
    named: dict[str, int] = {}
    places = scan.names[:, 1]
    codes = np.zeros(len(places), np.int32)
    # Nearly all are the same: compare bytes in columns, and look at the rest one by one.
    data = np.frombuffer(content, np.uint8)
    where = np.minimum(places + scan.begin, len(data) - 4)
    plain = places < 0
    plain |= (data[where] == 116) & (data[where + 1] == 120) & (data[where + 2] == 110)
    if plain.any():
        named["txn"] = 0
    for row in np.flatnonzero(~plain).tolist():
        name = _name(content, scan.begin + int(places[row]))
        codes[row] = named.setdefault(name, len(named))
    return tuple(named), codes


def _name(content: bytes, at: int) -> str:
    end = at
    while end < len(content) and content[end] not in b'" ,}]\n\t\r':
        end += 1
    return content[at:end].decode(errors="replace")


class _Rows:
    """Events of a file that are decoded one by one, when somebody asks."""

    def __init__(self, content: bytes, scan: _Scan) -> None:
        self._content = content
        self._scan = scan

    def __len__(self) -> int:
        return len(self._scan.type)

    def _record(self, row: int) -> Any:
        begin = self._scan.begin + int(self._scan.place[row])
        end = len(self._content)
        if row + 1 < len(self):
            end = self._scan.begin + int(self._scan.place[row + 1])
        text = self._content[begin:end].strip().rstrip(b",")
        if text[1:].lstrip()[:1] == b'"':
            return msgspec.json.decode(text.rstrip(b"]") if row + 1 == len(self) else text)
        return parse(text.decode(), "").forms[0]


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
        compiled = kernels.compiled(_number_kernels)
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
            kind=np.where(function == _scan_kernels.READ, READ, 0).astype(np.int8),
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
    reads = function == _scan_kernels.READ
    listed = value == LISTED
    written = function != _scan_kernels.READ
    other = _scan_kernels.WRITE if lists else _scan_kernels.APPEND
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
