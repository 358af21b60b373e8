"""From a history's operations in columns to what the search's kernels work on."""

from __future__ import annotations

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history import History
from splitbrain.checkers.history.columns import Int32, Int64
from splitbrain.checkers.linearizability.columns.operations import Operations
from splitbrain.checkers.linearizability.columns.stores import number_strings
from splitbrain.checkers.linearizability.compiled import _problem_kernels, _trie_kernels
from splitbrain.checkers.linearizability.compiled import layout as k
from splitbrain.checkers.linearizability.compiled.laying_out import laid_out
from splitbrain.checkers.linearizability.compiled.searching import Problems, no_strings, undecided


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
