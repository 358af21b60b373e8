"""Values of a history as numbers, where they are plain enough.

Nearly all values recorded are null, a number or a word, a pair of such (a key and a value), or a
key and a pair (a cas). These are kept as a shape and up to three numbers, so that a million of them
need no Python object each; whatever else there is is kept as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.history.columns import Int8, Int64
from splitbrain.checkers.history.words import Words

ATOM, PAIR, NESTED, OTHER = 0, 1, 2, 3
"""Shapes: ``a``, ``[a, b]``, ``[a, [b, c]]``, anything else."""

NULL, FALSE, TRUE, WORDS = 1 << 60, (1 << 60) + 1, (1 << 60) + 2, (1 << 60) + 3
"""Codes of atoms: integers stand for themselves if smaller, words for their place in a table."""

_PLAIN_INTEGER = range(-NULL + 1, NULL)
_CONSTANTS = {None: NULL, False: FALSE, True: TRUE}


class PackedValues(Sequence[Any]):
    """A sequence of values, made when asked for.

    Attributes:
        shape: see the constants.
        codes: three columns of atoms' codes; what a shape has no use for is 0.
        words: the strings that codes stand for.
        others: values of shape `OTHER` by position.
    """

    def __init__(self, shape: Int8, codes: Int64, words: Words, others: dict[int, Any]) -> None:
        self.shape = shape
        self.codes = codes
        self.words = words
        self.others = others

    def __len__(self) -> int:
        return len(self.shape)

    @overload
    def __getitem__(self, position: int) -> Any: ...
    @overload
    def __getitem__(self, position: slice) -> list[Any]: ...
    def __getitem__(self, position: int | slice) -> Any:
        """One value, or a list of them."""
        if isinstance(position, slice):
            return [self._value(i) for i in range(*position.indices(len(self)))]
        return self._value(range(len(self))[position])

    def __iter__(self) -> Iterator[Any]:
        return map(self._value, range(len(self)))

    def _value(self, position: int) -> Any:
        shape = self.shape[position]
        if shape == OTHER:
            return self.others[position]
        a, b, c = self.codes[:, position].tolist()
        if shape == ATOM:
            return self.atom(a)
        if shape == PAIR:
            return [self.atom(a), self.atom(b)]
        return [self.atom(a), [self.atom(b), self.atom(c)]]

    def code(self, atom: Any) -> int | None:
        """The code of an atom, also of a string that is not there; None if it has none."""
        if type(atom) is not str:
            return code_of(atom, {})
        number = self.words.number_of(atom)
        return WORDS + (len(self.words) if number is None else number)

    def atom(self, code: int) -> Any:
        """What a code stands for."""
        if code < NULL:
            return code
        if code >= WORDS:
            return self.words[code - WORDS]
        return None if code == NULL else code == TRUE


def code_of(atom: Any, words: dict[str, int]) -> int | None:
    """The code of an atom, with a place in `words` for a new string; None if it has none."""
    kind = type(atom)
    if kind is int:
        return atom if atom in _PLAIN_INTEGER else None
    if kind is str:
        return WORDS + words.setdefault(atom, len(words))
    return _CONSTANTS[atom] if atom is None or kind is bool else None


def packed(values: Sequence[Any]) -> PackedValues:
    """Values as numbers; what is packed already is given back."""
    if isinstance(values, PackedValues):
        return values
    shape = np.zeros(len(values), dtype=np.int8)
    codes = np.zeros((3, len(values)), dtype=np.int64)
    words: dict[str, int] = {}
    others: dict[int, Any] = {}
    rows = [_row(value, words) for value in values]
    for at, row in enumerate(rows):
        if row is None:
            others[at] = values[at]
            rows[at] = (OTHER, 0, 0, 0)
    table: npt.NDArray[np.int64] = np.array(rows, dtype=np.int64).reshape(len(rows), 4)
    shape[:] = table[:, 0]
    codes[:] = table[:, 1:].T
    return PackedValues(shape, codes, Words.of(words), others)


def _row(value: Any, words: dict[str, int]) -> tuple[int, int, int, int] | None:
    """Shape and codes of a value; None if it has another shape."""
    if type(value) is not list and type(value) is not tuple:
        code = code_of(value, words)
        return None if code is None else (ATOM, code, 0, 0)
    if len(value) != 2:
        return None
    first, second = code_of(value[0], words), value[1]
    if first is None:
        return None
    if type(second) is not list and type(second) is not tuple:
        code = code_of(second, words)
        return None if code is None else (PAIR, first, code, 0)
    if len(second) != 2:
        return None
    old, new = code_of(second[0], words), code_of(second[1], words)
    return None if old is None or new is None else (NESTED, first, old, new)
