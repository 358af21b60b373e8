"""Kernels that read histories of transactions from bytes into columns, without objects.

One scanner takes the JSON lines that we and elle-cli write and the EDN maps that Jepsen writes.
Keys and values must be integers of 32 bits. Whatever else comes up ends the scan, and the general
readers take over. JSON must be known to be well-formed; of EDN everything is checked here, except
for rows that are marked as odd.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.words import (
    CLOSE,
    CLOSE_MAP,
    FAILED,
    LISTED,
    MINUS,
    NINE,
    NULL,
    OPEN,
    OPEN_MAP,
    PROCESS,
    TIME,
    TYPE,
    VALUE,
    ZERO,
    behind,
    field_code,
    fits,
    function_code,
    grown,
    integer,
    skip_space,
    skip_value,
    type_code,
    word_begin,
    word_end,
)
from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


@jit
def scan_list(
    data: Array, at: int, edn: bool, elements: Array, count: int, out: Array
) -> tuple[int, Array, int]:
    """Read integers up to a closing bracket: the place behind it, elements and their number."""
    while True:
        at = skip_space(data, at, edn)
        if at >= len(data):
            return FAILED, elements, count
        if data[at] == CLOSE:
            return at + 1, elements, count
        at = integer(data, at, out)
        if at == FAILED or not fits(out[0]):
            return FAILED, elements, count
        if count == len(elements):
            elements = grown(elements, count)
        elements[count] = out[0]
        count += 1


@jit
def scan_transaction(
    data: Array,
    at: int,
    edn: bool,
    function: Array,
    key: Array,
    value: Array,
    start: Array,
    m: int,
    elements: Array,
    count: int,
    out: Array,
) -> tuple[int, int, Array, int]:
    """Read micro-operations, behind the bracket that opens their list.

    Returns:
        The place behind the list (or `FAILED`), how many micro-operations there are by now,
        elements and their number.
    """
    while True:
        at = skip_space(data, at, edn)
        if at >= len(data):
            return FAILED, m, elements, count
        if data[at] == CLOSE:
            return at + 1, m, elements, count
        if data[at] != OPEN or m == len(function):
            return FAILED, m, elements, count
        # The function's name: its first letters decide what the value behind the key may be.
        begin = word_begin(data, skip_space(data, at + 1, edn), edn)
        end = FAILED if begin == FAILED else word_end(data, begin)
        function[m] = FAILED if end == FAILED else function_code(data, begin, end)
        if function[m] == FAILED:
            return FAILED, m, elements, count
        at = integer(data, skip_space(data, behind(data, begin, end), edn), out)
        if at == FAILED or not fits(out[0]):
            return FAILED, m, elements, count
        key[m] = out[0]
        # Where its list begins, also if it has none: so the next one's start ends this one's.
        start[m] = count
        at = skip_space(data, at, edn)
        if at < len(data) and data[at] == OPEN:
            # No value of 32 bits is LISTED, so that the column tells lists from numbers.
            value[m] = LISTED
            at, elements, count = scan_list(data, at + 1, edn, elements, count, out)
        else:
            at = integer(data, at, out)
            if at == FAILED or (out[0] != NULL and not fits(out[0])):
                return FAILED, m, elements, count
            value[m] = out[0]
        at = FAILED if at == FAILED else skip_space(data, at, edn)
        if at == FAILED or at >= len(data) or data[at] != CLOSE:
            return FAILED, m, elements, count
        at += 1
        m += 1


@jit
def scan_small(
    data: Array, at: int, edn: bool, which: int, fields: Array, names: Array, row: int, out: Array
) -> int:
    """Read a field's index, time, type, process or f; the place behind it, or `FAILED`."""
    # A process may be a number or a name; index and time are numbers.
    if which <= TIME or (which == PROCESS and (data[at] == MINUS or ZERO <= data[at] <= NINE)):
        at = integer(data, at, out)
        if at != FAILED and which < TYPE and out[0] < 0:
            return FAILED
        fields[which, row] = out[0]
        return at
    begin = word_begin(data, at, edn)
    end = FAILED if begin == FAILED else word_end(data, begin)
    if end in (FAILED, begin):
        return FAILED
    if which == TYPE:
        fields[TYPE, row] = type_code(data, begin, end)
    else:
        # Names stay bytes: where they are is kept, and the few that occur are read afterwards.
        fields[which, row] = NULL
        names[row, which - PROCESS, 0] = begin
        names[row, which - PROCESS, 1] = end
    return behind(data, begin, end)


