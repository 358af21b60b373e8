"""Kernels that turn a history of registers into what `_search_kernels` searches.

The reductions are those of `checkers.linearizability.problem`; the arguments are there.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from checkers.kernels import borrowing, jit
from checkers.linearizability.search_layout import (
    ANY,
    BIT,
    COMPLETED_AT,
    EARLIER,
    EVENTS,
    FAR_FUTURE,
    INITIAL,
    INVOKED_AT,
    LEAVE,
    NEED,
    OPERATIONS,
    OPTIONAL,
    OPTIONALS,
    SLOTS,
)

Array = npt.NDArray[Any]


@borrowing
def numbered(codes: Array, numbers: Array, table: Array, distinct: Array) -> int:
    """Number equal codes alike, in order of first appearance.

    Args:
        codes: what to number.
        numbers: the number of each, filled.
        table: zeros, a power of two of them, more than twice as many as there are codes.
        distinct: the codes by number, filled.

    Returns:
        How many numbers there are.
    """
    count, mask = 0, len(table) - 1
    for i in range(len(codes)):
        code = codes[i]
        low = code & 0x7FFFFFFF
        row = (low * 0x2C1B3C6D) ^ ((code >> 31) & 0x7FFFFFFF)
        row = (row ^ (row >> 29)) & mask
        while table[row] != 0 and distinct[table[row] - 1] != code:
            row = (row + 1) & mask
        if table[row] == 0:
            distinct[count] = code
            count += 1
            table[row] = count
        numbers[i] = table[row] - 1
    return count


@jit
def by_key(key: Array, start: Array, order: Array) -> None:
    """Sort by key, keeping the order within each; ``start`` has zeros for the keys and one more."""
    for i in range(len(key)):
        start[key[i] + 1] += 1
    for k in range(1, len(start)):
        start[k] += start[k - 1]
    at = start.copy()
    for i in range(len(key)):
        order[at[key[i]]] = i
        at[key[i]] += 1


@borrowing
def drop_unobservable(
    start: Array,
    need: Array,
    leave: Array,
    optional: Array,
    invoked: Array,
    completed: Array,
    last_need: Array,
    kept: Array,
) -> None:
    """Strike optional operations whose value no remaining one of their key can need after them.

    ``last_need`` has -1 for each value; ``kept`` 1 for each operation.
    """
    for key in range(len(start) - 1):
        changed = True
        while changed:
            changed = False
            for i in range(start[key], start[key + 1]):
                if kept[i] and need[i] != ANY:
                    ends = FAR_FUTURE if optional[i] else completed[i]
                    last_need[need[i]] = max(last_need[need[i]], ends)
            for i in range(start[key], start[key + 1]):
                if kept[i] and optional[i] and last_need[leave[i]] <= invoked[i]:
                    kept[i] = 0
                    changed = True
            for i in range(start[key], start[key + 1]):
                if need[i] != ANY:
                    last_need[need[i]] = -1


@borrowing
def merge_unseen(keys: Array, ops: Array, initial: Array, seen: Array) -> None:
    """Replace values that no operation of a key needs by one, ``len(seen)``; see `UNSEEN`.

    ``initial`` has the initial value of each key, ``seen`` -1 for each value; the keys' initial
    values are filled.
    """
    unseen = len(seen)
    for key in range(len(keys) - 1):
        start, end = keys[key, OPERATIONS], keys[key + 1, OPERATIONS]
        for i in range(start, end):
            if ops[i, NEED] != ANY:
                seen[ops[i, NEED]] = key
        for i in range(start, end):
            if seen[ops[i, LEAVE]] != key:
                ops[i, LEAVE] = unseen
        keys[key, INITIAL] = initial[key] if seen[initial[key]] == key else unseen


@jit
def lay_out(
    keys: Array, ops: Array, key_of: Array, invoked: Array, completed: Array, at: Array, out: Array
) -> None:
    """Events of each key in order: i for an invocation, ~i for a completion.

    ``at`` has a zero for each event of the history; where keys' events begin is filled.
    """
    for i in range(len(key_of)):
        at[invoked[i]] = i + 1
        keys[key_of[i] + 1, EVENTS] += 1
        if ops[i, OPTIONAL] == 0:
            at[completed[i]] = -i - 1
            keys[key_of[i] + 1, EVENTS] += 1
    for key in range(1, len(keys)):
        keys[key, EVENTS] += keys[key - 1, EVENTS]
    cursor = keys[:, EVENTS].copy()
    for what in at:
        if what != 0:
            i = what - 1 if what > 0 else -what - 1
            key = key_of[i]
            out[cursor[key]] = i if what > 0 else ~i
            cursor[key] += 1


@borrowing
def give_slots(
    keys: Array, ops: Array, events: Array, optionals: Array, room: Array, latest: Array
) -> None:
    """Slots, bits and positions of operations, and where keys' optional operations begin.

    ``latest`` has -1 for each value, unseen ones included: the last optional operation of the key
    that leaves it. ``room`` has two rows as long as there are operations.
    """
    free, chain = room[0], room[1]
    count = 0
    for key in range(len(keys) - 1):
        first, number, width = count, 0, 0
        for position in range(keys[key, EVENTS], keys[key + 1, EVENTS]):
            event = events[position]
            if event < 0:
                ops[~event, COMPLETED_AT] = position
                free[number] = ops[~event, BIT]
                number += 1
                continue
            ops[event, INVOKED_AT] = position
            ops[event, EARLIER] = -1
            if ops[event, OPTIONAL] != 0:
                ops[event, BIT] = count - first
                ops[event, COMPLETED_AT] = FAR_FUTURE
                optionals[count] = event
                count += 1
                before = chain[event] = latest[ops[event, LEAVE]]
                latest[ops[event, LEAVE]] = event
                while before >= 0 and ops[before, NEED] != ops[event, NEED]:
                    before = chain[before]
                if before >= 0:
                    ops[event, EARLIER] = ops[before, BIT]
            elif number > 0:
                number -= 1
                ops[event, BIT] = free[number]
            else:
                ops[event, BIT] = width
                width += 1
        keys[key, SLOTS] = width
        keys[key + 1, OPTIONALS] = count
        for j in range(first, count):
            latest[ops[optionals[j], LEAVE]] = -1
