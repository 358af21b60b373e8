"""From a history's operations in columns to what the search's kernels work on."""

from __future__ import annotations

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history import History
from splitbrain.checkers.history.columns import Int32, Int64
from splitbrain.checkers.linearizability import _problem_kernels, _trie_kernels
from splitbrain.checkers.linearizability import search_layout as k
from splitbrain.checkers.linearizability.column_operations import Operations
from splitbrain.checkers.linearizability.kernel_search import Problems, no_strings, undecided
from splitbrain.checkers.linearizability.kv_columns import number_strings


def prepare(operations: Operations, history: History) -> tuple[Problems, Int32, Int64]:
    """What the search works on; the row of each of its operations, and its invocation's index.

    The reductions are those of `splitbrain.checkers.linearizability.problem`; the arguments are
    there.

    Args:
        operations: of the whole history.
        history: the history.
    """
    o, r = operations, operations.recorded
    run = kernels.of(_problem_kernels, size=kernels.ALWAYS)
    keys, total = undecided(len(r.keys)), int(r.sizes.sum())
    ops, rows = np.empty((total, k.COLUMNS), dtype=np.int32), np.empty(total, dtype=np.int32)
    index = np.empty(total, dtype=np.int64)
    columns = r.key, r.outcome, r.invoked, r.completed, o.need, o.leave, history.indices
    optional = run.arrange(*columns, r.sizes.copy(), keys, ops, rows, index)
    values, absent, tree = o.values, -1, no_strings()
    if o.strings is not None:
        tree, absent = number_strings(o.strings, keys, ops)
        values = absent + 1
    if optional:
        until = np.full(values + 1, -1, dtype=np.int64)
        if o.strings is None:
            wanted = np.zeros(values + 1, dtype=np.int64)
            dropped = run.drop_unobservable(keys, ops, until, wanted)
        else:
            strings = kernels.of(_trie_kernels, size=kernels.ALWAYS)
            dropped = strings.drop_unobservable_strings(tree, keys, absent, ops, until)
        if dropped:
            run.compact(keys, ops, rows, index)
            optional, total = optional - dropped, total - dropped
            ops, rows, index = ops[:total], rows[:total], index[:total]
    merging = o.strings is None
    problems = laid_out(ops, keys, optional=optional, values=values, merging=merging)
    problems.tree, problems.absent = tree, absent
    return problems, rows, index


def laid_out(
    ops: Int32, keys: Int64, *, optional: int, values: int, merging: bool = False
) -> Problems:
    """The problems of operations that are sorted by key.

    Args:
        ops: the operations, in order of invocation in each key, whose columns of what they need and
            leave, of whether they are optional and of positions in the history are filled.
        keys: the keys, whose operations' beginnings and initial values are filled.
        optional: how many operations are optional.
        values: how many values there are.
        merging: whether to replace the values of registers that no operation needs by one, which
            fills the keys' initial values (where 0 is that of all).
    """
    run = kernels.of(_problem_kernels, size=kernels.ALWAYS)
    laid = np.empty(2 * len(ops) - optional, dtype=np.int32)
    optionals, room = np.empty(optional, dtype=np.int32), np.empty((2, len(ops)), dtype=np.int32)
    seen = np.full(values if merging else 0, -1, dtype=np.int64)
    run.lay_out(keys, ops, laid, optionals, *room, seen)
    if optional:
        # Appends leave the number of a string, which can be larger than those of values.
        most = max(values, int(ops[:, k.LEAVE].max()))
        latest = np.full(most + 1, -1, dtype=np.int64)
        run.chain_interchangeable(keys, ops, optionals, latest, room[0])
    log, best = np.empty((2, len(ops)), dtype=np.int32)
    return Problems(laid, ops, keys, optionals, values, log, best)
