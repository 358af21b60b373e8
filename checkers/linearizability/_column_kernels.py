"""Kernels that read a history's columns: which operations there are, on which keys and values.

One pass over the events finds operations and whether values name keys; another over the operations
numbers keys and values. What a value's shape and codes are: `checkers.history.packed`.
"""

from __future__ import annotations

from checkers.history.columns import INFO_CODE, INVOKE_CODE, OK_CODE
from checkers.history.packed import ATOM, NESTED, NULL, OTHER, PAIR, WORDS
from checkers.kernels import borrowing, inlined
from checkers.linearizability.search_layout import ANY, EXTENDS, Array

UNKNOWN_FUNCTION, NOT_OURS = -1, -2
"""Numbers of functions: one that the model doesn't know, and one whose operations are left out."""

KEYED, PLAIN, READABLE = 1, 2, 4
"""What `operations` says of a history: values are all ``[key, value]``, or none is; or it has
values of other shapes, or operations that the model doesn't know."""

_SMALL_TABLE = 1 << 10

READ, WRITE, CAS = range(3)
"""Operations of registers by number."""


@borrowing
def operations(
    kind: Array,
    process: Array,
    function: Array,
    partner: Array,
    shape: Array,
    codes: Array,
    numbers: Array,
    reads: int,
    cas: int,
    f: Array,
    outcome: Array,
    invoked: Array,
    completed: Array,
    counts: Array,
) -> tuple[int, int]:
    """Find what clients did.

    Args:
        kind: by event its type.
        process: by event its process.
        function: by event its function.
        partner: by event the other one of its operation.
        shape: by event the shape of its value.
        codes: by event the codes of its value, in rows.
        numbers: by function the operation's number, or one of the constants above.
        reads: number of the operation whose result matters.
        cas: number of the operation whose value is a pair.
        f: filled: by operation its number.
        outcome: filled: type of its completion, info if there is none.
        invoked: filled: position of its invocation.
        completed: filled: position of its completion; -1 if its outcome is info.
        counts: zeros by operation's number and type of completion, filled.

    Returns:
        How many operations there are, and what values are (the constants above).
    """
    count, keyed, plain = 0, True, True
    for at in range(len(kind)):
        if kind[at] != INVOKE_CODE or process[at] < 0:
            continue
        number = numbers[function[at]]
        if number == NOT_OURS:
            continue
        end, argument = partner[at], shape[at]
        ends = INFO_CODE if end < 0 else kind[end]
        if number == UNKNOWN_FUNCTION or argument == OTHER:
            return 0, 0
        if number == cas:
            keyed, plain = keyed and argument == NESTED, plain and argument == PAIR
        else:
            keyed = keyed and argument == PAIR
            plain = plain and (argument == ATOM or number == reads)
        if ends == OK_CODE:
            result = shape[end]
            if result == OTHER:
                return 0, 0
            if number == reads:
                keyed, plain = keyed and result == PAIR, plain and result == ATOM
            elif result == ATOM and codes[0, end] != NULL:
                keyed = False
        f[count], outcome[count] = number, ends
        invoked[count], completed[count] = at, -1 if ends == INFO_CODE else end
        counts[number, ends] += 1
        count += 1
    return count, READABLE | (KEYED if keyed else 0) | (PLAIN if plain else 0)


@borrowing
def key_numbers(
    shape: Array,
    codes: Array,
    outcome: Array,
    invoked: Array,
    completed: Array,
    key: Array,
    table: Array,
    distinct: Array,
) -> int:
    """Number the keys of operations, in order of first invocation.

    Args:
        shape: see `operations`, as the others.
        codes: likewise.
        outcome: likewise.
        invoked: likewise.
        completed: likewise.
        key: filled: by operation the number of its key.
        table: zeros, a power of two of them from 1,024 on, more than twice as many as operations.
        distinct: filled: codes of keys by number.

    Returns:
        How many keys there are; -1 if a completion names another key than its invocation.
    """
    count, size = 0, _SMALL_TABLE
    for i in range(len(key)):
        code = codes[0, invoked[i]]
        if outcome[i] == OK_CODE:
            end = completed[i]
            if shape[end] != ATOM and codes[0, end] != code:
                return -1
        key[i], count = _numbered(table, size, distinct, count, code)
        if 2 * count >= size:
            size = _with_room(table, size, distinct, count)
    return count


