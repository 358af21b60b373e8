"""Arrays for the compiled search, from operations that are sorted by key."""

from __future__ import annotations

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history.columns import Int32, Int64
from splitbrain.checkers.linearizability.compiled import _problem_kernels
from splitbrain.checkers.linearizability.compiled import layout as k
from splitbrain.checkers.linearizability.compiled.searching import Problems


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
