"""Strings of a history, kept as bytes: a million of them need no Python object each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.history.columns import Int64

UInt8 = npt.NDArray[np.uint8]


class Words(Sequence[str]):
    """Strings by number, made when asked for.

    Attributes:
        letters: the bytes of all strings, one after another, in UTF-8 (surrogates included).
        starts: where the bytes of each string begin, and where those of the last end.
    """

    def __init__(self, letters: UInt8, starts: Int64) -> None:
        self.letters = letters
        self.starts = starts

    @classmethod
    def of(cls, words: Iterable[str]) -> Words:
        """Given strings."""
        encoded = [_encoded(word) for word in words]
        starts = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(word) for word in encoded], out=starts[1:])
        return cls(np.frombuffer(bytearray(b"".join(encoded)), dtype=np.uint8), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        """One string, or a list of them."""
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        at = range(len(self))[number]
        letters = self.letters[self.starts[at] : self.starts[at + 1]]
        return letters.tobytes().decode("utf-8", "surrogatepass")

    def number_of(self, word: str) -> int | None:
        """The number of a string, or None if it is not there. O(n), on arrays."""
        letters = np.frombuffer(_encoded(word), dtype=np.uint8)
        alike = np.flatnonzero(np.diff(self.starts) == len(letters))
        for place, letter in enumerate(letters):
            alike = alike[self.letters[self.starts[alike] + place] == letter]
        return int(alike[0]) if len(alike) else None


def _encoded(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")
