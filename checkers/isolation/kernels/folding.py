"""Kernels that keep, of the pieces in which a history was scanned, what its transactions need.

*Lists.* Nearly every list that is read begins as the list read before it, so all that is kept of it
is how much it has of the longest one. An *arena* holds lists one after another, in *segments*, each
of one key; a read is a place in the arena and a length. The longest list of a key has room to grow.
A list that is no beginning of that one, nor goes on from it, gets a segment of its own.

*Invocations.* What a transaction says when it is invoked is said again when it completes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.words import LISTED
from splitbrain.checkers.kernels import borrowing, jit

Array = npt.NDArray[Any]

INVOKE, OK = 0, 1

# Columns of what is known of a key: its name, where its longest list begins, how long that is, and
# how much room it has.
NAME, BEGIN, LENGTH, ROOM = range(4)

# Columns of segments: where one begins, how much it has, and its key's number.
USED, KEY = 1, 2

# Cells of the state: how many keys, segments and places of the arena are in use.
KEYS, SEGMENTS, PLACES = range(3)

_LEAST_ROOM = 8


@jit
def needed(kind: Array, process: Array, last: Array) -> Array:
    """Which events of a piece say what no later one says again.

    Args:
        kind: invocation, ok, fail or info, of each event.
        process: its number; less than 0 for those that are no clients.
        last: -1 for each number that a process may have.
    """
    found = np.zeros(len(kind), np.bool_)
    for row in range(len(kind)):
        p = process[row]
        if p < 0:
            continue
        if kind[row] == INVOKE:
            found[row] = True
            last[p] = row
            continue
        found[row] = kind[row] == OK
        if last[p] >= 0 and found[row]:
            found[last[p]] = False
        last[p] = -1
    return found


@borrowing
def number_of(name: int, table: Array, keys: Array, state: Array) -> int:
    """The number of a key, a new one if it is new; ``table`` is larger than there can be keys."""
    mask = len(table) - 1
    slot = (name * 0x9E3779B1) & mask
    while table[slot] >= 0:
        if keys[table[slot], NAME] == name:
            return int(table[slot])
        slot = (slot + 1) & mask
    number = state[KEYS]
    table[slot] = number
    keys[number, NAME] = name
    keys[number, BEGIN] = keys[number, LENGTH] = keys[number, ROOM] = 0
    state[KEYS] = number + 1
    return int(number)


@borrowing
def enter_keys(table: Array, keys: Array, state: Array) -> None:
    """Put the keys that are known into a new table, all of it -1."""
    count = state[KEYS]
    state[KEYS] = 0
    for number in range(count):
        begin, length, room = keys[number, BEGIN], keys[number, LENGTH], keys[number, ROOM]
        number_of(keys[number, NAME], table, keys, state)
        keys[number, BEGIN], keys[number, LENGTH], keys[number, ROOM] = begin, length, room


@borrowing
def new_segment(
    k: int, begin: int, end: int, room: int, elements: Array, arena: Array, segments: Array,
    state: Array,
) -> int:  # fmt: skip
    """A list as a segment of its own; where it begins."""
    at, number = state[PLACES], state[SEGMENTS]
    for j in range(end - begin):
        arena[at + j] = elements[begin + j]
    segments[number, 0], segments[number, USED], segments[number, KEY] = at, end - begin, k
    state[PLACES] = at + room
    state[SEGMENTS] = number + 1
    return int(at)


@borrowing
def place_of(
    k: int, begin: int, end: int, elements: Array, keys: Array, arena: Array, segments: Array,
    own: Array, state: Array,
) -> int:  # fmt: skip
    """Where in the arena a list stands, which is put there as far as it does not yet."""
    at, length, count = keys[k, BEGIN], keys[k, LENGTH], end - begin
    common = min(count, length)
    for j in range(common):
        if elements[begin + j] != arena[at + j]:
            return new_segment(k, begin, end, count, elements, arena, segments, state)
    if count <= length:
        return int(at)
    if count > keys[k, ROOM]:
        room = max(count + count // 2, _LEAST_ROOM)
        own[k] = state[SEGMENTS]
        at = new_segment(k, begin, end, room, elements, arena, segments, state)
        keys[k, BEGIN], keys[k, ROOM] = at, room
    else:
        for j in range(length, count):
            arena[at + j] = elements[begin + j]
        segments[own[k], USED] = count
    keys[k, LENGTH] = count
    return int(at)


@borrowing
def fold(
    wanted: Array,
    row: int,
    done: int,
    offsets: Array,
    key: Array,
    value: Array,
    start: Array,
    elements: Array,
    table: Array,
    keys: Array,
    arena: Array,
    segments: Array,
    own: Array,
    state: Array,
    function: Array,
    new_function: Array,
    new_key: Array,
    new_value: Array,
    new_start: Array,
    new_length: Array,
) -> tuple[int, int]:
    """Keep the micro-operations of some events of a piece.

    Args:
        wanted: which events.
        row: with which one to begin.
        done: how many micro-operations were kept before.
        offsets, key, value, start, elements, function: see `scanning.scan`.
        table: keys by name; -1 where there is none.
        keys: what is known of each key.
        arena: see above.
        segments: of the arena.
        own: by key, the segment of its longest list.
        state: see above.
        new_function, new_key, new_value, new_start, new_length: filled; ``new_key`` has keys'
            numbers, and the last two are of lists in the arena.

    Returns:
        The event with which to go on, when there is more room, and how many micro-operations were
        kept.
    """
    while row < len(wanted):
        first, end = offsets[row], offsets[row + 1]
        if not wanted[row]:
            row += 1
            continue
        # What its lists and keys could need, so that an event is kept whole or not at all.
        places = 0
        for m in range(first, end):
            places += max(2 * (start[m + 1] - start[m]), _LEAST_ROOM)
        count = end - first
        full = state[PLACES] + places > len(arena) or state[SEGMENTS] + count > len(segments)
        if full or state[KEYS] + count > len(keys):
            break
        for m in range(first, end):
            k = number_of(key[m], table, keys, state)
            new_function[done], new_key[done], new_value[done] = function[m], k, value[m]
            new_start[done], new_length[done] = 0, 0
            if value[m] == LISTED and start[m + 1] > start[m]:
                new_start[done] = place_of(
                    k, start[m], start[m + 1], elements, keys, arena, segments, own, state
                )
                new_length[done] = start[m + 1] - start[m]
            done += 1
        row += 1
    return row, done
