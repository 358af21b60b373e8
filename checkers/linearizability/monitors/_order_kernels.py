"""A kernel that sorts elements topologically by two interval orders at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.kernels import jit

Array = npt.NDArray[Any]


@jit
def extension(
    put_call: Array,
    put_return: Array,
    take_call: Array,
    take_return: Array,
    by_put_call: Array,
    by_put_return: Array,
    by_take_call: Array,
    by_take_return: Array,
) -> Array:
    """All elements in an order in which none comes before one that must precede it.

    An element is free to go next when no remaining one's interval ends before its own begins, for
    insertions and for removals. As elements leave, the least end of those remaining only grows, so
    four pointers into sorted columns find everything in linear time.

    Returns:
        The elements ordered; fewer than given if there is a cycle.
    """
    number = len(put_call)
    order = np.empty(number, np.int64)
    free = np.empty(number, np.int64)
    released = np.zeros(number, np.int8)
    gone = np.zeros(number, np.bool_)
    done = waiting = 0
    put_next = put_least = take_next = take_least = 0
    while done < number:
        while gone[by_put_return[put_least]]:
            put_least += 1
        limit = put_return[by_put_return[put_least]]
        while put_next < number and put_call[by_put_call[put_next]] <= limit:
            element = by_put_call[put_next]
            put_next += 1
            released[element] += 1
            if released[element] == 2:
                free[waiting] = element
                waiting += 1
        while gone[by_take_return[take_least]]:
            take_least += 1
        limit = take_return[by_take_return[take_least]]
        while take_next < number and take_call[by_take_call[take_next]] <= limit:
            element = by_take_call[take_next]
            take_next += 1
            released[element] += 1
            if released[element] == 2:
                free[waiting] = element
                waiting += 1
        if waiting == 0:
            break
        waiting -= 1
        gone[free[waiting]] = True
        order[done] = free[waiting]
        done += 1
    return order[:done]
