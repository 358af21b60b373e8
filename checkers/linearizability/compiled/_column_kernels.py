"""Kernels that read a history's columns: which operations there are, on which keys and values.

What a value's shape and codes are: `splitbrain.checkers.history.packing`. One walk over the events
finds the operations, and numbers keys and values in order of first appearance.
"""

from __future__ import annotations

from splitbrain.checkers.history.columns import FAIL_CODE, INFO_CODE, INVOKE_CODE, OK_CODE
from splitbrain.checkers.history.packing import ATOM, NESTED, NULL, PAIR, WORDS
from splitbrain.checkers.kernels import borrowing, inlined
from splitbrain.checkers.linearizability.compiled.layout import ANY, EXTENDS, Array

UNKNOWN_FUNCTION, NOT_OURS = -1, -2
"""Numbers of functions: one that the model doesn't know, and one whose operations are left out."""

READ, WRITE, CAS = range(3)
"""Operations of registers by number."""

GET, PUT, APPEND, STORE_CAS, DELETE = range(5)
"""Operations of key-value stores by number."""

NO_STRING, NO_KEY = -3, -4
"""Stand for strings where there are none: what a get of an absent key gives, and an absent key."""

ANSWERED_NULL, ANSWERED_EMPTY, WROTE_EMPTY = 1, 2, 4
"""What `stores` says: a get gave null, or an empty string; somebody wrote an empty one."""

KEY, NEED, LEAVE, INVOKED, COMPLETED = range(5)
"""Rows of what the kernels fill, by operation: number of its key, what it needs and leaves, the
positions of its invocation and of its completion, which is -1 if its outcome is info."""

F, OUTCOME = range(2)
"""Rows of what they fill beside that: number of the operation, type of its completion."""

SMALL_TABLE = 1 << 10
"""How much of a table is used at first: it stays in the cache if there are few codes, as mostly."""


@borrowing
def registers(
    kind: Array,
    process: Array,
    function: Array,
    partner: Array,
    shape: Array,
    codes: Array,
    numbers: Array,
    keyed: bool,
    initial: int,
    out: Array,
    what: Array,
    counts: Array,
    sizes: Array,
    key_table: Array,
    key_codes: Array,
    value_table: Array,
    value_codes: Array,
) -> tuple[int, int, int]:
    """Read a history of registers. The initial value is number 0.

    Args:
        kind: by event its type.
        process: by event its process.
        function: by event its function.
        partner: by event the other one of its operation.
        shape: by event the shape of its value.
        codes: by event the codes of its value, in rows.
        numbers: by function the operation's number, or one of the constants above.
        keyed: whether values are ``[key, value]``.
        initial: code of the initial value.
        out: filled, as above. A read without a result needs and leaves the initial value.
        what: likewise.
        counts: zeros by operation's number and type of completion, filled.
        sizes: zeros by key, filled: the number of operations that are not left out (`matters`).
        key_table: zeros, a power of two of them from `SMALL_TABLE` on, more than twice as many as
            there can be keys.
        key_codes: filled: codes of keys by number.
        value_table: as key_table, for values.
        value_codes: room for the codes of values.

    Returns:
        How many operations, keys and values there are; -1 for operations if some are not the
        model's, or have values of another layout.
    """
    count, key, keys, key_room, value_room, first = 0, 0, 1, SMALL_TABLE, SMALL_TABLE, 0
    if keyed:
        keys, first = 0, 1
    need, values, value_room = _numbered(value_table, value_room, value_codes, 0, initial)
    for at in range(len(kind)):
        number, end, ends = _operation(
            kind, process, function, partner, shape, codes, numbers, keyed, READ, CAS, at
        )
        if number == NOT_OURS:
            continue
        if number == UNKNOWN_FUNCTION:
            return -1, 0, 0
        if keyed:
            key, keys, key_room = _numbered(key_table, key_room, key_codes, keys, codes[0, at])
        if number == READ:
            need = 0
            if ends == OK_CODE:
                need, values, value_room = _numbered(
                    value_table, value_room, value_codes, values, codes[first, end]
                )
            leave = need
        else:
            need, values, value_room = _numbered(
                value_table, value_room, value_codes, values, codes[first, at]
            )
            leave = need
            if number == CAS:
                leave, values, value_room = _numbered(
                    value_table, value_room, value_codes, values, codes[first + 1, at]
                )
            else:
                need = ANY
        _enter(out, what, counts, sizes, count, number, key, need, leave, at, end, ends)
        count += 1
    return count, keys, values