@jit
def scan_event(
    data: Array,
    at: int,
    edn: bool,
    fields: Array,
    names: Array,
    odd: Array,
    row: int,
    function: Array,
    key: Array,
    value: Array,
    start: Array,
    m: int,
    elements: Array,
    count: int,
    out: Array,
) -> tuple[int, int, Array, int]:
    """Read the fields of an event, behind the brace that opens it; as `scan_transaction`."""
    while at != FAILED:
        at = skip_space(data, at, edn)
        if at >= len(data) or data[at] == CLOSE_MAP:
            break
        begin = word_begin(data, at, edn)
        end = FAILED if begin == FAILED else word_end(data, begin)
        at = FAILED if end == FAILED else skip_space(data, behind(data, begin, end), edn)
        if at == FAILED or at >= len(data):
            return FAILED, m, elements, count
        which = field_code(data, begin, end)
        # A field that is there twice: which one counts is for the general readers to refuse.
        if which < 6 and fields[which, row] != FAILED:
            return FAILED, m, elements, count
        if which < VALUE:
            at = scan_small(data, at, edn, which, fields, names, row, out)
            continue
        if which == VALUE and data[at] == OPEN:
            # Where to go back to if this is no transaction after all.
            begin, before, had = at, m, count
            at, m, elements, count = scan_transaction(
                data, at + 1, edn, function, key, value, start, m, elements, count, out
            )
            fields[VALUE, row] = 1
            if at != FAILED:
                continue
            # What the nemesis says may look like this; what a client does may not.
            at, m, count = begin, before, had
        if which == VALUE:
            fields[VALUE, row] = 0
        odd[row] = True
        at = skip_value(data, at)
    return at, m, elements, count


@jit
def scan(
    data: Array, rows: int, operations: int, edn: bool
) -> tuple[int, Array, Array, Array, Array, Array, Array, Array, Array, Array, Array]:
    """Read events until the end, or until something is not as expected.

    Args:
        data: bytes of the file.
        rows: at least as many as there are events.
        operations: at least as many as there are micro-operations.
        edn: whether it is EDN, not JSON.

    Returns:
        Where the scan stopped (the length of the data if all was read); ``fields``, a row for each
        of index, time, type and process (`FAILED` if missing, `NULL` for names), f and value;
        ``place`` (where each event begins); ``names`` (where the names of process and f begin and
        end); ``odd`` (events with more than was looked at); ``offsets`` of micro-operations, their
        ``function``, ``key``, ``value`` (`LISTED` for lists) and ``start`` in ``elements``, and
        these.
    """
    fields = np.full((7, rows), FAILED, np.int64)
    place = np.empty(rows, np.int64)
    names = np.full((rows, 2, 2), FAILED, np.int64)
    odd = np.zeros(rows, np.bool_)
    offsets = np.zeros(rows + 1, np.int64)
    function = np.empty(operations, np.int8)
    key = np.empty(operations, np.int32)
    value = np.empty(operations, np.int32)
    start = np.empty(operations + 1, np.int64)
    elements = np.empty(operations + 1024, np.int32)
    out = np.zeros(1, np.int64)
    row, m, count = 0, 0, 0
    at = skip_space(data, 0, edn)
    stopped = at
    while at < len(data) and data[at] == OPEN_MAP and row < rows:
        place[row] = at
        at, m, elements, count = scan_event(
            data, at + 1, edn, fields, names, odd, row,
            function, key, value, start, m, elements, count, out,
        )  # fmt: skip
        if at == FAILED or at >= len(data) or fields[TYPE, row] == FAILED:
            break
        # Only now, with all fields read in whatever order, is known whether a client wrote it.
        client = fields[PROCESS, row] != NULL
        if client and (fields[PROCESS, row] < 0 or fields[VALUE, row] != 1):
            break
        at = skip_space(data, at + 1, edn)
        row += 1
        # Only whole events count: a scan that ends inside of one has not seen it.
        offsets[row] = m
        stopped = at
    start[m] = count
    return (
        stopped,
        fields[:, :row],
        place[:row],
        names[:row],
        odd[:row],
        offsets[: row + 1],
        function[:m],
        key[:m],
        value[:m],
        start[: m + 1],
        elements[:count],
    )