@borrowing
def register_accesses(
    codes: Array,
    f: Array,
    outcome: Array,
    invoked: Array,
    completed: Array,
    first: int,
    initial: int,
    need: Array,
    leave: Array,
    table: Array,
    distinct: Array,
) -> int:
    """Number what operations of registers need and leave; the initial value is number 0.

    Args:
        codes: see `operations`, as f, outcome, invoked and completed.
        f: likewise.
        outcome: likewise.
        invoked: likewise.
        completed: likewise.
        first: the row of codes that has values: 1 if row 0 has keys.
        initial: code of the initial value.
        need: filled: by operation the value that it needs, or ``ANY``.
        leave: filled: the value that it leaves. What a read without a result saw is number 0.
        table: likewise, more than twice as many as there can be values.
        distinct: room for the codes of values.

    Returns:
        How many values there are.
    """
    size = _SMALL_TABLE
    _, count = _numbered(table, size, distinct, 0, initial)
    for i in range(len(f)):
        at, number = invoked[i], 0
        if f[i] == READ:
            if outcome[i] == OK_CODE:
                seen = codes[first, completed[i]]
                number, count = _numbered(table, size, distinct, count, seen)
            need[i] = leave[i] = number
        else:
            number, count = _numbered(table, size, distinct, count, codes[first, at])
            need[i], leave[i] = ANY, number
            if f[i] == CAS:
                new = codes[first + 1, at]
                need[i] = number
                leave[i], count = _numbered(table, size, distinct, count, new)
        if 2 * count >= size:
            size = _with_room(table, size, distinct, count)
    return count


@inlined
def _row(code: int, size: int) -> int:
    """Where to look for a code first."""
    low = int(code) & 0x7FFFFFFF
    row = (low * 0x2C1B3C6D) ^ ((int(code) >> 31) & 0x7FFFFFFF)
    return (row ^ (row >> 29)) & (size - 1)


@inlined
def _numbered(table: Array, size: int, distinct: Array, count: int, code: int) -> tuple[int, int]:
    """The number of a code, a new one if it has none; and how many there are then."""
    mask, row = size - 1, _row(code, size)
    while table[row] != 0 and distinct[table[row] - 1] != code:
        row = (row + 1) & mask
    if table[row] == 0:
        distinct[count] = code
        count += 1
        table[row] = count
    return table[row] - 1, count


@inlined
def _with_room(table: Array, size: int, distinct: Array, count: int) -> int:
    """Use four times as much of the table for its codes; gives how much that is.

    A small table is in the cache of the processor, and mostly there are few codes.
    """
    table[:size] = 0
    size = min(4 * size, len(table))
    for number in range(count):
        row = _row(distinct[number], size)
        while table[row] != 0:
            row = (row + 1) & (size - 1)
        table[row] = number + 1
    return size


GET, PUT, APPEND, STORE_CAS, DELETE = range(5)
"""Operations of key-value stores by number."""

NO_STRING, NO_KEY = -3, -4
"""Stand for strings where there are none: what a get of an absent key gives, and an absent key."""

ANSWERED_NULL, ANSWERED_EMPTY, WROTE_EMPTY = 1, 2, 4
"""What `store_accesses` says: a get gave null, or an empty string; somebody wrote an empty one."""


@borrowing
def store_accesses(
    codes: Array,
    f: Array,
    outcome: Array,
    invoked: Array,
    completed: Array,
    first: int,
    empty: int,
    need: Array,
    leave: Array,
) -> int:
    """What operations of stores need and leave: places of strings in the table of words.

    Args:
        codes: see `operations`, as f, outcome, invoked and completed.
        f: likewise.
        outcome: likewise.
        invoked: likewise.
        completed: likewise.
        first: the row of codes that has values: 1 if row 0 has keys.
        empty: code of the empty string.
        need: filled: by operation the string that it needs, `ANY`, `EXTENDS`, or one of the two
            constants above. What a get without a result saw is `NO_STRING`.
        leave: filled: the string that it leaves, or appends, or one of the two constants.

    Returns:
        The constants above, together; -1 if there are values that a store can't have.
    """
    said = 0
    for i in range(len(f)):
        at, what, found, left = invoked[i], f[i], NULL, NULL
        if what == GET:
            if outcome[i] == OK_CODE:
                found = codes[first, completed[i]]
                said |= ANSWERED_NULL if found == NULL else 0
                said |= ANSWERED_EMPTY if found == empty else 0
            left = found
        elif what == STORE_CAS:
            found, left = codes[first, at], codes[first + 1, at]
        elif what != DELETE:
            left = codes[first, at]
            if left == NULL:
                return -1
        if (found < WORDS and found != NULL) or (left < WORDS and left != NULL):
            return -1
        if left == empty and what != GET:
            said |= WROTE_EMPTY
        null = NO_STRING if what == GET else NO_KEY
        leave[i] = null if left == NULL else left - WORDS
        if what == APPEND:
            need[i] = EXTENDS
        elif what == GET or what == STORE_CAS:  # noqa: SIM109 (numba is slower with a tuple)
            need[i] = null if found == NULL else found - WORDS
        else:
            need[i] = ANY
    return said
