"""Kernels for rw-register histories: reads by themselves, and orders of versions.

Columns are those of `splitbrain.checkers.isolation.transactions.Transactions`. A *version* of a key
is an element, or the number of elements plus the key's for the initial one.
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
    INTERMEDIATE,
    INTERNAL,
    NONE,
    OK,
    READ,
    WRITE,
)
from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


UNKNOWN = -2


@jit
def judge_reads(
    status: Array,
    offsets: Array,
    kind: Array,
    key: Array,
    element: Array,
    writer: Array,
    write: Array,
    final: Array,
    keys: int,
) -> tuple[Array, Array]:
    """What is wrong with each read, and which reads are external.

    Returns:
        For each micro-operation the anomalies that it shows, as bits; and whether it is the first
        of its transaction to touch its key, and a read.
    """
    flags = np.zeros(len(kind), np.uint8)
    external = np.zeros(len(kind), np.bool_)
    # Which transaction met each key last, and what it then knew of it. An entry of another
    # transaction counts for nothing, so nothing is ever cleared.
    active = np.full(keys, NONE, np.int32)
    known = np.full(keys, UNKNOWN, np.int64)
    for t in range(len(offsets) - 1):
        if status[t] != OK:
            continue
        for m in range(offsets[t], offsets[t + 1]):
            k, e = key[m], element[m]
            if active[k] != t:
                active[k] = t
                known[k] = UNKNOWN
                external[m] = kind[m] == READ
            if kind[m] == READ:
                bits = 0
                # It had read or written another version: its own reads must agree, whatever others
                # do.
                if known[k] != UNKNOWN and known[k] != e:
                    bits |= INTERNAL
                # Null is the initial version: it has no writer with whom something could be wrong.
                if e != NONE:
                    w = writer[e]
                    if w == NONE:
                        bits |= GARBAGE
                    elif w == t:
                        # Its own, but written later. An own write before this read is what `known`
                        # holds.
                        if write[e] > m:
                            bits |= FUTURE
                    else:
                        if status[w] == FAIL:
                            bits |= ABORTED
                        if not final[e]:
                            bits |= INTERMEDIATE
                flags[m] = bits
            # From here on the transaction knows the key, by a read as well as by a write.
            known[k] = e
    return flags, external


@jit
def first_and_last(
    status: Array,
    offsets: Array,
    kind: Array,
    key: Array,
    element: Array,
    keys: int,
    elements: int,
) -> tuple[Array, Array, Array, Array]:
    """Which versions each committed transaction met first and last, of each key it touched.

    Returns:
        Transactions, keys, first versions, last versions. A transaction that writes before it reads
        met its own last write first.
    """
    count = 0
    by = np.empty(len(kind), np.int32)
    of_key = np.empty(len(kind), np.int32)
    first = np.empty(len(kind), np.int32)
    last = np.empty(len(kind), np.int32)
    where = np.full(keys, NONE, np.int64)
    active = np.full(keys, NONE, np.int32)
    for t in range(len(offsets) - 1):
        if status[t] != OK:
            continue
        for m in range(offsets[t], offsets[t + 1]):
            k, e = key[m], element[m]
            # Every key has an initial version of its own, or null would join all keys.
            version = e if e != NONE else elements + k
            if active[k] != t:
                active[k] = t
                where[k] = count
                by[count] = t
                of_key[count] = k
                # A first write may be overwritten by its own transaction: settled below.
                first[count] = version if kind[m] == READ else NONE
                last[count] = version
                count += 1
            # A second read adds nothing: it saw the same version, or the transaction is at fault
            # itself.
            elif kind[m] == WRITE:
                last[where[k]] = version
    for i in range(count):
        if first[i] == NONE:
            first[i] = last[i]
    return by[:count], of_key[:count], first[:count], last[:count]


@jit
def session_versions(process: Array, by: Array, of_key: Array) -> Array:
    """Pairs of touches of a key, each followed by the next in its process.

    Args:
        process: of each transaction.
        by: transactions, sorted by key, then process, then time.
        of_key: keys.
    """
    pairs = np.empty((len(by), 2), np.int64)
    found = 0
    for i in range(1, len(by)):
        # Neighbours are enough: sorted like this, the others follow.
        if of_key[i] == of_key[i - 1] and process[by[i]] == process[by[i - 1]]:
            pairs[found, 0] = i - 1
            pairs[found, 1] = i
            found += 1
    return pairs[:found]


@jit
def realtime_versions(
    invoked: Array, completed: Array, by: Array, of_key: Array, limit: int
) -> Array:
    """Pairs of touches of a key of which the first had completed when the second was invoked.

    Only pairs without a third between them. For each touch that is about the number of clients.

    Args:
        invoked: of each transaction, its event.
        completed: of each transaction, its event.
        by: transactions, sorted by key and then by invocation.
        of_key: keys.
        limit: number of pairs for which there is room at first.
    """
    pairs = np.empty((limit, 2), np.int64)
    found = 0
    # The touches of the key after which none has begun and ended yet: whatever comes now follows
    # one of them, and with it all those before.
    frontier = np.empty(len(by), np.int64)
    width = 0
    for i in range(len(by)):
        if i == 0 or of_key[i] != of_key[i - 1]:
            width = 0
        t = by[i]
        # Among those that completed before t was invoked, only the ones not followed by another.
        newest = NONE
        for j in range(width):
            other = by[frontier[j]]
            if completed[other] < invoked[t] and invoked[other] > newest:
                newest = invoked[other]
        kept = 0
        for j in range(width):
            other = by[frontier[j]]
            # `newest` began after this one had ended, and has ended itself: it stands between, for
            # this touch and all that follow.
            if completed[other] < newest:
                continue
            frontier[kept] = frontier[j]
            kept += 1
            if completed[other] < invoked[t]:
                if found == len(pairs):
                    more = np.empty((2 * found + 16, 2), np.int64)
                    more[:found] = pairs
                    pairs = more
                pairs[found, 0] = frontier[kept - 1]
                pairs[found, 1] = i
                found += 1
        frontier[kept] = i
        width = kept + 1
    return pairs[:found]


@jit
def anti_dependencies(
    lower: Array, upper: Array, reader_place: Array, readers: Array, writer: Array
) -> tuple[Array, Array]:
    """From the readers of each version to the writer of one that follows it.

    Args:
        lower: versions.
        upper: a version (an element) that follows each.
        reader_place: where the readers of each version begin in ``readers``.
        readers: transactions, by version.
        writer: transaction of each element.
    """
    # Counted first, since one version may have thousands of readers and most have one.
    count = 0
    for i in range(len(lower)):
        count += reader_place[lower[i] + 1] - reader_place[lower[i]]
    tails = np.empty(count, np.int32)
    heads = np.empty(count, np.int32)
    found = 0
    for i in range(len(lower)):
        w = writer[upper[i]]
        for j in range(reader_place[lower[i]], reader_place[lower[i] + 1]):
            # Who read a version and then wrote the next one depends on nobody but itself.
            if readers[j] != w:
                tails[found] = readers[j]
                heads[found] = w
                found += 1
    return tails[:found], heads[:found]
