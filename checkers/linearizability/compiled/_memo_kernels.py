"""Kernels for the table of configurations: open addressing, an empty row has 0 in front.

A row is position + 1, state, position of the last blind operation, then the masks of placed and of
used operations.
"""

from __future__ import annotations

from splitbrain.checkers.kernels import borrowing, inlined
from splitbrain.checkers.linearizability.compiled.layout import (
    DEPTH,
    ENTRIES,
    F_LAST,
    F_MASKS,
    F_POSITION,
    F_STATE,
    LAST,
    MORE,
    PLACED,
    POSITION,
    STATE,
    WORDS,
    Array,
)

T_POSITION, T_STATE, T_LAST, T_MASKS = 0, 1, 2, 3


@inlined
def mixed(code: int, word: int) -> int:
    """A hash of 32 bits and a word of up to 62; products stay below 2**62."""
    code = (code ^ (word & 0x7FFFFFFF)) * 0x2C1B3C6D
    code = (code ^ (code >> 29)) & 0xFFFFFFFF
    if word > 0x7FFFFFFF:
        code = (code ^ (word >> 31)) * 0x297A2D39
        code = (code ^ (code >> 28)) & 0xFFFFFFFF
    return code


@inlined
def hashed(position: int, state: int, masks: Array, first: int, words: int) -> int:
    """The hash of position, state and the placed operations; used ones are compared, not hashed."""
    code = mixed(mixed(0x45D9F3B, position), state + 1)
    for i in range(first, first + words):
        code = mixed(code, masks[i])
    return code ^ (code >> 15)


@inlined
def known(
    table: Array,
    position: int,
    state: int,
    last: int,
    masks: Array,
    first: int,
    words: int,
    more: int,
) -> bool:
    """Whether a configuration noted before dominates this one.

    ``masks`` has ``words`` words of placed operations from ``first`` on, ``more`` of used ones.
    """
    rows = table.shape[0]
    # Neither used optional operations nor the last blind one are in the hash: what dominates must
    # be met on the same way through the table.
    row = hashed(position + 1, state, masks, first, words) & (rows - 1)
    while table[row, T_POSITION] != 0:
        same = table[row, T_POSITION] == position + 1 and table[row, T_STATE] == state
        # Rule 5: it could insert at least as much after the fact, and had used no optional
        # operation that this one has not.
        same = same and table[row, T_LAST] >= last
        for i in range(words):
            same = same and table[row, T_MASKS + i] == masks[first + i]
        for i in range(words, words + more):
            same = same and (table[row, T_MASKS + i] & ~masks[first + i]) == 0
        if same:
            return True
        row = (row + 1) & (rows - 1)
    return False


@borrowing
def remember(
    table: Array,
    position: int,
    state: int,
    last: int,
    masks: Array,
    first: int,
    words: int,
    more: int,
) -> int:
    """Note a configuration that is not `known`, in the place of one that it dominates if any.

    Gives how many rows more are taken now: 1 or 0.
    """
    rows = table.shape[0]
    row = hashed(position + 1, state, masks, first, words) & (rows - 1)
    added = 1
    while table[row, T_POSITION] != 0:
        same = table[row, T_POSITION] == position + 1 and table[row, T_STATE] == state
        # The other way round: the new one says all that the old one says.
        same = same and table[row, T_LAST] <= last
        for i in range(words):
            same = same and table[row, T_MASKS + i] == masks[first + i]
        for i in range(words, words + more):
            same = same and (masks[first + i] & ~table[row, T_MASKS + i]) == 0
        if same:
            added = 0
            break
        row = (row + 1) & (rows - 1)
    table[row, T_POSITION] = position + 1
    table[row, T_STATE] = state
    table[row, T_LAST] = last
    for i in range(words + more):
        table[row, T_MASKS + i] = masks[first + i]
    return added


@borrowing
def rehash(old: Array, new: Array, words: int, least: int) -> int:
    """Put a table's rows for positions from ``least`` on into an empty one; gives their number."""
    rows, count = new.shape[0], 0
    for i in range(old.shape[0]):
        if old[i, T_POSITION] > least:  # it holds the position + 1
            count += 1
            code = hashed(old[i, T_POSITION], old[i, T_STATE], old[i], T_MASKS, words)
            row = code & (rows - 1)
            while new[row, T_POSITION] != 0:
                row = (row + 1) & (rows - 1)
            for j in range(new.shape[1]):
                new[row, j] = old[i, j]
    return count


@inlined
def explored(m: Array, table: Array, frames: Array) -> bool:
    """Whether a configuration that failed, or one from which this one was reached, dominates it.

    Only optional operations lead back to a state at the same event.
    """
    if m[ENTRIES] > 0 and known(
        table, m[POSITION], m[STATE], m[LAST], m, PLACED, m[WORDS], m[MORE]
    ):
        return True
    # Without optional operations every choice brings the search forward: no configuration on the
    # stack can be met again.
    if m[MORE] == 0:
        return False
    depth = m[DEPTH] - 1
    # Positions on the stack never decrease, so those of this event are on top.
    while depth >= 0 and frames[depth, F_POSITION] == m[POSITION]:
        same = frames[depth, F_STATE] == m[STATE] and frames[depth, F_LAST] >= m[LAST]
        for i in range(m[WORDS]):
            same = same and frames[depth, F_MASKS + i] == m[PLACED + i]
        for i in range(m[WORDS], m[WORDS] + m[MORE]):
            same = same and (frames[depth, F_MASKS + i] & ~m[PLACED + i]) == 0
        if same:
            return True
        depth -= 1
    return False


@inlined
def note(m: Array, table: Array, frames: Array) -> None:
    """Note the configuration of the topmost frame as one that need not be explored again."""
    frame = frames[m[DEPTH] - 1]
    position, state, last = frame[F_POSITION], frame[F_STATE], frame[F_LAST]
    m[ENTRIES] += remember(table, position, state, last, frame, F_MASKS, m[WORDS], m[MORE])
