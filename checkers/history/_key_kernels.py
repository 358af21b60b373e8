"""Keys of JSON objects compared, in long texts."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from splitbrain.checkers.kernels import borrowing

Array = npt.NDArray[Any]

QUOTE, BACKSLASH, COLON, OPEN, CLOSE, SPACE = 34, 92, 58, 123, 125, 32


@borrowing
def perhaps_repeated(data: Array, begins: Array, ends: Array, opened: Array) -> bool:
    """Whether an object has a key twice, or looks unusual enough to be looked at with care.

    Args:
        data: well-formed JSON, as bytes; or several texts of it one after another.
        begins: room for the places at which keys of the open objects begin.
        ends: room for those at which they end.
        opened: room for how many keys the objects around each open one have.
    """
    at = depth = count = 0
    while at < len(data):
        if data[at] == QUOTE:
            begin = at + 1
            at, escaped = begin, False
            while at < len(data) and data[at] != QUOTE:
                if data[at] == BACKSLASH:
                    escaped = True
                    at += 1
                at += 1
            end = at
            at += 1
            while at < len(data) and data[at] <= SPACE:
                at += 1
            if at >= len(data) or data[at] != COLON:
                continue  # a value
            # The same key may be spelled with an escape or without.
            if escaped or count == len(begins):
                return True
            for other in range(opened[depth], count):
                if ends[other] - begins[other] == end - begin:
                    different = 0
                    for i in range(end - begin):
                        different += data[begins[other] + i] != data[begin + i]
                    if different == 0:
                        return True
            begins[count], ends[count] = begin, end
            count += 1
        elif data[at] == OPEN:
            depth += 1
            if depth == len(opened):
                return True
            opened[depth] = count
        elif data[at] == CLOSE:
            count = opened[depth]
            depth -= 1
            if depth < 0:
                return True
        at += 1
    return False
