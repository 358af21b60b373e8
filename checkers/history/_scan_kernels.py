"""A scanner for the plain lines of which nearly all histories consist, in JSON or EDN.

It understands what recorders write: an object a line with the fields index, time, type, process, f
and value, in any order, the value as `splitbrain.checkers.history.packing` has it. A line with
anything else (other fields, escapes, floats, larger values) is left to the general parser; so is
everything that might be wrong. It accepts nothing that the general parser would refuse, or read in
another way.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from splitbrain.checkers.kernels import borrowing, inlined

Array = npt.NDArray[Any]

# Columns of a line.
INDEX, TIME, TYPE, PROCESS, F, SHAPE, A, B, C = range(9)
COLUMNS = 9

ATOM, PAIR, NESTED = 0, 1, 2
NULL, FALSE, TRUE, WORDS = 1 << 60, (1 << 60) + 1, (1 << 60) + 2, (1 << 60) + 3

_INDEX, _TIME, _TYPE, _PROCESS, _F, _VALUE = 1, 2, 4, 8, 16, 32
_NEEDED = _INDEX | _TIME | _TYPE | _PROCESS | _F | _VALUE

# Words as numbers, first byte lowest: index time type process f value; invoke ok fail info.
_FIELDS = (517097156201, 1701669236, 1701869940, 32496501618864752, 102, 435761734006)
_TYPES = (111512105938537, 27503, 1818845542, 1868983913)
_NIL, _NULL, _TRUE, _FALSE = 7104878, 1819047278, 1702195828, 435728179558

SPACE, TAB, RETURN, NEWLINE, COMMA, COLON, QUOTE, MINUS = 32, 9, 13, 10, 44, 58, 34, 45
BACKSLASH, POINT, LOW_LINE, HASH = 92, 46, 95, 35
OPEN_MAP, CLOSE_MAP, OPEN_LIST, CLOSE_LIST = 123, 125, 91, 93
ZERO, NINE = 48, 57

# Cells of the scanner's state: position, whether the line is not plain, the last atom's code, the
# first and the end of the last word, how many words there are.
AT, BAD, CODE, FROM, TO, COUNT = range(6)


@borrowing
def scan(
    data: Array,
    begin: int,
    edn: bool,
    out: Array,
    starts: Array,
    s: Array,
    table: Array,
    words: Array,
) -> int:
    """Scan all lines.

    Args:
        data: the text, as bytes; before it stand the words that are known.
        begin: where the text begins.
        edn: whether it is EDN, else JSON.
        out: a row for each line, filled.
        starts: where each line begins, filled, one more than there are lines.
        s: the scanner's state; zeros, but for how many words there are.
        table: words by hash; at least twice as long as there can be words.
        words: where each word begins and ends, filled; room for all.

    Returns:
        How many lines there are, empty ones not counted. ``out[i, TYPE]`` is -1 for a line that
        isn't plain.
    """
    count, position, size = 0, begin, len(data)
    while position < size:
        end = position
        while end < size and data[end] != NEWLINE:
            end += 1
        s[AT], s[BAD] = position, 0
        _blank(data, s, end, edn)
        if s[AT] < end:
            starts[count] = position
            _line(data, edn, out[count], s, table, words, end)
            if s[BAD] != 0:
                out[count, TYPE] = -1
            count += 1
        position = end + 1
    starts[count] = size
    return count


@borrowing
def enter_words(data: Array, s: Array, table: Array, words: Array, count: int) -> None:
    """Put the words that are known, different ones, into a new table.

    Args:
        data: begins with them.
        s: the scanner's state, zeros; it counts them.
        table: zeros, a power of two of them.
        words: where each begins and ends.
        count: how many there are.
    """
    for word in range(count):
        s[FROM], s[TO] = words[word, 0], words[word, 1]
        _number_of(data, s, table, words)


@inlined
def _blank(data: Array, s: Array, end: int, edn: bool) -> None:
    """Skip blanks; in EDN commas are blank."""
    at = s[AT]
    while at < end:
        c = data[at]
        if not (c in (SPACE, TAB, RETURN) or (edn and c == COMMA)):
            break
        at += 1
    s[AT] = at


@borrowing
def _line(
    data: Array, edn: bool, row: Array, s: Array, table: Array, words: Array, end: int
) -> None:
    """One line: an object and nothing else."""
    if edn and data[s[AT]] == HASH:  # a record's tag, #jepsen.history.Op
        s[AT] += 1
        while s[AT] < end and (_letter(data[s[AT]]) or data[s[AT]] == POINT):
            s[AT] += 1
    if s[AT] >= end or data[s[AT]] != OPEN_MAP:
        s[BAD] = 1
        return
    s[AT] += 1
    # A value may have one atom only.
    row[INDEX] = row[TIME] = row[A] = row[B] = row[C] = 0
    seen = 0
    while s[BAD] == 0:
        _blank(data, s, end, edn)
        if s[AT] < end and data[s[AT]] == CLOSE_MAP:
            s[AT] += 1
            break
        # In EDN commas are blanks.
        if seen != 0 and not edn:
            _expect(data, s, end, COMMA)
            _blank(data, s, end, edn)
        field = _field(data, edn, s, end)
        # A field twice may mean two things.
        if seen & field != 0:
            s[BAD] = 1
        seen |= field
        _blank(data, s, end, edn)
        if s[BAD] == 0:
            _content(data, edn, row, s, table, words, end, field)
    _blank(data, s, end, edn)
    # A field that is missing, or something after the object.
    if seen != _NEEDED or s[AT] != end:
        s[BAD] = 1


@inlined
def _letter(c: int) -> bool:
    return (c >= 97 and c <= 122) or (c >= 65 and c <= 90)


@inlined
def _expect(data: Array, s: Array, end: int, c: int) -> None:
    if s[AT] < end and data[s[AT]] == c:
        s[AT] += 1
    else:
        s[BAD] = 1


@inlined
def _word(data: Array, s: Array, end: int, edn: bool) -> None:
    """A quoted word without escapes, or in EDN a keyword; plain ASCII."""
    if s[AT] >= end:
        s[BAD] = 1
        return
    if edn and data[s[AT]] == COLON:
        s[AT] += 1
        s[FROM] = at = s[AT]
        while at < end:
            c = data[at]
            digit = c >= ZERO and c <= NINE
            if not (_letter(c) or digit or c in (MINUS, POINT, LOW_LINE)):
                break
            at += 1
        if at < end and data[at] not in (
            SPACE,
            TAB,
            RETURN,
            COMMA,
            CLOSE_MAP,
            CLOSE_LIST,
            OPEN_LIST,
            QUOTE,
        ):
            s[BAD] = 1  # the keyword goes on
        s[TO] = s[AT] = at
        if s[TO] == s[FROM]:
            s[BAD] = 1
        return
    _expect(data, s, end, QUOTE)
    s[FROM] = at = s[AT]
    while at < end and data[at] != QUOTE:
        # Words are equal exactly if their bytes are: without escapes, and plain ASCII.
        if data[at] == BACKSLASH or data[at] < SPACE or data[at] > 126:
            s[BAD] = 1
        at += 1
    s[TO], s[AT] = at, at + 1
    if at >= end:
        s[BAD] = 1


@inlined
def _spelled(data: Array, s: Array) -> int:
    """The last word's bytes as one number, if there are at most seven of them, else -1."""
    # Eight bytes would not fit a signed number.
    if s[TO] - s[FROM] > 7:
        return -1
    value = 0
    for i in range(s[TO] - 1, s[FROM] - 1, -1):
        value = value * 256 + data[i]
    return value


