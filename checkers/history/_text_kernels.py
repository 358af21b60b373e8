"""Kernels over long texts: keys of JSON objects compared, words copied."""

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
        # Brackets within strings are no brackets, so strings are taken whole.
        if data[at] == QUOTE:
            begin = at + 1
            at, escaped = begin, False
            while at < len(data) and data[at] != QUOTE:
                if data[at] == BACKSLASH:
                    # The character after it is no end, whatever it is.
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
            # The keys of this object alone: those of the objects around it come before.
            for other in range(opened[depth], count):
                if ends[other] - begins[other] == end - begin:
                    # Without a way out of the loop: it is compiled to compare many bytes at once,
                    # and keys are short.
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
            # Its keys are forgotten; those of the object around it count again.
            count = opened[depth]
            depth -= 1
            if depth < 0:
                return True
        at += 1
    return False


@borrowing
def copy_words(text: Array, spans: Array, letters: Array) -> None:
    """Put the bytes between the given places, one after another, into ``letters``."""
    at = 0
    for word in range(len(spans)):
        for place in range(spans[word, 0], spans[word, 1]):
            letters[at] = text[place]
            at += 1
