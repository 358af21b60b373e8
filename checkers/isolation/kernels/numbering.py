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
def chosen_operations(offsets: Array, rows: Array) -> tuple[Array, Array]:
    """Where the micro-operations of some rows begin among themselves, and where they are."""
    count = 0
    for row in rows:
        count += offsets[row + 1] - offsets[row]
    new_offsets = np.zeros(len(rows) + 1, np.int64)
    places = np.empty(count, np.int32)
    m = 0
    for i in range(len(rows)):
        row = rows[i]
        for old in range(offsets[row], offsets[row + 1]):
            places[m] = old
            m += 1
        new_offsets[i + 1] = m
    return new_offsets, places


@jit
def by_appearance(key: Array, count: int) -> tuple[Array, Array]:
    """New numbers for keys, in the order in which they appear; -1 for one that does not.

    Returns:
        The new number of each, and the old number of each that appears.
    """
    new = np.full(count, -1, np.int32)
    old = np.empty(count, np.int32)
    found = 0
    for m in range(len(key)):
        k = key[m]
        if new[k] < 0:
            new[k] = found
            old[found] = k
            found += 1
        key[m] = new[k]
    return new, old[:found]


@jit
def ranges(
    key: Array, value: Array, segments: Array, arena: Array, keys: int
) -> tuple[Array, Array]:
    """The least and the greatest value of each key, written or read.

    Args:
        key, value: of micro-operations.
        segments: of the arena, for each where it begins, how much it has, and its key.
        arena: elements of lists.
        keys: how many there are.
    """
    # Beyond all values either way, so that a key of no values has a range of less than none.
    low = np.full(keys, 2**31, np.int64)
    high = np.full(keys, NULL, np.int64)
    for m in range(len(key)):
        k = key[m]
        if value[m] > LISTED:
            low[k] = min(low[k], value[m])
            high[k] = max(high[k], value[m])
    for i in range(len(segments)):
        k = segments[i, 2]
        for e in range(segments[i, 0], segments[i, 0] + segments[i, 1]):
            low[k] = min(low[k], arena[e])
            high[k] = max(high[k], arena[e])
    return low, high


@jit
def numbered_densely(
    key: Array, value: Array, segments: Array, arena: Array, low: Array, base: Array
) -> None:
    """Put elements' numbers in place of values: a key's base and the distance from the least.

    Mostly values of a key are counted up, so that the range is little wider than their number:
    whoever calls has seen that it is. What has no value gets -1.
    """
    for m in range(len(key)):
        k = key[m]
        value[m] = base[k] + value[m] - low[k] if value[m] > LISTED else -1
    for i in range(len(segments)):
        k = segments[i, 2]
        for e in range(segments[i, 0], segments[i, 0] + segments[i, 1]):
            arena[e] = base[k] + arena[e] - low[k]


@jit
def numbered_by_hash(
    key: Array, value: Array, segments: Array, arena: Array, room: int
) -> tuple[Array, Array]:
    """Put elements' numbers in place of values, by a hash table of ``room`` (a power of two).

    Returns:
        The key and the value of each element.
    """
    table = np.full(room, -1, np.int32)
    keys = np.empty(room, np.int32)
    values = np.empty(room, np.int32)
    count = 0
    for m in range(len(key)):
        if value[m] > LISTED:
            count, value[m] = _numbered(key[m], value[m], table, keys, values, count)
        else:
            value[m] = -1
    for i in range(len(segments)):
        k = segments[i, 2]
        for e in range(segments[i, 0], segments[i, 0] + segments[i, 1]):
            count, arena[e] = _numbered(k, arena[e], table, keys, values, count)
    return keys[:count], values[:count]


@jit
def _numbered(
    k: int, v: int, table: Array, keys: Array, values: Array, count: int
) -> tuple[int, int]:
    """How many elements there are then, and the number of this one."""
    # Two primes of xxHash spread keys and values that are counted up; what still collides goes to
    # the next free slot.
    mask = len(table) - 1
    slot = (k * 0x9E3779B1 + v * 0x85EBCA77) & mask
    while table[slot] != -1 and (keys[table[slot]] != k or values[table[slot]] != v):
        slot = (slot + 1) & mask
    if table[slot] == -1:
        table[slot] = count
        keys[count] = k
        values[count] = v
        count += 1
    return count, int(table[slot])
