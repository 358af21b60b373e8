"""Kernels for what a search leaves: operations in the order in which they were placed."""

from __future__ import annotations

from splitbrain.checkers.kernels import borrowing
from splitbrain.checkers.linearizability.compiled.layout import (
    ANY,
    FAR_KEPT,
    FAR_LOG,
    FAR_SAVED,
    FOUND,
    LENGTH,
    NEED,
    OPERATIONS,
    STATUS,
    Array,
)


@borrowing
def save(m: Array, log: Array, best: Array) -> None:
    """Copy the log of the furthest dead end before it is overwritten, as far as it is new."""
    # Most dead ends are overtaken by a further one before anybody asks: only what is about to be
    # overwritten is copied, and of it only what differs from the last copy (from `FAR_KEPT` on).
    if m[FAR_SAVED] == 0:
        for i in range(m[FAR_KEPT], m[FAR_LOG]):
            best[i] = log[i]
        m[FAR_KEPT] = m[FAR_LOG]
        m[FAR_SAVED] = 1


@borrowing
def ordered(ops: Array, log: Array, out: Array) -> None:
    """Operations of a log in the order of the linearization: rule 3's before the last blind one."""
    before = 0
    for at in range(len(log)):
        i = log[at] >> 1
        if log[at] & 1:
            # Insertions are rare, and the last blind operation is near: moving what lies between
            # costs less than a list of links that every placing would have to keep.
            for later in range(at, before, -1):
                out[later] = out[later - 1]
            out[before] = i
            before += 1
        else:
            if ops[i, NEED] == ANY:
                before = at
            out[at] = i


@borrowing
def placed(
    keys: Array,
    ops: Array,
    log: Array,
    index: Array,
    order: Array,
    out: Array,
) -> None:
    """Invocation indices of the operations of each linearization found, in its order.

    Args:
        keys: see `layout`.
        ops: likewise.
        log: likewise.
        index: by operation the index of its invocation.
        order: room for a number for each operation.
        out: filled, where keys' operations are.
    """
    for key in range(len(keys) - 1):
        if keys[key, STATUS] == FOUND:
            start = keys[key, OPERATIONS]
            end = start + keys[key, LENGTH]
            ordered(ops, log[start:end], order[start:end])
            for i in range(start, end):
                out[i] = index[order[i]]
