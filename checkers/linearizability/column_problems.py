"""From a history's operations in columns to what the search's kernels work on."""

from __future__ import annotations

import numpy as np

from checkers import kernels
from checkers.history.columns import FAIL_CODE, INFO_CODE, Int64
from checkers.linearizability import _register_kernels, _trie_kernels
from checkers.linearizability import search_layout as k
from checkers.linearizability.column_operations import Operations
from checkers.linearizability.kernel_search import Problems, no_strings, undecided


def prepare(operations: Operations, *, events: int) -> tuple[Problems, Int64]:
    """What the search works on, and the row of each of its operations.

    The reductions are those of `checkers.linearizability.problem`; the arguments are there.

    Args:
        operations: of the whole history.
        events: how many events the history has.
    """
    o, run = operations, kernels.of(_register_kernels, size=kernels.ALWAYS)
    optional = o.outcome == INFO_CODE
    rows = np.flatnonzero((o.outcome != FAIL_CODE) & ~(optional & (o.need == o.leave)))
    start, order = np.zeros(len(o.keys) + 1, dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    run.by_key(o.key[rows], start, order)
    rows = rows[order]
    if optional.any():
        rows = rows[_observable(o, rows, start)]
    keys = undecided(len(o.keys))
    keys[1:, k.OPERATIONS] = np.cumsum(np.bincount(o.key[rows], minlength=len(o.keys)))
    ops = np.zeros((len(rows), k.COLUMNS), dtype=np.int64)
    ops[:, k.NEED], ops[:, k.LEAVE], ops[:, k.OPTIONAL] = (
        o.need[rows],
        o.leave[rows],
        optional[rows],
    )
    if o.strings is None:
        run.merge_unseen(keys, ops, o.initial, np.full(o.values, -1, dtype=np.int64))
    else:
        keys[:-1, k.INITIAL], keys[:-1, k.ROOT] = o.initial, o.strings.roots
    free = int(ops[:, k.OPTIONAL].sum())
    laid = np.empty(2 * len(rows) - free, dtype=np.int64)
    at = np.zeros(events, dtype=np.int32)
    run.lay_out(keys, ops, o.key[rows], o.invoked[rows], o.completed[rows], at, laid)
    optionals, room = np.zeros(free, dtype=np.int64), np.zeros((2, len(rows)), dtype=np.int64)
    # Appends leave the number of a string here.
    most = max(o.values, int(ops[:, k.LEAVE].max(initial=0)))
    run.give_slots(keys, ops, laid, optionals, room, np.full(most + 1, -1, dtype=np.int64))
    log, best = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    tree, absent = (no_strings(), -1) if o.strings is None else (o.strings.tree, o.strings.absent)
    return Problems(laid, ops, keys, optionals, o.values, log, best, tree, absent), rows


def _observable(o: Operations, rows: Int64, start: Int64) -> Int64:
    """Which of these rows, key by key, are required or can be observed."""
    kept = np.ones(len(rows), dtype=np.int64)
    optional = (o.outcome[rows] == INFO_CODE).astype(np.int64)
    columns = (o.need[rows], o.leave[rows], optional, o.invoked[rows], o.completed[rows])
    until = np.full(o.values + 1, -1, dtype=np.int64)
    if o.strings is None:
        run = kernels.of(_register_kernels, size=kernels.ALWAYS)
        run.drop_unobservable(start, *columns, until, kept)
    else:
        s, run = o.strings, kernels.of(_trie_kernels, size=kernels.ALWAYS)
        run.drop_unobservable_strings(s.tree, s.roots, s.absent, start, *columns, until, kept)
    return np.flatnonzero(kept)
