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

from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]

NULL = -(2**31)
LISTED = NULL + 1
FAILED = -1
APPEND, WRITE, READ = 0, 1, 2

_QUOTE, _BACKSLASH, _COLON, _COMMA, _MINUS = 34, 92, 58, 44, 45
_OPEN, _CLOSE, _OPEN_MAP, _CLOSE_MAP, _OPEN_LIST, _CLOSE_LIST = 91, 93, 123, 125, 40, 41
_ZERO, _NINE, _SPACE, _NEWLINE = 48, 57, 32, 10


def _bytes(word: bytes) -> Array:
    return np.frombuffer(word, np.uint8)


_NAMES = (
    _bytes(b"index"),
    _bytes(b"time"),
    _bytes(b"type"),
    _bytes(b"process"),
    _bytes(b"f"),
    _bytes(b"value"),
)
_INDEX, _TIME, _TYPE, _PROCESS, _F, _VALUE = range(6)
_TYPES = (_bytes(b"invoke"), _bytes(b"ok"), _bytes(b"fail"), _bytes(b"info"))
_FUNCTIONS = (_bytes(b"append"), _bytes(b"w"), _bytes(b"r"))


@jit
def skip_space(data: Array, at: int, edn: bool) -> int:
    """The next byte that is no white space or comma, nor, in JSON, a colon."""
    end = len(data)
    while at < end:
        byte = data[at]
        if byte > _SPACE and byte != _COMMA and (edn or byte != _COLON):
            break
        at += 1
    return at


@jit
def word_begin(data: Array, at: int, edn: bool) -> int:
    """Behind the quote or the colon with which a name begins, or `FAILED`."""
    if at < len(data) and (data[at] == _QUOTE or (edn and data[at] == _COLON)):
        return at + 1
    return FAILED


@jit
def word_end(data: Array, at: int) -> int:
    """Where the name that begins at a place ends, or `FAILED`. The place is behind any quote."""
    end = len(data)
    if data[at - 1] == _QUOTE:
        while at < end and data[at] != _QUOTE:
            if data[at] == _BACKSLASH:
                return FAILED
            at += 1
        return at if at < end else FAILED
    while at < end:
        byte = data[at]
        if not (97 <= byte <= 122 or byte == _MINUS or 65 <= byte <= 90):
            break
        at += 1
    if at < end and data[at] > _SPACE and data[at] not in (_COMMA, _CLOSE, _CLOSE_MAP, _OPEN):
        return FAILED
    return at


@jit
def behind(data: Array, begin: int, end: int) -> int:
    """The place behind a name, and its quote if it has one."""
    return end + 1 if data[begin - 1] == _QUOTE else end


@jit
def same(data: Array, begin: int, end: int, word: Array) -> bool:
    """Whether some bytes are a word."""
    if end - begin != len(word):
        return False
    different = 0
    for i in range(len(word)):
        different += data[begin + i] != word[i]
    return different == 0


@jit
def type_code(data: Array, at: int, end: int) -> int:
    """The code of an event's type, or `FAILED`."""
    for code in range(4):
        if same(data, at, end, _TYPES[code]):
            return code
    return FAILED


@jit
def function_code(data: Array, at: int, end: int) -> int:
    """The code of a micro-operation's function, or `FAILED`."""
    for code in range(3):
        if same(data, at, end, _FUNCTIONS[code]):
            return code
    return FAILED


@jit
def field_code(data: Array, at: int, end: int) -> int:
    """The position of a field's name in ``index time type process f value``, or 6."""
    for code in range(6):
        if same(data, at, end, _NAMES[code]):
            return code
    return 6


@jit
def fits(number: int) -> bool:
    """Whether an integer is one of 32 bits that stands for nothing else."""
    return LISTED < number < 2**31


@jit
def grown(array: Array, needed: int) -> Array:
    """An array with room for more."""
    more = np.empty(max(2 * len(array), needed + 1024), array.dtype)
    more[: len(array)] = array
    return more


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
    if at == begin or at - begin > 18 or (data[begin] == _ZERO and at - begin > 1):
        return FAILED
    if at < end:
        byte = data[at]
        if byte > _SPACE and byte != _COMMA and byte != _CLOSE and byte != _CLOSE_MAP:
            return FAILED
    out[0] = -value if negative else value
    return at


