"""Kernels that read histories of transactions from bytes into columns, without objects.

One scanner takes the JSON lines that we and elle-cli write and the EDN maps that Jepsen writes: in
both, a colon, a comma and white space mean nothing between tokens, and a name is a quoted string
or a keyword. Keys and values must be integers of 32 bits. Whatever else comes up ends the scan at
its line, and the general readers take over.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from checkers.kernels import jit

Array = npt.NDArray[Any]

NULL = -(2**31)
LISTED = NULL + 1
FAILED = -1
APPEND, WRITE, READ = 0, 1, 2

_QUOTE, _BACKSLASH, _COLON, _COMMA, _MINUS = 34, 92, 58, 44, 45
_OPEN, _CLOSE, _OPEN_MAP, _CLOSE_MAP, _OPEN_LIST, _CLOSE_LIST = 91, 93, 123, 125, 40, 41
_ZERO, _NINE, _SPACE, _NEWLINE = 48, 57, 32, 10


@jit
def skip_space(data: Array, at: int) -> int:
    """The next byte that is no white space, comma or colon."""
    end = len(data)
    while at < end:
        byte = data[at]
        if byte > _SPACE and byte != _COMMA and byte != _COLON:
            break
        at += 1
    return at


@jit
def name_end(data: Array, at: int) -> int:
    """Where the name that begins at a place ends, or `FAILED`. The place is behind any quote."""
    end = len(data)
    if at > 0 and data[at - 1] == _QUOTE:
        while at < end and data[at] != _QUOTE:
            if data[at] == _BACKSLASH:
                return FAILED
            at += 1
        return at
    while at < end:
        byte = data[at]
        if byte <= _SPACE or byte in (_COMMA, _CLOSE, _CLOSE_MAP):
            break
        if byte in (_OPEN, _OPEN_MAP, _QUOTE):
            break
        at += 1
    return at


@jit
def integer(data: Array, at: int, out: Array) -> int:
    """Read an integer, or null or nil, into ``out[0]``; the place behind it, or `FAILED`."""
    end = len(data)
    if at < end and data[at] == 110:  # n
        stop = at
        while stop < end and 97 <= data[stop] <= 122:
            stop += 1
        long = stop - at == 4 and data[at + 1] == 117 and data[at + 2] == 108
        short = stop - at == 3 and data[at + 1] == 105
        out[0] = NULL
        return stop if long or short else FAILED
    negative = at < end and data[at] == _MINUS
    if negative:
        at += 1
    value = 0
    begin = at
    while at < end and _ZERO <= data[at] <= _NINE:
        value = value * 10 + (data[at] - _ZERO)
        at += 1
    if at == begin or at - begin > 18:
        return FAILED
    if at < end:
        byte = data[at]
        if byte > _SPACE and byte != _COMMA and byte != _CLOSE and byte != _CLOSE_MAP:
            return FAILED
    out[0] = -value if negative else value
    return at


@jit
def skip_value(data: Array, at: int) -> int:
    """The place behind a value of any kind."""
    end = len(data)
    depth = 0
    while at < end:
        byte = data[at]
        if byte == _QUOTE:
            at += 1
            while at < end and data[at] != _QUOTE:
                at += 2 if data[at] == _BACKSLASH else 1
        elif byte in (_OPEN, _OPEN_MAP, _OPEN_LIST):
            depth += 1
        elif byte in (_CLOSE, _CLOSE_MAP, _CLOSE_LIST):
            if depth == 0:
                return at
            depth -= 1
        elif depth == 0 and (byte <= _SPACE or byte == _COMMA):
            return at
        at += 1
        if (
            depth == 0
            and at < end
            and data[at - 1]
            in (
                _QUOTE,
                _CLOSE,
                _CLOSE_MAP,
                _CLOSE_LIST,
            )
        ):
            return at
    return at


@jit
def grown(array: Array, needed: int) -> Array:
    """An array with room for more."""
    more = np.empty(max(2 * len(array), needed + 1024), array.dtype)
    more[: len(array)] = array
    return more


@jit
def scan_list(
    data: Array, at: int, elements: Array, count: int, out: Array
) -> tuple[int, Array, int]:
    """Read integers up to a closing bracket: the place behind it, elements and their number."""
    while True:
        at = skip_space(data, at)
        if at >= len(data):
            return FAILED, elements, count
        if data[at] == _CLOSE:
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
        at = skip_space(data, at)
        if at >= len(data):
            return FAILED, m, elements, count
        if data[at] == _CLOSE:
            return at + 1, m, elements, count
        if data[at] != _OPEN or m == len(function):
            return FAILED, m, elements, count
        at = skip_space(data, at + 1)
        quoted = at < len(data) and data[at] == _QUOTE
        begin = at + 1 if quoted else at
        end = name_end(data, begin)
        function[m] = FAILED if end <= begin else function_code(data, begin, end)
        if function[m] == FAILED:
            return FAILED, m, elements, count
        at = integer(data, skip_space(data, end + 1 if quoted else end), out)
        if at == FAILED or not fits(out[0]):
            return FAILED, m, elements, count
        key[m] = out[0]
        start[m] = count
        at = skip_space(data, at)
        if at < len(data) and data[at] == _OPEN:
            value[m] = LISTED
            at, elements, count = scan_list(data, at + 1, elements, count, out)
        else:
            at = integer(data, at, out)
            if at == FAILED or (out[0] != NULL and not fits(out[0])):
                return FAILED, m, elements, count
            value[m] = out[0]
        at = FAILED if at == FAILED else skip_space(data, at)
        if at == FAILED or at >= len(data) or data[at] != _CLOSE:
            return FAILED, m, elements, count
        at += 1
        m += 1


@jit
def field(data: Array, at: int) -> int:
    """Which field begins at a place: a position in ``index time type process f value``, or 6."""
    length = name_end(data, at) - at
    if length <= 0 or at + 1 >= len(data):
        return FAILED
    first, second = data[at], data[at + 1]
    if length == 5 and first == 105 and second == 110:
        return 0
    if length == 4 and first == 116:
        return 1 if second == 105 else 2
    if length == 7 and first == 112:
        return 3
    if length == 1 and first == 102:
        return 4
    if length == 5 and first == 118:
        return 5
    return 6


@jit
def scan(
    data: Array, rows: int, operations: int
) -> tuple[int, Array, Array, Array, Array, Array, Array, Array, Array, Array, Array, Array, Array]:
    """Read events until the end, or until something is not as expected.

    Args:
        data: bytes of the file.
        rows: at least as many as there are events.
        operations: at least as many as there are micro-operations.

    Returns:
        Where the scan stopped (the length of the data if all was read), and columns: ``index`` and
        ``time`` (or `FAILED`), ``type``, ``process`` (`NULL` for names), ``place`` (where the event
        begins), ``names`` (where the names of process and f begin), ``offsets`` of
        micro-operations, their ``function``, ``key``, ``value`` (`LISTED` for lists) and ``start``
        in ``elements``, and these.
    """
    # Columns of integers by field; of f and value only whether they were there.
    fields = np.full((6, rows), FAILED, np.int64)
    place = np.empty(rows, np.int64)
    names = np.full((rows, 2), FAILED, np.int64)
    offsets = np.zeros(rows + 1, np.int64)
    function = np.empty(operations, np.int8)
    key = np.empty(operations, np.int32)
    value = np.empty(operations, np.int32)
    start = np.empty(operations + 1, np.int64)
    elements = np.empty(operations + 1024, np.int32)
    out = np.zeros(1, np.int64)
    row, m, count = 0, 0, 0
    at = skip_space(data, 0)
    stopped = at
    while at < len(data) and data[at] == _OPEN_MAP and row < rows:
        place[row] = at
        at += 1
        while at != FAILED:
            at = skip_space(data, at)
            if at >= len(data) or data[at] == _CLOSE_MAP:
                break
            quoted = data[at] == _QUOTE
            begin = at + 1 if quoted else at
            which = field(data, begin)
            if which == FAILED:
                at = FAILED
                break
            end = name_end(data, begin)
            at = skip_space(data, end + 1 if quoted else end)
            if at >= len(data):
                at = FAILED
                break
            quoted = data[at] == _QUOTE
            begin = at + 1 if quoted else at
            numeric = data[at] == _MINUS or _ZERO <= data[at] <= _NINE
            if which < 2 or (which == 3 and numeric):
                at = integer(data, at, out)
                fields[which, row] = out[0]
            elif which == 2:
                end = name_end(data, begin)
                fields[2, row] = type_code(data, begin, end)
                at = end + 1 if quoted else end
            elif which == 3 or which == 4:
                fields[which, row] = NULL
                names[row, which - 3] = begin
                at = skip_value(data, at)
            elif which == 5 and data[at] == _OPEN:
                begin = at
                before, had = m, count
                at, m, elements, count = scan_transaction(
                    data, at + 1, function, key, value, start, m, elements, count, out
                )
                fields[5, row] = 0
                if at == FAILED:
                    # What the nemesis says may look like this; what a client does may not.
                    m, count = before, had
                    fields[5, row] = FAILED
                    at = skip_value(data, begin)
            else:
                at = skip_value(data, at)
        if at == FAILED or at >= len(data) or fields[2, row] == FAILED:
            break
        client = fields[3, row] != NULL
        if client and (fields[3, row] < 0 or fields[5, row] == FAILED):
            break
        at = skip_space(data, at + 1)
        row += 1
        offsets[row] = m
        stopped = at
    start[m] = count
    return (
        stopped,
        fields[0, :row].copy(),
        fields[1, :row].copy(),
        fields[2, :row].astype(np.int8),
        fields[3, :row].copy(),
        place[:row],
        names[:row],
        offsets[: row + 1],
        function[:m],
        key[:m],
        value[:m],
        start[: m + 1],
        elements[:count],
    )


@jit
def fits(number: int) -> bool:
    """Whether an integer is one of 32 bits that stands for nothing else."""
    return LISTED < number < 2**31


@jit
def type_code(data: Array, at: int, end: int) -> int:
    """The code of an event's type, or `FAILED`."""
    length = end - at
    if length == 6 and data[at] == 105 and data[at + 2] == 118:
        return 0  # invoke
    if length == 2 and data[at] == 111:
        return 1  # ok
    if length == 4 and data[at] == 102:
        return 2  # fail
    if length == 4 and data[at] == 105:
        return 3  # info
    return FAILED


@jit
def function_code(data: Array, at: int, end: int) -> int:
    """The code of a micro-operation's function, or `FAILED`."""
    length = end - at
    if length == 6 and data[at] == 97 and data[at + 5] == 100:
        return APPEND
    if length == 1 and data[at] == 119:
        return WRITE
    if length == 1 and data[at] == 114:
        return READ
    return FAILED
