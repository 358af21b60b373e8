"""Kernels for weak isolation levels: what the order of commits must be, given who read whom.

Transactions are numbers; the one after the last stands for the initial state. External reads are
columns ``reader``, ``read_key`` and ``source`` (who wrote what was read), sorted by reader and
then in the order of the transaction. ``written`` holds the keys that each transaction writes,
sorted, from ``write_place`` of it on.

Algorithms: Dai, Liu, Biswas, Enea and others, "AWDIT: An Optimal Weak Database Isolation Tester",
PLDI 2025.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.codes import FAIL, NONE, OK, WRITE
from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


@jit
def _find(sorted_keys: Array, low: int, high: int, wanted: int) -> bool:
    end = high
    while low < high:
        middle = (low + high) // 2
        if sorted_keys[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low < end and sorted_keys[low] == wanted


@jit
def _extended(array: Array, used: int) -> Array:
    more = np.empty(2 * len(array) + 16, array.dtype)
    more[:used] = array[:used]
    return more


@jit
def atomic_visibility(
    place: Array,
    read_key: Array,
    source: Array,
    write_place: Array,
    written: Array,
    keys: int,
    after_only: bool,
) -> tuple[Array, Array, Array]:
    """Orders of commits that follow from reading several things of one transaction.

    Who reads from t2, and reads a key that t2 writes from another t1, has t2 committed before t1.

    Args:
        place: where the reads of each transaction begin.
        read_key: see the module.
        source: see the module.
        write_place: see the module.
        written: see the module.
        keys: number of keys.
        after_only: only reads of the key after the one from t2 count (read committed, in the words
            of Biswas and Enea), not those before it (read atomic).

    Returns:
        Edges t2 to t1, and the read of the key that each is for. Time is that of going through the
        smaller of t2's keys and the reader's, for each two that share an edge.
    """
    transactions = len(place) - 1
    # How many edges there will be is not known before; the arrays double as they fill up.
    tails = np.empty(1024, np.int32)
    heads = np.empty(1024, np.int32)
    reads = np.empty(1024, np.int64)
    edges = 0
    # For the reader at hand: the last read of each key, and the read of that key before each read.
    last = np.full(keys, NONE, np.int64)
    before = np.full(len(source), NONE, np.int64)
    met = np.full(transactions + 1, NONE, np.int32)
    for t in range(transactions):
        begin, end = place[t], place[t + 1]
        # One read cannot disagree with another.
        if end - begin < 2:
            continue
        for r in range(begin, end):
            # Only what this reader touches is cleared: clearing all keys for each reader would be
            # quadratic.
            last[read_key[r]] = NONE
        distinct = 0
        for r in range(begin, end):
            if last[read_key[r]] == NONE:
                distinct += 1
            before[r] = last[read_key[r]]
            last[read_key[r]] = r
        for r in range(begin, end):
            t2 = source[r]
            # The initial state comes before all others anyhow; and one look at t2 finds all reads
            # of its keys.
            if t2 == transactions or met[t2] == t:
                continue
            met[t2] = t
            # Whichever has fewer keys is gone through, and looked up in the other: that is what
            # makes the bound of the paper.
            by_writes = write_place[t2 + 1] - write_place[t2] <= distinct
            first = write_place[t2] if by_writes else begin
            stop = write_place[t2 + 1] if by_writes else end
            for i in range(first, stop):
                k = written[i] if by_writes else read_key[i]
                at = last[k]
                if by_writes:
                    # The key may be left over from another reader.
                    if at < begin or at >= end:
                        continue
                # The last read of a key stands for all reads of it, or a key would be met once for
                # each.
                elif at != i or not _find(written, write_place[t2], write_place[t2 + 1], k):
                    continue
                # Backwards through the reads of this key, from the last; each may have seen another
                # writer.
                while at != NONE and not (after_only and at < r):
                    if source[at] != t2:
                        if edges == len(tails):
                            tails = _extended(tails, edges)
                            heads = _extended(heads, edges)
                            reads = _extended(reads, edges)
                        tails[edges] = t2
                        heads[edges] = source[at]
                        reads[edges] = at
                        edges += 1
                    at = before[at]
    return tails[:edges], heads[:edges], reads[:edges]


@jit
def causal_visibility(
    order: Array,
    place: Array,
    read_key: Array,
    source: Array,
    session: Array,
    number: Array,
    previous: Array,
    writer_place: Array,
    writers: Array,
    sessions: int,
) -> tuple[Array, Array, Array]:
    """Orders of commits that follow from causality.

    Who reads a key from t1, and causally follows t2, which also writes the key, has t2 committed
    before t1. Only the last such t2 of each session counts, and earlier ones follow.

    Args:
        order: transactions, in an order that causality agrees with.
        place: where the reads of each transaction begin.
        read_key: see the module.
        source: see the module.
        session: of each transaction.
        number: of each transaction in its session, from 0.
        previous: the transaction before each in its session, or `NONE`.
        writer_place: where the writers of each key begin in ``writers``.
        writers: by key, then session, then number in it.
        sessions: number of sessions.

    Returns:
        As `atomic_visibility`.
    """
    transactions = len(place) - 1
    # A vector clock: of each session the last transaction that this one causally follows.
    clock = np.full((transactions, sessions), NONE, np.int32)
    tails = np.empty(1024, np.int32)
    heads = np.empty(1024, np.int32)
    reads = np.empty(1024, np.int64)
    edges = 0
    for t in order:
        if t >= transactions:
            continue
        if previous[t] != NONE:
            clock[t, :] = clock[previous[t], :]
            # What the one before followed, and that one itself.
            clock[t, session[t]] = number[previous[t]]
        for r in range(place[t], place[t + 1]):
            p = source[r]
            # Known already, and with it all that it follows: no need to merge.
            if p == transactions or clock[t, session[p]] >= number[p]:
                continue
            for s in range(sessions):
                if clock[p, s] > clock[t, s]:
                    clock[t, s] = clock[p, s]
            clock[t, session[p]] = number[p]
        for r in range(place[t], place[t + 1]):
            # A key's writers are sorted by session, so each session is a run in which the last one
            # that t follows is found by halving. Earlier ones of the run precede it in their
            # session.
            i, end = writer_place[read_key[r]], writer_place[read_key[r] + 1]
            while i < end:
                s = session[writers[i]]
                # Within the session's run: the last writer that t follows, then the run's end.
                low, high = i, end
                while low < high:
                    middle = (low + high) // 2
                    w = writers[middle]
                    if session[w] == s and number[w] <= clock[t, s]:
                        low = middle + 1
                    else:
                        high = middle
                # Who follows what it read says nothing new.
                if low > i and writers[low - 1] != source[r]:
                    if edges == len(tails):
                        tails = _extended(tails, edges)
                        heads = _extended(heads, edges)
                        reads = _extended(reads, edges)
                    tails[edges] = writers[low - 1]
                    heads[edges] = source[r]
                    reads[edges] = r
                    edges += 1
                high = end
                while low < high:
                    middle = (low + high) // 2
                    if session[writers[middle]] <= s:
                        low = middle + 1
                    else:
                        high = middle
                i = low
    return tails[:edges], heads[:edges], reads[:edges]


@jit
def observed_writes(
    status: Array,
    offsets: Array,
    kind: Array,
    key: Array,
    version: Array,
    writer: Array,
    keys: int,
    initial: Array,
) -> tuple[Array, Array]:
    """Reads of what others wrote: micro-operations, and who wrote it.

    Reads of a key after the transaction's own write of it don't count; nor do those of the initial
    version, but of the keys of which it is known, where the writer is the number of transactions.
    """
    count = len(offsets) - 1
    found = np.empty(len(kind), np.int64)
    sources = np.empty(len(kind), np.int32)
    wrote = np.full(keys, NONE, np.int32)
    at = 0
    for t in range(count):
        if status[t] != OK:
            continue
        for m in range(offsets[t], offsets[t + 1]):
            k = key[m]
            if kind[m] == WRITE:
                wrote[k] = t
                continue
            # What it reads after its own write is its own, or an internal anomaly.
            if wrote[k] == t:
                continue
            source = count
            if version[m] != NONE:
                source = writer[version[m]]
                # Reads of what nobody wrote, or of what failed, refute every level by themselves;
                # an order of commits could not place their writers.
                if source in (NONE, t) or status[source] == FAIL:
                    continue
            elif not initial[k]:
                continue
            found[at] = m
            sources[at] = source
            at += 1
    return found[:at], sources[:at]
