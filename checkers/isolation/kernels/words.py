"""Kernels that read single words and numbers out of the bytes of a history.

What `scanning` is made of. Each takes a place in the bytes and gives the place behind what it has
read, or `FAILED`, so that a caller needs to look at one number only. None of them makes an object:
a file has tens of millions of words, and that is what takes a general reader its time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.kernels import borrowing, inlined

Array = npt.NDArray[Any]

NULL = -(2**31)
LISTED = NULL + 1
FAILED = -1

# Cells of what a kernel tells beside the place it has come to: the last number; how many
# micro-operations and elements there are by now; whether there was no room for another element.
NUMBER, OPERATIONS, ELEMENTS, FULL = range(4)
APPEND, WRITE, READ = 0, 1, 2

_QUOTE, _BACKSLASH, _COLON, _COMMA, MINUS = 34, 92, 58, 44, 45
OPEN, CLOSE, OPEN_MAP, CLOSE_MAP, _OPEN_LIST, _CLOSE_LIST = 91, 93, 123, 125, 40, 41
ZERO, NINE, _SPACE, _NEWLINE = 48, 57, 32, 10


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
_INDEX, TIME, TYPE, PROCESS, _F, VALUE = range(6)
_TYPES = (_bytes(b"invoke"), _bytes(b"ok"), _bytes(b"fail"), _bytes(b"info"))
_FUNCTIONS = (_bytes(b"append"), _bytes(b"w"), _bytes(b"r"))


@inlined
def skip_space(data: Array, at: int, edn: bool) -> int:
    """The next byte that is no white space or comma, nor, in JSON, a colon."""
    end = len(data)
    while at < end:
        byte = data[at]
        if byte > _SPACE and byte != _COMMA and (edn or byte != _COLON):
            break
        at += 1
    return at


@inlined
def word_begin(data: Array, at: int, edn: bool) -> int:
    """Behind the quote or the colon with which a name begins, or `FAILED`."""
    if at < len(data) and (data[at] == _QUOTE or (edn and data[at] == _COLON)):
        return at + 1
    return FAILED


@inlined
def word_end(data: Array, at: int) -> int:
    """Where the name that begins at a place ends, or `FAILED`. The place is behind any quote."""
    end = len(data)
    if data[at - 1] == _QUOTE:
        while at < end and data[at] != _QUOTE:
            # Names with escapes are none of ours; undoing them would need an object.
            if data[at] == _BACKSLASH:
                return FAILED
            at += 1
        return at if at < end else FAILED
    while at < end:
        byte = data[at]
        if not (97 <= byte <= 122 or byte == MINUS or 65 <= byte <= 90):
            break
        at += 1
    if at < end and data[at] > _SPACE and data[at] not in (_COMMA, CLOSE, CLOSE_MAP, OPEN):
        return FAILED
    return at


@inlined
def behind(data: Array, begin: int, end: int) -> int:
    """The place behind a name, and its quote if it has one."""
    return end + 1 if data[begin - 1] == _QUOTE else end


@inlined
def same(data: Array, begin: int, end: int, word: Array) -> bool:
    """Whether some bytes are a word."""
    if end - begin != len(word):
        return False
    # Counting instead of leaving early lets the compiler compare without branches.
    different = 0
    for i in range(len(word)):
        different += data[begin + i] != word[i]
    return different == 0


@inlined
def type_code(data: Array, at: int, end: int) -> int:
    """The code of an event's type, or `FAILED`."""
    for code in range(4):
        if same(data, at, end, _TYPES[code]):
            return code
    return FAILED


@inlined
def function_code(data: Array, at: int, end: int) -> int:
    """The code of a micro-operation's function, or `FAILED`."""
    for code in range(3):
        if same(data, at, end, _FUNCTIONS[code]):
            return code
    return FAILED


@inlined
def field_code(data: Array, at: int, end: int) -> int:
    """The position of a field's name in ``index time type process f value``, or 6."""
    for code in range(6):
        if same(data, at, end, _NAMES[code]):
            return code
    return 6


@inlined
def fits(number: int) -> bool:
    """Whether an integer is one of 32 bits that stands for nothing else."""
    return LISTED < number < 2**31


@inlined
def integer(data: Array, at: int, out: Array) -> int:
    """Read an integer, or null or nil, into ``out[NUMBER]``; the place behind it, or `FAILED`."""
    end = len(data)
    # null of JSON and nil of EDN: nothing else here begins with an n.
    if at < end and data[at] == 110:
        stop = at
        while stop < end and 97 <= data[stop] <= 122:
            stop += 1
        long = stop - at == 4 and data[at + 1] == 117 and data[at + 2] == 108
        short = stop - at == 3 and data[at + 1] == 105
        out[NUMBER] = NULL
        return stop if long or short else FAILED
    negative = at < end and data[at] == MINUS
    if negative:
        at += 1
    value = 0
    begin = at
    while at < end and ZERO <= data[at] <= NINE:
        value = value * 10 + (data[at] - ZERO)
        at += 1
    # 18 digits always fit in 64 bits, and a leading zero is octal to some readers and an error to
    # others: the general readers know.
    if at == begin or at - begin > 18 or (data[begin] == ZERO and at - begin > 1):
        return FAILED
    # What goes on after the digits is a float, a ratio or a tagged number.
    if at < end:
        byte = data[at]
        if byte > _SPACE and byte != _COMMA and byte != CLOSE and byte != CLOSE_MAP:
            return FAILED
    out[NUMBER] = -value if negative else value
    return at


@borrowing
def skip_value(data: Array, at: int) -> int:
    """The place behind a value of any kind, or `FAILED` if there is none."""
    end = len(data)
    depth = 0
    begin = at
    while at < end:
        byte = data[at]
        if byte == _QUOTE:
            # Brackets inside a string close nothing, and an escaped quote does not end it.
            at += 1
            while at < end and data[at] != _QUOTE:
                at += 2 if data[at] == _BACKSLASH else 1
            at += 1
            if depth == 0:
                return at
            continue
        if byte in (OPEN, OPEN_MAP, _OPEN_LIST):
            depth += 1
        elif byte in (CLOSE, CLOSE_MAP, _CLOSE_LIST):
            # At no depth it is the bracket of whoever holds the value.
            if depth == 0:
                break
            depth -= 1
            if depth == 0:
                return at + 1
        elif depth == 0 and (byte <= _SPACE or byte == _COMMA):
            break
        at += 1
    return at if at > begin else FAILED