@borrowing
def stores(
    kind: Array,
    process: Array,
    function: Array,
    partner: Array,
    shape: Array,
    codes: Array,
    numbers: Array,
    keyed: bool,
    empty: int,
    out: Array,
    what: Array,
    counts: Array,
    sizes: Array,
    key_table: Array,
    key_codes: Array,
) -> tuple[int, int, int]:
    """Read a history of key-value stores.

    What operations need and leave are strings: places in the table of words, `NO_STRING` or
    `NO_KEY`; what they need can be `ANY` and `EXTENDS` too. What a get without a result saw is
    `NO_STRING`.

    Args:
        kind: as of `registers`, as the others but for empty.
        process: likewise.
        function: likewise.
        partner: likewise.
        shape: likewise.
        codes: likewise.
        numbers: likewise.
        keyed: likewise.
        empty: code of the empty string.
        out: likewise.
        what: likewise.
        counts: likewise.
        sizes: likewise.
        key_table: likewise.
        key_codes: likewise.

    Returns:
        How many operations (or -1, see `registers`; values that a store can't have are of another
        layout) and keys there are, and which of the constants above are so, together.
    """
    count, key, keys, key_room, first, said = 0, 0, 1, SMALL_TABLE, 0, 0
    if keyed:
        keys, first = 0, 1
    for at in range(len(kind)):
        number, end, ends = _operation(
            kind, process, function, partner, shape, codes, numbers, keyed, GET, STORE_CAS, at
        )
        if number == NOT_OURS:
            continue
        if number == UNKNOWN_FUNCTION:
            return -1, 0, 0
        if keyed:
            key, keys, key_room = _numbered(key_table, key_room, key_codes, keys, codes[0, at])
        found, left = NULL, NULL
        if number == GET:
            if ends == OK_CODE:
                found = codes[first, end]
                said |= ANSWERED_NULL if found == NULL else 0
                said |= ANSWERED_EMPTY if found == empty else 0
            left = found
        elif number == STORE_CAS:
            found, left = codes[first, at], codes[first + 1, at]
        elif number != DELETE:
            left = codes[first, at]
            if left == NULL:
                return -1, 0, 0
        if (found < WORDS and found != NULL) or (left < WORDS and left != NULL):
            return -1, 0, 0
        if left == empty and number != GET:
            said |= WROTE_EMPTY
        null = NO_STRING if number == GET else NO_KEY
        leave = null if left == NULL else left - WORDS
        if number == APPEND:
            need = EXTENDS
        elif number == GET or number == STORE_CAS:  # noqa: SIM109 (numba is slower with a tuple)
            need = null if found == NULL else found - WORDS
        else:
            need = ANY
        _enter(out, what, counts, sizes, count, number, key, need, leave, at, end, ends)
        count += 1
    return count, keys, said


@inlined
def matters(outcome: int, need: int, leave: int) -> bool:
    """Whether an operation has to be placed, or may change something."""
    return outcome != FAIL_CODE and not (outcome == INFO_CODE and need == leave)


