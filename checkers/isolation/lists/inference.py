"""What a list-append history says: version orders, direct anomalies and dependencies.

*Version orders.* Elements are appended once each, so a list shows the order in which its key was
written: the order of a key is its longest successful read, and every other must be a prefix of it
(Kingsbury and Alvaro, "Elle", VLDB 2020, section 4.2.3). It must agree with each transaction's own
order: of its appends to a key, none can be seen without those before it, and only the last one is
installed, so that whoever sees some of them sees all (Adya 1999, section 4.2.1; others' appends
between them are a cycle of ww).

*Dependencies.* ww between neighbors in an order; wr from the writer of a read's last element; rw
from a read to the writer of the element after its last. Elements that certainly were appended but
that no read saw come after all that were seen, which orders their writers too. A transaction that
failed takes no part. One that is indeterminate does as soon as somebody saw something of it.

Everything is linear in the history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation.dependencies import Builder, Dependencies
from splitbrain.checkers.isolation.kernels import append_edges, appends, unread
from splitbrain.checkers.isolation.kernels.codes import FAIL, NONE, OK, READ, WW
from splitbrain.checkers.isolation.transactions import Transactions

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class AppendHistory:
    """Transactions with what their reads say about versions.

    Attributes:
        transactions: the columns.
        writer: transaction that wrote each element, or -1.
        final: whether it is the last that its transaction wrote to the key.
        earlier: what its transaction appended to the key just before each element, or -1.
        again: a micro-operation that writes an element that another wrote before, or -1.
        longest: for each key the micro-operation with its longest read, or -1.
        order_offsets: where each key's version order begins in `order`.
        order: elements in version order, key by key.
        position: place of each element in its key's order, or -1.
        following: see `appends.version_orders`.
        flags: what is wrong with each read, as bits of `appends`.
        seen: elements that were seen only by reads that are no prefix of the order.
        dirty: pairs of places in `order`: a committed write on top of an aborted one.
    """

    transactions: Transactions
    writer: Array
    final: Array
    earlier: Array
    again: int
    longest: Array
    order_offsets: Array
    order: Array
    position: Array
    following: Array
    flags: Array
    seen: Array
    dirty: Array

    def write_of(self, element: int) -> int:
        """The micro-operation that wrote an element, or -1."""
        t, writer = self.transactions, int(self.writer[element])
        if writer == NONE:
            return NONE
        own = range(int(t.offsets[writer]), int(t.offsets[writer + 1]))
        return next(m for m in own if t.kind[m] != READ and t.element[m] == element)

    def alive(self) -> Array:
        """For each transaction whether it took effect: ok, or indeterminate and seen by another."""
        status = self.transactions.status
        alive = status == OK
        writers = self.writer[(self.position != NONE) | self.seen]
        alive[writers[writers != NONE]] = True
        return np.asarray(alive & (status != FAIL))


def append_history(transactions: Transactions) -> AppendHistory:
    """Infer version orders and judge every read by itself."""
    t = transactions
    compiled = kernels.of(appends, size=t.size)
    writer, write, final, earlier, again = compiled.writers(
        t.offsets, t.kind, t.key, t.element, t.key_count, t.element_count
    )
    longest, total = compiled.longest_reads(
        t.status, t.offsets, t.kind, t.key, t.length, t.key_count
    )
    order_offsets, order, position, following, faults = compiled.version_orders(
        t.status, t.start, t.length, t.elements, writer, earlier, longest, total
    )
    flags, seen = compiled.judge_reads(
        t.status, t.offsets, t.kind, t.key, t.element, t.start, t.length, t.elements,
        writer, write, final, earlier, longest, order_offsets, order, position, faults,
    )  # fmt: skip
    # Its edges are most of the memory; whoever wants them makes them again.
    _, _, dirty = kernels.of(append_edges, size=t.size).order_edges(
        t.status, writer, order_offsets, order, following
    )
    return AppendHistory(
        t, writer, final, earlier, int(again), longest, order_offsets, order, position,
        following, flags, seen, dirty,
    )  # fmt: skip


def append_dependencies(
    history: AppendHistory,
    *,
    process: bool,
    realtime: bool,
    per_key: bool = False,
    unobserved: bool = True,
) -> Dependencies:
    """The graph of dependencies.

    Args:
        history: what was inferred.
        process: whether to add process edges.
        realtime: whether to add real-time edges.
        per_key: whether to add those of real time among those who touch the same key.
        unobserved: whether writes that no read saw take part.
    """
    t = history.transactions
    compiled = kernels.of(append_edges, size=t.size)
    builder = Builder(t)
    tails, heads, _ = compiled.order_edges(
        t.status, history.writer, history.order_offsets, history.order, history.following
    )
    builder.add(tails, heads, WW)
    del tails, heads
    reads = int(np.count_nonzero(t.kind == READ))
    builder.add(
        *compiled.read_edges(
            t.status, t.offsets, t.kind, t.key, t.start, t.length, t.elements, history.flags,
            history.writer, history.order_offsets, history.order, history.following, reads,
        )
    )  # fmt: skip
    if unobserved:
        _add_unobserved(builder, history, reads)
    builder.add_time(process=process, realtime=realtime, per_key=per_key)
    return builder.build()


def _unobserved(history: AppendHistory) -> tuple[Array, Array]:
    """Keys and transactions of writes that took effect but that no read saw, sorted."""
    t = history.transactions
    compiled = kernels.of(unread, size=t.size)
    keys, by = compiled.unobserved_writes(
        t.status, t.offsets, t.kind, t.key, t.element, history.position, history.seen,
        history.longest,
    )  # fmt: skip
    by_key = np.lexsort((by, keys))
    return keys[by_key], by[by_key]


def _add_unobserved(builder: Builder, history: AppendHistory, reads: int) -> None:
    t = history.transactions
    keys, by = _unobserved(history)
    if not len(keys):
        return
    compiled = kernels.of(unread, size=t.size)
    place = np.searchsorted(keys, np.arange(t.key_count + 1))
    users = compiled.last_version_users(
        place, t.status, t.offsets, t.kind, t.key, t.start, t.length, t.elements, history.flags,
        history.writer, history.order_offsets, history.order, reads,
    )  # fmt: skip
    builder.add_fan(keys, by, *users)


def with_unobserved_order(history: AppendHistory, graph: Dependencies, rank: Array) -> Dependencies:
    """The graph, with writes of a key that no read saw in the order of their transactions' ranks.

    Any order explains the reads, but under snapshot isolation writers of a key must have one.
    """
    t = history.transactions
    alive = history.alive()
    owners = np.repeat(np.arange(len(t)), np.diff(t.offsets))
    writes = np.flatnonzero((t.kind != READ) & alive[owners])
    unseen = (history.position[t.element[writes]] == NONE) & ~history.seen[t.element[writes]]
    keys, by = t.key[writes[unseen]], owners[writes[unseen]]
    order = np.lexsort((rank[by], keys))
    keys, by = keys[order], by[order]
    follows = (keys[1:] == keys[:-1]) & (by[1:] != by[:-1])
    return Dependencies(
        graph.transactions,
        graph.nodes,
        np.concatenate([graph.source, by[:-1][follows].astype(np.int32)]),
        np.concatenate([graph.target, by[1:][follows].astype(np.int32)]),
        np.concatenate([graph.kind, np.full(np.count_nonzero(follows), WW, np.uint8)]),
    )


def last_elements(transactions: Transactions) -> Array:
    """The last element of the list that each micro-operation read; -1 if there is none."""
    t = transactions
    if not len(t.elements):
        return np.full(len(t.kind), NONE, np.int32)
    last = np.maximum(t.start + t.length - 1, 0)
    return np.where(t.length > 0, t.elements[last], NONE)


def lost_updates(t: Transactions, versions: Array) -> list[list[tuple[int, int]]]:
    """Groups of committed transactions that read the same version of a key and then wrote the key.

    Args:
        t: the transactions.
        versions: the version that each micro-operation read, or -1 for the initial one.

    Returns:
        For each group its (transaction, micro-operation that read) pairs, two or more.
    """
    compiled = kernels.of(append_edges, size=t.size)
    found, by, reads = compiled.updates(
        t.status, t.offsets, t.kind, t.key, versions, t.key_count, t.element_count
    )
    by_version = np.argsort(found, kind="stable")
    found = found[by_version]
    begins = np.flatnonzero(np.diff(found, prepend=NONE - 1))
    ends = np.append(begins, len(found))[1:]
    groups = []
    for group in np.flatnonzero(ends - begins > 1).tolist():
        members = by_version[begins[group] : ends[group]].tolist()
        groups.append([(int(by[i]), int(reads[i])) for i in members])
    groups.sort(key=lambda group: group[0][1])
    return groups
