"""Reading large histories of transactions: bytes to columns, with no object for an event.

    history = load_transactions("history.jsonl")
    list_append("strict-serializable").check(history)

A kernel scans the layouts that we, elle-cli and Jepsen write, whose keys and values are integers
(`scanning`), piece by piece, so that a text need not be in memory (`scanned`). Anything else, and
any mistake, is left to `splitbrain.checkers.history.loading`, which reads everything and says what
is wrong. Both give the same verdicts.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.history import History, HistoryError, load
from splitbrain.checkers.history.columns import FILES, Columns
from splitbrain.checkers.history.formats.edn_parser import parse
from splitbrain.checkers.history.repeated_keys import may_repeat_keys, repeated_key
from splitbrain.checkers.history.source import PARTS_MAX, Content, LongFile, Text, opened
from splitbrain.checkers.isolation.kernels import scanning, words
from splitbrain.checkers.isolation.micro_operations import Operations
from splitbrain.checkers.isolation.scanned import Gathered, Piece, ScannedValues

__all__ = ["ScannedValues", "load_transactions"]

Array = npt.NDArray[Any]


def load_transactions(path: str | os.PathLike[str] | Content) -> History:
    """Read a history of list-append or rw-register transactions, as `load` reads any.

    Raises:
        HistoryError: as `splitbrain.checkers.history.loading` does.
    """
    text = path if isinstance(path, Content) else opened(path)
    history = _scanned(text)
    if history is None and isinstance(text, LongFile):
        text = text.whole()
        history = _scanned(text)  # events of several lines can't be read in pieces
    if history is not None:
        return history
    assert isinstance(text, Content)
    return load(text)


def _scanned(text: Text) -> History | None:
    """The history in a text, or None if the general readers must have a look."""
    if not kernels.worth_compiling(text.size // 8):
        return None
    start = text.part(0, 64).lstrip()
    array = start[:1] == b"["
    if array and not isinstance(text, Content):
        return None
    inner = start[1:].lstrip() if array else start
    edn = inner[:1] == b"{" and inner[1:].lstrip()[:1] == b":"
    whole = isinstance(text, Content) and (array or edn)
    gathered, at = Gathered(edn), 0
    for content in iter([text.part(0, text.size)]) if whole else text.pieces():
        piece = _piece(content, at, array=array, edn=edn)
        if piece is None:
            return None
        gathered.add(piece)
        at += len(content)
    columns = gathered.columns(text) if at else None
    if columns is None:
        return None
    try:
        notes = (*text.notes, *_notes(text, columns))
        return History(columns, source=text.source, notes=notes, dialect=FILES)
    except HistoryError:
        return None


def _piece(content: bytes, at: int, *, array: bool, edn: bool) -> Piece | None:
    """What a piece of a text holds; None if it is not of the plain layout."""
    begin, end = 0, len(content)
    if array:
        begin, end = content.index(b"[") + 1, content.rindex(b"]") if b"]" in content else 0
        if content[end + 1 :].strip() or end <= begin:
            return None
    rows, lists = content.count(b"{") + 1, content.count(b"[")
    if rows + lists > PARTS_MAX:  # the general readers say so
        return None
    with ThreadPoolExecutor(1) as beside:  # the scan leaves the interpreter to others
        scanned = beside.submit(_scan, content, begin, end, at, rows, lists, edn=edn)
        events = None if edn else _events_of_json(content, array=array)
        piece = scanned.result()
    if piece.stopped < end or not len(piece):
        return None
    if not (_checked_edn(piece) if edn else events == len(piece)):
        return None
    return None if not edn and _may_repeat_keys(piece) else piece


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


def _may_repeat_keys(piece: Piece) -> bool:
    """Whether an object may have a key twice: one of an odd row, for the scan saw the others."""
    odd = np.flatnonzero(piece.odd)
    if len(odd) * _FEW_ODD > len(piece):
        return may_repeat_keys(piece.content)
    return any(repeated_key(piece.text(row)) for row in odd.tolist())


_FEW_ODD = 5
"""Rows are looked at by themselves if at most one in so many is odd."""

_CHUNK = 1 << 24


def _checked_edn(piece: Piece) -> bool:
    """Whether the general parser makes one map of each row that the scanner found odd."""
    try:
        for row in np.flatnonzero(piece.odd).tolist():
            forms = parse(piece.text(row).decode(), "").forms
            if len(forms) != 1 or not isinstance(forms[0], dict):
                return False
    except (HistoryError, UnicodeDecodeError):
        return False
    return True


def _scan(
    content: bytes, begin: int, end: int, at: int, rows: int, operations: int, *, edn: bool
) -> Piece:
    """Scan a piece of a text.

    Args:
        content: the piece.
        begin, end: between which of its places.
        at: where in the text the piece begins.
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
    data = np.frombuffer(content, np.uint8)[:end]
    stopped, row, scan = begin, 0, kernels.compiled(scanning).scan
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
    found = Operations(
        offsets[: row + 1], function[:m], key[:m], value[:m], start[: m + 1], elements[:count]
    )
    return Piece(content, at, stopped, fields[:, :row], place[:row], names[:row], odd[:row], found)


def _notes(text: Text, columns: Columns) -> tuple[str, ...]:
    """What the general reader notes of times that go back."""
    back = np.flatnonzero(np.diff(columns.time) < 0)
    if not len(back):
        return ()
    values = columns.values
    assert isinstance(values, ScannedValues)
    line = 1 + _newlines(text, values.place_of(int(back[0]) + 1))
    return (
        f"times go back in {len(back)} places (first at line {line}); the order of events is that "
        "of the file",
    )


def _newlines(text: Text, end: int) -> int:
    """How many lines end before a place."""
    places = chain(range(0, end, _CHUNK), (end,))
    begin, count = next(places), 0
    for place in places:
        count += text.part(begin, place).count(b"\n")
        begin = place
    return count
