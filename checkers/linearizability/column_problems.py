"""From a history's operations in columns to what the search's kernels work on."""

from __future__ import annotations

import numpy as np

from checkers import kernels
from checkers.history import History
from checkers.history.columns import Int32, Int64
from checkers.linearizability import _problem_kernels, _trie_kernels
from checkers.linearizability import search_layout as k
from checkers.linearizability.column_operations import Operations
from checkers.linearizability.kernel_search import Problems, no_strings, undecided
from checkers.linearizability.kv_columns import number_strings


def prepare(operations: Operations, history: History) -> tuple[Problems, Int32, Int64]:
    """What the search works on; the row of each of its operations, and its invocation's index.

    The reductions are those of `checkers.linearizability.problem`; the arguments are there.

    Args:
        operations: of the whole history.
        history: the history.
    """
    o, r = operations, operations.recorded
    run = kernels.of(_problem_kernels, size=kernels.ALWAYS)
    keys, total = undecided(len(r.keys)), len(r.f)
    ops, rows = np.empty((total, k.COLUMNS), dtype=np.int32), np.empty(total, dtype=np.int32)
    index = np.empty(total, dtype=np.int64)
    columns = r.key, r.outcome, r.invoked, r.completed, o.need, o.leave, history.indices
    cursor = np.empty(len(r.keys), dtype=np.int64)
    count, optional = run.arrange(*columns, keys, cursor, ops, rows, index)
    values, absent, tree = o.values, -1, no_strings()
    if o.strings is not None:
        tree, absent = number_strings(o.strings, keys, ops[:count])
        values = absent + 1
    if optional:
        until = np.full(values + 1, -1, dtype=np.int64)
        if o.strings is None:
            run.drop_unobservable(keys, ops[:count], until)
        else:
            strings = kernels.of(_trie_kernels, size=kernels.ALWAYS)
            strings.drop_unobservable_strings(tree, keys, absent, ops[:count], until)
        count, optional = run.compact(keys, ops, rows, index)
    if o.strings is None:
        run.merge_unseen(keys, ops[:count], np.full(values, -1, dtype=np.int64))
    problems = laid_out(ops[:count], keys, optional=optional, values=values)
    problems.tree, problems.absent = tree, absent
    return problems, rows[:count], index[:count]


def laid_out(ops: Int32, keys: Int64, *, optional: int, values: int) -> Problems:
    """The problems of operations that are sorted by key.

    Args:
        ops: the operations, in order of invocation in each key, whose columns of what they need and
            leave, of whether they are optional and of positions in the history are filled.
        keys: the keys, whose operations' beginnings and initial values are filled.
        optional: how many operations are optional.
        values: how many values there are.
    """
    run = kernels.of(_problem_kernels, size=kernels.ALWAYS)
    laid = np.empty(2 * len(ops) - optional, dtype=np.int32)
    optionals, room = np.empty(optional, dtype=np.int32), np.empty((2, len(ops)), dtype=np.int32)
    run.lay_out(keys, ops, laid, optionals, *room)
    if optional:
        # Appends leave the number of a string, which can be larger than those of values.
        most = max(values, int(ops[:, k.LEAVE].max()))
        latest = np.full(most + 1, -1, dtype=np.int64)
        run.chain_interchangeable(keys, ops, optionals, latest, room[0])
    log, best = np.empty((2, len(ops)), dtype=np.int32)
    return Problems(laid, ops, keys, optionals, values, log, best)