@inlined
def _field(data: Array, edn: bool, s: Array, end: int) -> int:
    """The name of a field and what parts it from its content."""
    _word(data, s, end, edn)
    if edn:
        # What follows a keyword has to be parted from it.
        if s[BAD] != 0 or data[s[FROM] - 1] != COLON:
            s[BAD] = 1
    else:
        _blank(data, s, end, edn)
        _expect(data, s, end, COLON)
    if s[BAD] != 0:
        return 0
    word = _spelled(data, s)
    for i in range(len(_FIELDS)):
        if word == _FIELDS[i]:
            return 1 << i
    s[BAD] = 1
    return 0


@borrowing
def _content(
    data: Array,
    edn: bool,
    row: Array,
    s: Array,
    table: Array,
    words: Array,
    end: int,
    field: int,
) -> None:
    """The content of a field."""
    if field == _VALUE:
        _value(data, edn, row, s, table, words, end)
    elif field == _TYPE:
        _word(data, s, end, edn)
        row[TYPE] = -1
        word = _spelled(data, s)
        for i in range(len(_TYPES)):
            if word == _TYPES[i]:
                row[TYPE] = i
        if row[TYPE] < 0:
            s[BAD] = 1
    elif field == _F:
        _word(data, s, end, edn)
        if s[TO] == s[FROM]:
            s[BAD] = 1
        if s[BAD] == 0:
            row[F] = _number_of(data, s, table, words)
    else:
        _integer(data, s, end)
        if field == _INDEX:
            row[INDEX] = s[CODE]
        elif field == _TIME:
            row[TIME] = s[CODE]
        else:
            row[PROCESS] = s[CODE]
            if s[CODE] < 0:
                s[BAD] = 1


