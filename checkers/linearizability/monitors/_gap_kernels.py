"""A kernel that finds the shortest time for which each element of a priority queue is inside."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


@jit
def next_free(link: Array, gap: int) -> int:
    """The first gap from this one on that is free; paths are halved on the way (Tarjan)."""
    while link[gap] != gap:
        link[gap] = link[link[gap]]
        gap = link[gap]
    return gap


@jit
def shortest_stays(
    put_return: Array,
    take_call: Array,
    take_return: Array,
    empty_call: Array,
    empty_return: Array,
    horizon: int,
) -> tuple[Array, Array, int]:
    """The gap of each removal, elements being given from least to greatest.

    Returns:
        The gaps of elements' removals (``horizon`` without one) and of removals that met nothing;
        then -1, or the number of the first removal without a gap, elements counted first.
    """
    link = np.arange(horizon + 1)
    gaps = np.full(len(put_return), horizon, np.int64)
    empty_gaps = np.empty(len(empty_call), np.int64)
    for i in range(len(put_return)):
        gap = next_free(link, take_call[i])
        if gap >= take_return[i] and take_call[i] < horizon:
            return gaps, empty_gaps, i
        gaps[i] = gap
        covered = next_free(link, put_return[i])
        while covered < gap:
            link[covered] = covered + 1
            covered = next_free(link, covered)
    for i in range(len(empty_call)):
        empty_gaps[i] = next_free(link, empty_call[i])
        if empty_gaps[i] >= empty_return[i]:
            return gaps, empty_gaps, len(put_return) + i
    return gaps, empty_gaps, -1