@inlined
def _operation(
    kind: Array,
    process: Array,
    function: Array,
    partner: Array,
    shape: Array,
    codes: Array,
    numbers: Array,
    keyed: bool,
    read: int,
    cas: int,
    at: int,
) -> tuple[int, int, int]:
    """What a client invokes here, if anything: number, where it completes, and how.

    The number is `NOT_OURS` if there is nothing of the model, and `UNKNOWN_FUNCTION` if the model
    does not know the operation or its values have another layout. `read` and `cas` are the numbers
    of the model's operations that are laid out in ways of their own.
    """
    if kind[at] != INVOKE_CODE or process[at] < 0:
        return NOT_OURS, -1, INFO_CODE
    number, end = int(numbers[function[at]]), int(partner[at])
    if number < 0:
        return number, -1, INFO_CODE
    # What never completed may have happened, like what completed as info.
    ends = INFO_CODE if end < 0 else int(kind[end])
    if not _in_layout(shape, codes, at, end, ends, keyed, number == cas, number == read):
        return UNKNOWN_FUNCTION, end, ends
    return number, end, ends


@inlined
def _enter(
    out: Array,
    what: Array,
    counts: Array,
    sizes: Array,
    row: int,
    number: int,
    key: int,
    need: int,
    leave: int,
    at: int,
    end: int,
    ends: int,
) -> None:
    """Fill the row of an operation, and count it."""
    out[KEY, row], out[NEED, row], out[LEAVE, row] = key, need, leave
    out[INVOKED, row], out[COMPLETED, row] = at, -1 if ends == INFO_CODE else end
    what[F, row], what[OUTCOME, row] = number, ends
    counts[number, ends] += 1
    if matters(ends, need, leave):
        sizes[key] += 1


@inlined
def _in_layout(
    shape: Array,
    codes: Array,
    at: int,
    end: int,
    ends: int,
    keyed: bool,
    is_cas: bool,
    reads: bool,
) -> bool:
    """Whether the values of an operation have the layout, and name the same key."""
    argument = shape[at]
    if keyed:
        if argument != (NESTED if is_cas else PAIR):
            return False
    elif is_cas:
        if argument != PAIR:
            return False
    elif argument != ATOM:
        return False  # a read of a pair may mean that there are keys (`looks_keyed`)
    if ends != OK_CODE:
        return True
    result = shape[end]
    if reads:
        if result != (PAIR if keyed else ATOM):
            return False
        return bool(not keyed or codes[0, end] == codes[0, at])
    # Who completes a write says nothing more (null), or what was written: whatever else is said, or
    # said for the first time, is for `models.keys.completed` to take over or to refuse.
    if result == ATOM and codes[0, end] == NULL:
        return True
    if keyed and result == PAIR and codes[0, end] == codes[0, at] and codes[1, end] == NULL:
        return True
    same = result == argument and codes[0, end] == codes[0, at] and codes[1, end] == codes[1, at]
    return bool(same and codes[2, end] == codes[2, at])


@inlined
def _row(code: int, size: int) -> int:
    """Where to look for a code first."""
    low = int(code) & 0x7FFFFFFF
    row = (low * 0x2C1B3C6D) ^ ((int(code) >> 31) & 0x7FFFFFFF)
    return (row ^ (row >> 29)) & (size - 1)


@inlined
def _numbered(
    table: Array, size: int, distinct: Array, count: int, code: int
) -> tuple[int, int, int]:
    """The number of a code, a new one if it has none.

    Also gives how many there are then, and how much of the table is used.
    """
    mask, row = size - 1, _row(code, size)
    while table[row] != 0 and distinct[table[row] - 1] != code:
        row = (row + 1) & mask
    number = table[row] - 1
    if number < 0:
        number, distinct[count] = count, code
        count += 1
        table[row] = count
        if 2 * count >= size:
            size = _with_room(table, size, distinct, count)
    return number, count, size


@inlined
def _with_room(table: Array, size: int, distinct: Array, count: int) -> int:
    """Use four times as much of the table for its codes; gives how much that is."""
    table[:size] = 0
    size = min(4 * size, len(table))
    for number in range(count):
        row = _row(distinct[number], size)
        while table[row] != 0:
            row = (row + 1) & (size - 1)
        table[row] = number + 1
    return size
