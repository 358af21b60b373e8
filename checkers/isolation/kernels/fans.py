"""Kernels for dependencies from some transactions to all writers of a set, in linear number.

Every reader of a version can precede every later writer, which is quadratic in number. Instead a
key's later writers make two chains of auxiliary nodes: one leads to all before a place, the other
to all after it. Whoever precedes them all has an edge into either, around itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.codes import WW
from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


@jit
def fan_edges(
    keys_of: Array,
    writers: Array,
    place: Array,
    first_auxiliary: int,
    users: Array,
    user_keys: Array,
    user_kinds: Array,
) -> tuple[Array, Array, Array]:
    """Edges from users of keys to all later writers of these keys but themselves.

    Args:
        keys_of: keys of the later writes, increasing.
        writers: their transactions, increasing for each key.
        place: for each key where its later writes begin; one longer than there are keys.
        first_auxiliary: number of the first auxiliary node; two are made for each write.
        users: transactions that precede the writers.
        user_keys: of which key.
        user_kinds: by which kind of dependency.

    Returns:
        Tails, heads and kinds of the edges.
    """
    count = len(keys_of)
    # For each write at most two edges to its writer and two along the chains; for each user one
    # into either chain. numba has no list that is as quick as arrays of a known size.
    capacity = 4 * count + 2 * len(users)
    tails = np.empty(capacity, np.int32)
    heads = np.empty(capacity, np.int32)
    # The chains only pass on what leads into them: the kind of a dependency is on the edge into a
    # chain, and ww is what adds least to a cycle.
    kinds = np.full(capacity, WW, np.uint8)
    edges = 0
    for i in range(count):
        # One node of each chain for a write: `before` leads to this writer and all earlier ones of
        # the key, `after` to this one and all later ones.
        before, after = first_auxiliary + 2 * i, first_auxiliary + 2 * i + 1
        for node in (before, after):
            tails[edges] = node
            heads[edges] = writers[i]
            edges += 1
        # The chains of a key begin with its first write: there is nothing to lead on to yet.
        if i > place[keys_of[i]]:
            tails[edges] = before
            heads[edges] = before - 2
            edges += 1
            tails[edges] = after - 2
            heads[edges] = after
            edges += 1
    for user in range(len(users)):
        t, k = users[user], user_keys[user]
        first, end = place[k], place[k + 1]
        # Writers are sorted, so the user itself, if it is one of them, is found by halving; else
        # the place where it would be cuts the chains in the same way.
        low, high = first, end
        while low < high:
            middle = (low + high) // 2
            if writers[middle] < t:
                low = middle + 1
            else:
                high = middle
        after = low
        if low < end and writers[low] == t:
            after = low + 1
        # Nobody precedes itself: all before the user, all after it, and not the user.
        if low > first:
            tails[edges] = t
            heads[edges] = first_auxiliary + 2 * (low - 1)
            kinds[edges] = user_kinds[user]
            edges += 1
        if after < end:
            tails[edges] = t
            heads[edges] = first_auxiliary + 2 * after + 1
            kinds[edges] = user_kinds[user]
            edges += 1
    return tails[:edges], heads[:edges], kinds[:edges]
