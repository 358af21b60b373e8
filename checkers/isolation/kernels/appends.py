"""Kernels for list-append histories: version orders and direct anomalies.

All take the columns of `splitbrain.checkers.isolation.transactions.Transactions`. Transactions,
micro-operations, keys and elements are numbers; -1 is none of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.codes import (
    ABORTED,
    FAIL,
    FUTURE,
    GARBAGE,
    INCOMPATIBLE,
    INTERMEDIATE,
    INTERNAL,
    NONE,
    OK,
    READ,
    REORDERED,
    REPEATED,
    WRITE,
)
from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


# What can be wrong with a read.


@jit
def writers(
    offsets: Array, kind: Array, key: Array, element: Array, keys: int, elements: int
) -> tuple[Array, Array, Array, Array, int]:
    """Who wrote what.

    Returns:
        For each element its transaction, its micro-operation, whether it is the last that its
        transaction wrote to the key, and what the transaction wrote to the key just before (or
        `NONE`); and a micro-operation that writes an element again, or `NONE`.
    """
    writer = np.full(elements, NONE, np.int32)
    write = np.full(elements, NONE, np.int32)
    final = np.zeros(elements, np.bool_)
    earlier = np.full(elements, NONE, np.int32)
    # Who wrote each key last, and what: a second write by the same one overwrites its first.
    writing = np.full(keys, NONE, np.int32)
    latest = np.full(keys, NONE, np.int32)
    again = NONE
    for t in range(len(offsets) - 1):
        for m in range(offsets[t], offsets[t + 1]):
            if kind[m] != WRITE:
                continue
            k, e = key[m], element[m]
            if writer[e] != NONE and again == NONE:
                again = m
            writer[e] = t
            write[e] = m
            final[e] = True
            if writing[k] == t:
                final[latest[k]] = False
                final[e] = True
                earlier[e] = latest[k]
            writing[k] = t
            latest[k] = e
    return writer, write, final, earlier, again


@jit
def longest_reads(
    status: Array, offsets: Array, kind: Array, key: Array, lengths: Array, keys: int
) -> tuple[Array, int]:
    """For each key the first of its longest reads (or `NONE`), and the sum of their lengths."""
    longest = np.full(keys, NONE, np.int64)
    # An empty read is longer than none: a key that was only seen empty has an order of no elements.
    length = np.full(keys, NONE, np.int64)
    for t in range(len(offsets) - 1):
        if status[t] != OK:
            continue
        for m in range(offsets[t], offsets[t + 1]):
            if kind[m] == READ:
                k = key[m]
                if lengths[m] > length[k]:
                    length[k] = lengths[m]
                    longest[k] = m
    total = 0
    for k in range(keys):
        if length[k] > 0:
            total += length[k]
    return longest, total


@jit
def version_orders(
    status: Array,
    start: Array,
    lengths: Array,
    elements: Array,
    writer: Array,
    earlier: Array,
    longest: Array,
    total: int,
) -> tuple[Array, Array, Array, Array, Array]:
    """Version orders: the elements of each key's longest read.

    Returns:
        ``offsets``: where each key's order begins in ``order``.
        ``order``: elements, key by key.
        ``position``: each element's first place in its key's order, or `NONE`.
        ``following``: for each place the first place from there on, of the same key, that holds an
        element for the first time and whose writer did not fail; or `NONE`.
        ``faults``: for each key the first place of an aborted, a repeated and an unwritten element,
        and of one without what its transaction had appended before it; or the order's length.
    """
    keys = len(longest)
    offsets = np.zeros(keys + 1, np.int64)
    order = np.empty(total, np.int32)
    position = np.full(len(writer), NONE, np.int32)
    following = np.full(total, NONE, np.int32)
    faults = np.zeros((keys, 4), np.int64)
    at = 0
    for k in range(keys):
        offsets[k] = at
        if longest[k] == NONE:
            continue
        begin = start[longest[k]]
        length = lengths[longest[k]]
        faults[k, :] = length
        for j in range(length):
            e = elements[begin + j]
            order[at + j] = e
            w = writer[e]
            # What failed, or was never written, brings no dependency: edges lead past it.
            usable = w != NONE and status[w] != FAIL
            if w == NONE and j < faults[k, 2]:
                faults[k, 2] = j
            if w != NONE and status[w] == FAIL and j < faults[k, 0]:
                faults[k, 0] = j
            # Its transaction's append before it must stand further ahead: places are filled in as
            # we go, so what has none yet stands behind, or nowhere.
            if earlier[e] != NONE and position[earlier[e]] == NONE and j < faults[k, 3]:
                faults[k, 3] = j
            if position[e] == NONE:
                position[e] = j
                if usable:
                    following[at + j] = at + j
            elif j < faults[k, 1]:
                faults[k, 1] = j
        # From the end backwards, each place learns of the next one that brings a dependency, so
        # that a read of any length finds whom it missed without looking further.
        for j in range(length - 2, -1, -1):
            if following[at + j] == NONE:
                following[at + j] = following[at + j + 1]
        at += length
    offsets[keys] = at
    return offsets, order, position, following, faults


@jit
def judge_reads(
    status: Array,
    offsets: Array,
    kind: Array,
    key: Array,
    element: Array,
    start: Array,
    lengths: Array,
    elements: Array,
    writer: Array,
    write: Array,
    final: Array,
    earlier: Array,
    longest: Array,
    order_offsets: Array,
    order: Array,
    position: Array,
    faults: Array,
) -> tuple[Array, Array]:
    """What is wrong with each read.

    Returns:
        For each micro-operation the anomalies that it shows, as bits; and for each element whether
        a read saw it that is no prefix of its key's order.
    """
    keys = len(order_offsets) - 1
    flags = np.zeros(len(kind), np.uint8)
    seen = np.zeros(len(writer), np.bool_)
    # By element the read that saw it last: a set that need not be emptied for each read.
    stamp = np.full(len(writer), NONE, np.int64)
    # By key what this transaction did so far; stale unless `active` is this transaction.
    active = np.full(keys, NONE, np.int32)
    read = np.full(keys, NONE, np.int64)
    append = np.full(keys, NONE, np.int64)
    # The longest read of this transaction that is a prefix of the order.
    widest = np.full(keys, NONE, np.int64)
    # By append the one before it since the last read, so that a read can check its tail backwards.
    previous = np.full(len(kind), NONE, np.int64)
    for t in range(len(offsets) - 1):
        if status[t] != OK:
            continue
        for m in range(offsets[t], offsets[t + 1]):
            k = key[m]
            if active[k] != t:
                active[k] = t
                read[k] = NONE
                widest[k] = NONE
                append[k] = NONE
            if kind[m] == WRITE:
                previous[m] = append[k]
                append[k] = m
                # Who reads what it appends only now saw the future. Prefixes of the order need no
                # look at each element: their widest one tells.
                r = widest[k]
                if r != NONE:
                    at = position[element[m]]
                    if at != NONE and at < lengths[r]:
                        flags[r] |= FUTURE
                continue
            begin, length = start[m], lengths[m]
            end = begin + length
            bits = 0
            if not _continues(
                start, lengths, elements, element, previous, read[k], append[k], begin, end
            ):
                bits |= INTERNAL
            # The costly part: each element of each read is compared once with the order, unless it
            # is kept as a part of that very list.
            base = order_offsets[k]
            compatible = length <= order_offsets[k + 1] - base
            if compatible and begin != start[longest[k]]:
                for j in range(length):
                    if elements[begin + j] != order[base + j]:
                        compatible = False
                        break
            if compatible:
                w = widest[k]
                if w == NONE or length > lengths[w]:
                    widest[k] = m
                # A prefix shares the order's faults, as far as it reaches.
                if length > faults[k, 0]:
                    bits |= ABORTED
                if length > faults[k, 1]:
                    bits |= REPEATED
                if length > faults[k, 2]:
                    bits |= GARBAGE
                if length > faults[k, 3]:
                    bits |= REORDERED
            else:
                # It is no prefix, so nothing is known of its elements: each is judged by itself.
                bits |= INCOMPATIBLE
                for j in range(begin, end):
                    e = elements[j]
                    seen[e] = True
                    if stamp[e] == m:
                        bits |= REPEATED
                    if earlier[e] != NONE and stamp[earlier[e]] != m:
                        bits |= REORDERED
                    stamp[e] = m
                    if writer[e] == NONE:
                        bits |= GARBAGE
                    elif status[writer[e]] == FAIL:
                        bits |= ABORTED
                    elif writer[e] == t and write[e] > m:
                        bits |= FUTURE
            # Only the end of a list may be an intermediate version: what stands before it was
            # overwritten by others, who are on a cycle of ww if they stand between parts.
            if length > 0:
                e = elements[end - 1]
                w = writer[e]
                if w != NONE and w != t and not final[e]:
                    bits |= INTERMEDIATE
            flags[m] = bits
            read[k] = m
            append[k] = NONE
    return flags, seen


@jit
def _continues(
    start: Array,
    lengths: Array,
    elements: Array,
    element: Array,
    previous: Array,
    read: int,
    append: int,
    begin: int,
    end: int,
) -> bool:
    """Whether a read is what the transaction's earlier read and its appends since make it."""
    # The tail must be its own appends since the last read, and what is left the last read itself.
    at = end - 1
    while append != NONE:
        if at < begin or elements[at] != element[append]:
            return False
        at -= 1
        append = previous[append]
    if read == NONE:
        return True
    if at + 1 - begin != lengths[read]:
        return False
    if begin != start[read]:
        for j in range(lengths[read]):
            if elements[begin + j] != elements[start[read] + j]:
                return False
    return True
