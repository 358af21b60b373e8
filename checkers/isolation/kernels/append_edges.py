"""Kernels for list-append histories: dependencies.

All take the columns of `splitbrain.checkers.isolation.transactions.Transactions`, and what the
kernels of `appends` have inferred.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.codes import (
    FAIL,
    INCOMPATIBLE,
    NONE,
    OK,
    READ,
    RW,
    WR,
    WRITE,
)
from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


@jit
def order_edges(
    status: Array, writer: Array, order_offsets: Array, order: Array, following: Array
) -> tuple[Array, Array, Array]:
    """Write dependencies between neighbors in version orders.

    Returns:
        Tails and heads of the edges; and the places (in ``order``) of dirty updates: elements of
        committed transactions after an aborted one, none but indeterminate ones in between, and of
        these aborted ones.
    """
    tails = np.empty(len(order), np.int32)
    heads = np.empty(len(order), np.int32)
    dirty = np.empty((len(order), 2), np.int64)
    edges, updates = 0, 0
    for k in range(len(order_offsets) - 1):
        before, aborted = NONE, -1
        for at in range(order_offsets[k], order_offsets[k + 1]):
            w = writer[order[at]]
            if w == NONE:
                aborted = -1
            elif status[w] == FAIL:
                aborted = at
            elif status[w] == OK:
                if aborted >= 0:
                    dirty[updates, 0] = aborted
                    dirty[updates, 1] = at
                    updates += 1
                aborted = -1
            # A repeated element has its dependency where it stands first.
            if following[at] != at:
                continue
            if before != NONE and before != w:
                tails[edges] = before
                heads[edges] = w
                edges += 1
            before = w
    return tails[:edges], heads[:edges], dirty[:updates]


@jit
def read_edges(
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
    following: Array,
    reads: int,
) -> tuple[Array, Array, Array]:
    """Read dependencies and anti-dependencies.

    Returns:
        Tails, heads and kinds of the edges.
    """
    tails = np.empty(2 * reads, np.int32)
    heads = np.empty(2 * reads, np.int32)
    kinds = np.empty(2 * reads, np.uint8)
    edges = 0
    for t in range(len(offsets) - 1):
        if status[t] != OK:
            continue
        for m in range(offsets[t], offsets[t + 1]):
            if kind[m] != READ:
                continue
            length = lengths[m]
            if length > 0:
                w = writer[elements[start[m] + length - 1]]
                # Who ends in its own append read its own version: it depends on nobody by that,
                # and whoever comes next is ordered after it by ww.
                if w == t:
                    continue
                if w != NONE and status[w] != FAIL:
                    tails[edges] = w
                    heads[edges] = t
                    kinds[edges] = WR
                    edges += 1
            k = key[m]
            at = order_offsets[k] + length
            if flags[m] & INCOMPATIBLE or at >= order_offsets[k + 1] or following[at] == NONE:
                continue
            w = writer[order[following[at]]]
            if w != t:
                tails[edges] = t
                heads[edges] = w
                kinds[edges] = RW
                edges += 1
    return tails[:edges], heads[:edges], kinds[:edges]


@jit
def updates(
    status: Array,
    offsets: Array,
    kind: Array,
    key: Array,
    version: Array,
    keys: int,
    element_count: int,
) -> tuple[Array, Array, Array]:
    """Transactions that read a key and then write it.

    Args:
        version: the element that each micro-operation read, or `NONE` for the initial version.

    Returns:
        The version read (an element, or the number of elements plus the key if it was the initial
        one), the transaction, and the micro-operation that read it; of committed transactions, each
        key once.
    """
    versions = np.empty(len(kind), np.int64)
    by = np.empty(len(kind), np.int32)
    reads = np.empty(len(kind), np.int64)
    found = 0
    active = np.full(keys, NONE, np.int32)
    first = np.full(keys, NONE, np.int64)
    for t in range(len(offsets) - 1):
        if status[t] != OK:
            continue
        for m in range(offsets[t], offsets[t + 1]):
            k = key[m]
            if active[k] != t:
                active[k] = t
                first[k] = m if kind[m] == READ else NONE
            elif kind[m] == WRITE and first[k] != NONE:
                r = first[k]
                first[k] = NONE
                versions[found] = version[r] if version[r] != NONE else element_count + k
                by[found] = t
                reads[found] = r
                found += 1
    return versions[:found], by[:found], reads[:found]
