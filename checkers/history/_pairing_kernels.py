"""A kernel over the processes of a long history."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from splitbrain.checkers.kernels import borrowing

Array = npt.NDArray[Any]


@borrowing
def link(process: Array, last: Array, previous: Array) -> None:
    """The event before each, in the same client's process.

    Args:
        process: of each event; those below 0 are no clients.
        last: -1 for each client.
        previous: filled: positions, -1 where there is none.
    """
    for at in range(len(process)):
        who = process[at]
        if who < 0:
            previous[at] = -1
        else:
            previous[at] = last[who]
            last[who] = at