@jit
def skip_value(data: Array, at: int) -> int:
    """The place behind a value of any kind, or `FAILED` if there is none."""
    end = len(data)
    depth = 0
    begin = at
    while at < end:
        byte = data[at]
        if byte == _QUOTE:
            at += 1
            while at < end and data[at] != _QUOTE:
                at += 2 if data[at] == _BACKSLASH else 1
            at += 1
            if depth == 0:
                return at
            continue
        if byte in (_OPEN, _OPEN_MAP, _OPEN_LIST):
            depth += 1
        elif byte in (_CLOSE, _CLOSE_MAP, _CLOSE_LIST):
            if depth == 0:
                break
            depth -= 1
            if depth == 0:
                return at + 1
        elif depth == 0 and (byte <= _SPACE or byte == _COMMA):
            break
        at += 1
    return at if at > begin else FAILED


@jit
def scan_list(
    data: Array, at: int, edn: bool, elements: Array, count: int, out: Array
) -> tuple[int, Array, int]:
    """Read integers up to a closing bracket: the place behind it, elements and their number."""
    while True:
        at = skip_space(data, at, edn)
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
        if data[at] == _CLOSE:
            return at + 1, m, elements, count
        if data[at] != _OPEN or m == len(function):
            return FAILED, m, elements, count
        begin = word_begin(data, skip_space(data, at + 1, edn), edn)
        end = FAILED if begin == FAILED else word_end(data, begin)
        function[m] = FAILED if end == FAILED else function_code(data, begin, end)
        if function[m] == FAILED:
            return FAILED, m, elements, count
        at = integer(data, skip_space(data, behind(data, begin, end), edn), out)
        if at == FAILED or not fits(out[0]):
            return FAILED, m, elements, count
        key[m] = out[0]
        start[m] = count
        at = skip_space(data, at, edn)
        if at < len(data) and data[at] == _OPEN:
            value[m] = LISTED
            at, elements, count = scan_list(data, at + 1, edn, elements, count, out)
        else:
            at = integer(data, at, out)
            if at == FAILED or (out[0] != NULL and not fits(out[0])):
                return FAILED, m, elements, count
            value[m] = out[0]
        at = FAILED if at == FAILED else skip_space(data, at, edn)
        if at == FAILED or at >= len(data) or data[at] != _CLOSE:
            return FAILED, m, elements, count
        at += 1
        m += 1


@jit
def scan_small(
    data: Array, at: int, edn: bool, which: int, fields: Array, names: Array, row: int, out: Array
) -> int:
    """Read a field's index, time, type, process or f; the place behind it, or `FAILED`."""
    if which <= _TIME or (which == _PROCESS and (data[at] == _MINUS or _ZERO <= data[at] <= _NINE)):
        at = integer(data, at, out)
        if at != FAILED and which < _TYPE and out[0] < 0:
            return FAILED
        fields[which, row] = out[0]
        return at
    begin = word_begin(data, at, edn)
    end = FAILED if begin == FAILED else word_end(data, begin)
    if end in (FAILED, begin):
        return FAILED
    if which == _TYPE:
        fields[_TYPE, row] = type_code(data, begin, end)
    else:
        fields[which, row] = NULL
        names[row, which - _PROCESS, 0] = begin
        names[row, which - _PROCESS, 1] = end
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
        if at >= len(data) or data[at] == _CLOSE_MAP:
            break
        begin = word_begin(data, at, edn)
        end = FAILED if begin == FAILED else word_end(data, begin)
        at = FAILED if end == FAILED else skip_space(data, behind(data, begin, end), edn)
        if at == FAILED or at >= len(data):
            return FAILED, m, elements, count
        which = field_code(data, begin, end)
        if which < 6 and fields[which, row] != FAILED:
            return FAILED, m, elements, count
        if which < _VALUE:
            at = scan_small(data, at, edn, which, fields, names, row, out)
            continue
        if which == _VALUE and data[at] == _OPEN:
            begin, before, had = at, m, count
            at, m, elements, count = scan_transaction(
                data, at + 1, edn, function, key, value, start, m, elements, count, out
            )
            fields[_VALUE, row] = 1
            if at != FAILED:
                continue
            # What the nemesis says may look like this; what a client does may not.
            at, m, count = begin, before, had
        if which == _VALUE:
            fields[_VALUE, row] = 0
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
    while at < len(data) and data[at] == _OPEN_MAP and row < rows:
        place[row] = at
        at, m, elements, count = scan_event(
            data, at + 1, edn, fields, names, odd, row,
            function, key, value, start, m, elements, count, out,
        )  # fmt: skip
        if at == FAILED or at >= len(data) or fields[_TYPE, row] == FAILED:
            break
        client = fields[_PROCESS, row] != NULL
        if client and (fields[_PROCESS, row] < 0 or fields[_VALUE, row] != 1):
            break
        at = skip_space(data, at + 1, edn)
        row += 1
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
