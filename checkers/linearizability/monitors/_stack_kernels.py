"""Kernels that nest the elements of a stack; `splitbrain.checkers.linearizability.monitors.stack`
explains.

Elements are sorted by the completion of their push. Positions are those of the sorted ends of their
stays (completions of pushes and invocations of pops); gap p lies between positions p and p + 1.

Trees are binary, in arrays, with the leaves in the second half and node 1 as root.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]

BIG = 1 << 60


@jit
def leaves_for(number: int) -> int:
    """The least power of two that is at least this."""
    size = 1
    while size < number:
        size *= 2
    return size


@jit
def minimum_tree(values: Array) -> Array:
    """A tree each inner node of which has the least of its two children."""
    size = leaves_for(len(values))
    tree = np.full(2 * size, BIG, np.int64)
    tree[size : size + len(values)] = values
    for node in range(size - 1, 0, -1):
        tree[node] = min(tree[2 * node], tree[2 * node + 1])
    return tree


@jit
def first_below(tree: Array, start: int, stop: int, limit: int) -> int:
    """The first leaf from `start` to before `stop` whose value is less than the limit, or -1."""
    size = len(tree) // 2
    node = start + size
    if start >= stop:
        return -1
    while tree[node] >= limit:
        while node & 1:
            node >>= 1
        if node == 0:
            return -1
        node += 1
    while node < size:
        node *= 2
        if tree[node] >= limit:
            node += 1
    return node - size if node - size < stop else -1


@jit
def set_leaf(tree: Array, leaf: int, value: int) -> None:
    """Change one value."""
    node = leaf + len(tree) // 2
    tree[node] = value
    node //= 2
    while node:
        tree[node] = min(tree[2 * node], tree[2 * node + 1])
        node //= 2


@jit
def raise_range(tree: Array, added: Array, start: int, stop: int, amount: int) -> None:
    """Add to the values from `start` to before `stop`; `added` has what children don't know of."""
    size = len(tree) // 2
    left, right = start + size, stop + size
    low, high = left, right - 1
    while left < right:
        if left & 1:
            tree[left] += amount
            added[left] += amount
            left += 1
        if right & 1:
            right -= 1
            tree[right] += amount
            added[right] += amount
        left //= 2
        right //= 2
    for end in (low, high):
        node = end // 2
        while node:
            tree[node] = min(tree[2 * node], tree[2 * node + 1]) + added[node]
            node //= 2


@jit
def first_zero(tree: Array, added: Array, start: int, stop: int) -> int:
    """The first leaf from `start` to before `stop` whose value is zero, or -1."""
    size = len(tree) // 2
    nodes = np.empty(128, np.int64)
    sums = np.empty(128, np.int64)
    lows = np.empty(128, np.int64)
    widths = np.empty(128, np.int64)
    nodes[0], sums[0], lows[0], widths[0] = 1, 0, 0, size
    depth = 1
    while depth:
        depth -= 1
        node, above, low, width = nodes[depth], sums[depth], lows[depth], widths[depth]
        if low >= stop or low + width <= start or tree[node] + above > 0:
            continue
        if node >= size:
            return int(low)
        above += added[node]
        half = width // 2
        for child in (1, 0):  # the left one is looked at first
            nodes[depth], sums[depth] = 2 * node + child, above
            lows[depth], widths[depth] = low + child * half, half
            depth += 1
    return -1


@jit
def covers(put_return: Array, take_call: Array, ends: Array) -> tuple[Array, Array]:
    """For each gap how many stays cover it, and for each position how many start before it."""
    count = np.zeros(len(ends), np.int64)
    for i in range(len(put_return)):
        count[np.searchsorted(ends, put_return[i])] += 1
        count[np.searchsorted(ends, take_call[i])] -= 1
    starts = np.zeros(len(ends) + 1, np.int64)
    total = 0
    for p in range(len(ends)):
        starts[p + 1] = starts[p] + (1 if count[p] > 0 else 0)
        total += count[p]
        count[p] = total
    return count, starts


@jit
def nested(
    put_call: Array, put_return: Array, take_call: Array, take_return: Array, ends: Array
) -> tuple[Array, Array, int, int]:
    """An order of pushes and pops, or a block in which no element can be lowest.

    Args:
        put_call: ranks of the elements' events, in order of `put_return`; likewise the next three.
        put_return: see above.
        take_call: see above.
        take_return: see above.
        ends: all of `put_return` and `take_call`, sorted.

    Returns:
        For each event twice its element's number (plus one for a pop), and twice the rank that it
        happens at (less or more one); then -1 twice, or the ranks at which the block starts and
        ends.
    """
    number = len(put_call)
    events = np.empty(2 * number, np.int64)
    times = np.empty(2 * number, np.int64)
    count, starts = covers(put_return, take_call, ends)
    cover = minimum_tree(count)
    added = np.zeros(len(cover), np.int64)
    early = minimum_tree(put_call)
    late = minimum_tree(-take_return)
    ready = np.zeros(number, np.int8)
    bottom = np.empty(number, np.int64)
    # A block [low, high) of gaps still to do, or a pop still to be written (high is -1).
    low = np.empty(4 * number + 4, np.int64)
    high = np.empty(4 * number + 4, np.int64)
    owner = np.empty(4 * number + 4, np.int64)
    depth, done = blocks(cover, added, low, high, 0, 0, len(ends)), 0
    while depth:
        depth -= 1
        left, right = low[depth], high[depth]
        if right < 0:
            events[done], times[done] = 2 * owner[depth] + 1, 2 * ends[left] + 1
            done += 1
            continue
        first, last = ends[left], ends[right]
        found = lowest(early, ready, bottom, 0, starts[left], starts[right], first)
        found = lowest(late, ready, bottom, found, starts[left], starts[right], -last)
        if found == 0:
            return events[:done], times[:done], first, last
        for i in range(found):
            element = bottom[i]
            events[done], times[done] = 2 * element, 2 * first - 1
            done += 1
            low[depth], high[depth], owner[depth] = right, -1, element
            depth += 1
            start = np.searchsorted(ends, put_return[element])
            raise_range(cover, added, start, np.searchsorted(ends, take_call[element]), -1)
        depth = blocks(cover, added, low, high, depth, left, right)
    return events[:done], times[:done], -1, -1


@jit
def lowest(
    tree: Array, ready: Array, bottom: Array, found: int, start: int, stop: int, limit: int
) -> int:
    """Take elements below the limit from a tree; those taken from both can be lowest."""
    element = first_below(tree, start, stop, limit)
    while element >= 0:
        set_leaf(tree, element, BIG)
        ready[element] += 1
        if ready[element] == 2:
            bottom[found] = element
            found += 1
        element = first_below(tree, element + 1, stop, limit)
    return found


@jit
def blocks(
    cover: Array, added: Array, low: Array, high: Array, depth: int, start: int, stop: int
) -> int:
    """Put the stretches between uncovered gaps on the list of blocks to do, the first on top.

    Uncovered gaps are never looked at again, so they are found once each.
    """
    base = depth
    while start < stop:
        gap = first_zero(cover, added, start, stop)
        if gap >= 0:
            raise_range(cover, added, gap, gap + 1, BIG)
        else:
            gap = stop
        if gap > start:
            low[depth], high[depth] = start, gap
            depth += 1
        start = gap + 1
    for i in range((depth - base) // 2):
        j, k = base + i, depth - 1 - i
        low[j], low[k] = low[k], low[j]
        high[j], high[k] = high[k], high[j]
    return depth
