"""Kernels that give numbers to the elements of a scanned history (see `scanning`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]

# What is no value by itself: null, and a list, whose elements are elsewhere. They are the least
# numbers of 32 bits, so that `> LISTED` asks for both at once.
NULL = -(2**31)
LISTED = NULL + 1


@jit
def chosen_operations(
    offsets: Array, rows: Array, function: Array, key: Array, value: Array, start: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """The micro-operations of some rows: offsets, functions, keys, values, and where they were."""
    count = 0
    for row in rows:
        count += offsets[row + 1] - offsets[row]
    new_offsets = np.zeros(len(rows) + 1, np.int64)
    functions = np.empty(count, np.int8)
    keys = np.empty(count, np.int32)
    values = np.empty(count, np.int32)
    where = np.empty(count, np.int64)
    m = 0
    for i in range(len(rows)):
        row = rows[i]
        for old in range(offsets[row], offsets[row + 1]):
            functions[m] = function[old]
            keys[m] = key[old]
            values[m] = value[old]
            # Lists stay where they are; copied they would be most of the memory.
            where[m] = old
            m += 1
        new_offsets[i + 1] = m
    return new_offsets, functions, keys, values, where


@jit
def ranges(
    key: Array, value: Array, where: Array, start: Array, elements: Array, keys: int
) -> tuple[Array, Array]:
    """The least and the greatest value of each key, written or read."""
    # Beyond all values either way, so that a key of no values has a range of less than none.
    low = np.full(keys, 2**31, np.int64)
    high = np.full(keys, NULL, np.int64)
    for m in range(len(key)):
        k = key[m]
        if value[m] > LISTED:
            low[k] = min(low[k], value[m])
            high[k] = max(high[k], value[m])
        for e in range(start[where[m]], start[where[m] + 1]):
            low[k] = min(low[k], elements[e])
            high[k] = max(high[k], elements[e])
    return low, high


@jit
def numbered_densely(
    key: Array,
    value: Array,
    where: Array,
    start: Array,
    elements: Array,
    low: Array,
    base: Array,
    total: int,
) -> tuple[Array, Array, Array]:
    """Elements as numbers: a key's base and the value's distance from the least.

    Returns:
        The element of each micro-operation, where its list begins, and lists' elements.
    """
    element = np.full(len(key), -1, np.int32)
    starts = np.empty(len(key) + 1, np.int64)
    lists = np.empty(total, np.int32)
    at = 0
    for m in range(len(key)):
        k = key[m]
        if value[m] > LISTED:
            element[m] = base[k] + value[m] - low[k]
        starts[m] = at
        for e in range(start[where[m]], start[where[m] + 1]):
            # No lookup: mostly values of a key are counted up, so the range is little wider than
            # their number. Whoever calls has seen that it is.
            lists[at] = base[k] + elements[e] - low[k]
            at += 1
    starts[len(key)] = at
    return element, starts, lists[:at]


@jit
def numbered_by_hash(
    key: Array, value: Array, where: Array, start: Array, elements: Array, total: int, room: int
) -> tuple[Array, Array, Array, Array, Array]:
    """Elements as numbers in order of appearance, by a hash table of ``room`` (a power of two).

    Returns:
        As `numbered_densely`, then the key and the value of each element.
    """
    table = np.full(room, -1, np.int32)
    keys = np.empty(room, np.int32)
    values = np.empty(room, np.int32)
    element = np.full(len(key), -1, np.int32)
    starts = np.empty(len(key) + 1, np.int64)
    lists = np.empty(total, np.int32)
    at, count = 0, 0
    for m in range(len(key)):
        k = key[m]
        starts[m] = at
        first = start[where[m]]
        last = start[where[m] + 1]
        # A value of its own is taken for a list of one, so that one loop numbers both.
        if value[m] > LISTED:
            first, last = 0, 1
        for e in range(first, last):
            v = value[m] if value[m] > LISTED else elements[e]
            # Two primes of xxHash spread keys and values that are counted up; what still
            # collides goes to the next free slot.
            slot = (k * 0x9E3779B1 + v * 0x85EBCA77) & (room - 1)
            while table[slot] != -1 and (keys[table[slot]] != k or values[table[slot]] != v):
                slot = (slot + 1) & (room - 1)
            if table[slot] == -1:
                table[slot] = count
                keys[count] = k
                values[count] = v
                count += 1
            if value[m] > LISTED:
                element[m] = table[slot]
            else:
                lists[at] = table[slot]
                at += 1
    starts[len(key)] = at
    return element, starts, lists[:at], keys[:count], values[:count]
