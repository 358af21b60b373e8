"""Kernels for writes that took effect although no read saw them.

They follow every version that was seen, which orders them after its writer and its readers.
Columns are those of `splitbrain.checkers.isolation.transactions.Transactions`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.codes import (
    FAIL,
    INCOMPATIBLE,
    INFO,
    NONE,
    OK,
    READ,
    RW,
    WRITE,
    WW,
)
from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


@jit
def unobserved_writes(
    status: Array,
    offsets: Array,
    kind: Array,
    key: Array,
    element: Array,
    position: Array,
    seen: Array,
    longest: Array,
) -> tuple[Array, Array]:
    """Writes that certainly took effect but that no read saw: they come after all that were seen.

    A transaction that is ok took effect, and so did an indeterminate one of which something else
    was seen. Keys without a successful read are left out.

    Returns:
        Keys and transactions, each pair once.
    """
    keys_found = np.empty(len(kind), np.int32)
    found_by = np.empty(len(kind), np.int32)
    found = 0
    last = np.full(len(longest), NONE, np.int32)
    for t in range(len(offsets) - 1):
        happened = status[t] == OK
        if status[t] == INFO:
            for m in range(offsets[t], offsets[t + 1]):
                # One of its writes was read, so it took effect, and with it all others:
                # transactions are atomic, or another anomaly says so.
                if kind[m] == WRITE and (position[element[m]] != NONE or seen[element[m]]):
                    happened = True
        if not happened:
            continue
        for m in range(offsets[t], offsets[t + 1]):
            k, e = key[m], element[m]
            # Of a key that nobody read there is no version to come after. And one pair is enough
            # for a transaction that appended several.
            if kind[m] != WRITE or longest[k] == NONE or last[k] == t:
                continue
            if position[e] == NONE and not seen[e]:
                last[k] = t
                keys_found[found] = k
                found_by[found] = t
                found += 1
    return keys_found[:found], found_by[:found]


@jit
def last_version_users(
    place: Array,
    status: Array,
    offsets: Array,
    kind: Array,
    key: Array,
    start: Array,
    lengths: Array,
    elements: Array,
    flags: Array,
    writer: Array,
    order_offsets: Array,
    order: Array,
    reads: int,
) -> tuple[Array, Array, Array]:
    """Who read or wrote the last version seen of a key that has unobserved writes.

    Args:
        place: for each key where its unobserved writes begin; one longer than there are keys.

    Returns:
        Transactions, keys, and the kind of dependency that unobserved writers have on them.
    """
    capacity = reads + len(place)
    users = np.empty(capacity, np.int32)
    keys = np.empty(capacity, np.int32)
    kinds = np.full(capacity, RW, np.uint8)
    found = 0
    for t in range(len(offsets) - 1):
        if status[t] != OK:
            continue
        for m in range(offsets[t], offsets[t + 1]):
            k = key[m]
            if kind[m] != READ or place[k] == place[k + 1] or flags[m] & INCOMPATIBLE:
                continue
            length = lengths[m]
            # Only who saw all that was ever seen is overtaken by those whom nobody saw; of the
            # others, the next version in the order has the edge already.
            if length != order_offsets[k + 1] - order_offsets[k]:
                continue
            # It wrote that last version itself: the edge of its write, below, says more.
            if length > 0 and writer[elements[start[m] + length - 1]] == t:
                continue
            users[found] = t
            keys[found] = k
            found += 1
    for k in range(len(place) - 1):
        if place[k] == place[k + 1]:
            continue
        at = order_offsets[k + 1] - 1
        # The last writer that counts: a failed one in the order is an anomaly of its own, and
        # orders nobody.
        while at >= order_offsets[k]:
            w = writer[order[at]]
            if w != NONE and status[w] != FAIL:
                users[found] = w
                keys[found] = k
                kinds[found] = WW
                found += 1
                break
            at -= 1
    return users[:found], keys[:found], kinds[:found]