@inlined
def _integer(data: Array, s: Array, end: int) -> None:
    """An integer of at most 17 digits, followed by what may follow one."""
    at, sign, value = s[AT], 1, 0
    if at < end and data[at] == MINUS:
        sign = -1
        at += 1
    first = at
    # One digit more than is taken: that is too many, and does not overflow yet.
    while at < end and data[at] >= ZERO and data[at] <= NINE and at - first < 18:
        value = value * 10 + (data[at] - ZERO)
        at += 1
    digits = at - first
    # 17 digits stay below the code of null. JSON has no leading zeros, and -0 may be a float.
    if digits == 0 or digits > 17 or (data[first] == ZERO and (digits > 1 or sign < 0)):
        s[BAD] = 1
    # A point, an exponent, a letter: a number of another kind, or none.
    if at < end:
        c = data[at]
        blank = c in (SPACE, TAB, RETURN)
        if not (blank or c in (COMMA, CLOSE_MAP, CLOSE_LIST)):
            s[BAD] = 1
    s[AT], s[CODE] = at, sign * value


@borrowing
def _number_of(data: Array, s: Array, table: Array, words: Array) -> int:
    """The number of the last word, a new one if it is new."""
    code, mask = 7, len(table) - 1
    for i in range(s[FROM], s[TO]):
        # 40 bits, so that the product stays within 63.
        code = (code * 131 + data[i]) & 0xFFFFFFFFFF
    row = (code ^ (code >> 17)) & mask
    while table[row] != 0:
        number = table[row] - 1
        start, length = words[number, 0], words[number, 1] - words[number, 0]
        same = length == s[TO] - s[FROM]
        i = 0
        while same and i < length:
            same = data[start + i] == data[s[FROM] + i]
            i += 1
        if same:
            return int(number)
        row = (row + 1) & mask
    if s[COUNT] < len(words):
        # The word itself is never copied: it is where it was first met.
        words[s[COUNT], 0], words[s[COUNT], 1] = s[FROM], s[TO]
        s[COUNT] += 1
        table[row] = s[COUNT]
    return int(s[COUNT] - 1)


@borrowing
def _atom(data: Array, edn: bool, s: Array, table: Array, words: Array, end: int) -> None:
    """A null, boolean, integer or word; its code is left in the state."""
    c = data[s[AT]] if s[AT] < end else 0
    if c == QUOTE or (edn and c == COLON):
        _word(data, s, end, edn)
        if c == COLON:
            s[FROM] -= 1  # :a is not "a"
        if s[BAD] == 0:
            s[CODE] = WORDS + _number_of(data, s, table, words)
    elif c == MINUS or (c >= ZERO and c <= NINE):
        _integer(data, s, end)
    else:
        at = s[AT]
        s[FROM] = at
        while at < end and data[at] >= 97 and data[at] <= 122:
            at += 1
        s[TO] = s[AT] = at
        word = _spelled(data, s)
        if word == (_NIL if edn else _NULL):
            s[CODE] = NULL
        elif word == _TRUE:
            s[CODE] = TRUE
        elif word == _FALSE:
            s[CODE] = FALSE
        else:
            s[BAD] = 1
        if at < end and not (
            data[at] == SPACE
            or data[at] == COMMA
            or data[at] == CLOSE_MAP
            or data[at] == CLOSE_LIST
        ):
            s[BAD] = 1


@borrowing
def _value(
    data: Array, edn: bool, row: Array, s: Array, table: Array, words: Array, end: int
) -> None:
    """A value of one of the plain shapes."""
    if s[AT] >= end or data[s[AT]] != OPEN_LIST:
        _atom(data, edn, s, table, words, end)
        row[SHAPE], row[A] = ATOM, s[CODE]
        return
    s[AT] += 1
    _blank(data, s, end, edn)
    _atom(data, edn, s, table, words, end)
    row[SHAPE], row[A] = PAIR, s[CODE]
    _separator(data, edn, s, end)
    if s[AT] < end and data[s[AT]] == OPEN_LIST:
        s[AT] += 1
        row[SHAPE] = NESTED
        _blank(data, s, end, edn)
        _atom(data, edn, s, table, words, end)
        row[B] = s[CODE]
        _separator(data, edn, s, end)
        _atom(data, edn, s, table, words, end)
        row[C] = s[CODE]
        _blank(data, s, end, edn)
        _expect(data, s, end, CLOSE_LIST)
    else:
        _atom(data, edn, s, table, words, end)
        row[B] = s[CODE]
    _blank(data, s, end, edn)
    _expect(data, s, end, CLOSE_LIST)


@inlined
def _separator(data: Array, edn: bool, s: Array, end: int) -> None:
    """What parts two elements of a list."""
    before = s[AT]
    _blank(data, s, end, edn)
    if not edn:
        _expect(data, s, end, COMMA)
        _blank(data, s, end, edn)
    elif s[AT] == before:
        s[BAD] = 1
