"""Kernels over all that is reachable: a row of bits for each node, and what follows from it.

Nodes are transactions, or under snapshot isolation their begins and commits: of transaction t the
nodes ``halves * t`` and ``halves * t + halves - 1``. Dependencies on writes end at the first and
begin at the second; anti-dependencies begin at the first and end at the second (see `schedule`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.codes import NONE, RW, WW
from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


@jit
def reaches(reached: Array, source: int, target: int) -> bool:
    """Whether a way leads from a node to another."""
    word: int = reached[source, target >> 6] >> np.int64(target & 63)
    return word & 1 != 0


@jit
def closure(offsets: Array, targets: Array, order: Array, columns: int) -> tuple[Array, Array]:
    """What each node of a graph without cycles reaches.

    Args:
        offsets: see `graphs.adjacency`.
        targets: of each node, whatever comes first in topological order first.
        order: nodes, each after all that it leads to.
        columns: what is reached is noted of nodes below this one only.

    Returns:
        A row of words for each node, a bit for each column; and which edges are needed: the others
        lead where a way over several edges leads too (the transitive reduction: Aho, Garey and
        Ullman, SIAM J. Comput. 1972).
    """
    words = (columns + 63) // 64
    reached = np.zeros((len(offsets) - 1, words), np.int64)
    needed = np.ones(len(targets), np.bool_)
    for node in order:
        for edge in range(offsets[node], offsets[node + 1]):
            target = targets[edge]
            if target < columns:
                # Nearest first: if a way over a nearer one leads there, it was noted by now.
                if reaches(reached, node, target):
                    needed[edge] = False
                    continue
                reached[node, target >> 6] |= np.int64(1) << np.int64(target & 63)
            for word in range(words):
                reached[node, word] |= reached[target, word]
    return reached, needed


@jit
def obstacle(
    reached: Array, write: int, later: int, owner: Array, place: Array, readers: Array, halves: int
) -> int:
    """Why a write cannot come before that of another transaction.

    Then the write's transaction and all who read it would precede the other, and one of them
    follows it: twice its number, for an anti-dependency one more; or `NONE`.
    """
    first: int = owner[write]
    if reaches(reached, halves * later, halves * first + halves - 1):
        return 2 * first
    for at in range(place[write], place[write + 1]):
        reader: int = readers[at]
        if reader != later and reaches(reached, halves * later + halves - 1, halves * reader):
            return 2 * reader + 1
    return NONE


@jit
def settle(
    reached: Array,
    one: Array,
    other: Array,
    owner: Array,
    place: Array,
    readers: Array,
    halves: int,
    sign: Array,
    cause: Array,
    rounds: Array,
    now: int,
) -> tuple[int, int, int]:
    """Decide pairs of writes of which one order is impossible.

    Args:
        reached: see `closure`.
        one: a write of each pair.
        other: the other one.
        owner: transaction of each write.
        place: where its readers begin in ``readers``; one longer.
        readers: transactions.
        halves: see the module.
        sign: of each pair 1 if the first write comes first, -1 if the second does, 0 if open.
        cause: of each pair decided here, the `obstacle` of the other order.
        rounds: of each pair decided here, ``now``.
        now: number of the round.

    Returns:
        How many were decided; a pair of which neither order is possible, or `NONE`, and then the
        obstacle of its second order (that of the first is in ``cause``).
    """
    settled = 0
    for pair in range(len(one)):
        if sign[pair] != 0:
            continue
        a, b = one[pair], other[pair]
        forward = obstacle(reached, a, owner[b], owner, place, readers, halves)
        backward = obstacle(reached, b, owner[a], owner, place, readers, halves)
        if forward == NONE and backward == NONE:
            continue
        rounds[pair] = now
        if forward != NONE and backward != NONE:
            cause[pair] = forward
            return settled, pair, backward
        sign[pair] = 1 if forward == NONE else -1
        cause[pair] = backward if forward == NONE else forward
        settled += 1
    return settled, NONE, NONE


@jit
def consequences(
    reached: Array,
    one: Array,
    other: Array,
    owner: Array,
    place: Array,
    readers: Array,
    halves: int,
    sign: Array,
    chosen: Array,
) -> tuple[Array, Array, Array, Array]:
    """Dependencies that the order of some pairs brings, but for those that are ways already.

    Returns:
        Source, target, kind and literal: the number of the pair from 1, negative if its second
        write comes first.
    """
    # First counted, then written: they may be many, and arrays that grow need twice the room.
    count = 0
    for fill in range(2):
        if fill == 1:
            source = np.empty(count, np.int32)
            target = np.empty(count, np.int32)
            kind = np.empty(count, np.uint8)
            literal = np.empty(count, np.int32)
        count = 0
        for pair in chosen:
            forward = sign[pair] > 0
            early = one[pair] if forward else other[pair]
            later = owner[other[pair]] if forward else owner[one[pair]]
            first = owner[early]
            if not reaches(reached, halves * first + halves - 1, halves * later):
                if fill == 1:
                    source[count], target[count], kind[count] = first, later, WW
                    literal[count] = pair + 1 if forward else -pair - 1
                count += 1
            for at in range(place[early], place[early + 1]):
                reader = readers[at]
                if reader == later:
                    continue
                if not reaches(reached, halves * reader, halves * later + halves - 1):
                    if fill == 1:
                        source[count], target[count], kind[count] = reader, later, RW
                        literal[count] = pair + 1 if forward else -pair - 1
                    count += 1
    return source, target, kind, literal
