"""Micro-operations that were scanned, as far as transactions need them.

Of pieces of a text they are kept as `kernels.folding` says; of all of them, transactions are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.history import History, HistoryError
from splitbrain.checkers.isolation.kernels import folding, numbering, words
from splitbrain.checkers.isolation.kernels.codes import READ
from splitbrain.checkers.isolation.kernels.words import LISTED
from splitbrain.checkers.isolation.transactions import Names, Transactions, statuses

Array = npt.NDArray[Any]

SPARSE = 8
"""How many times more numbers than values there may be before numbers are given out by a table."""

_ELEMENTS_MAX = 1 << 30


@dataclass(frozen=True, slots=True)
class Operations:
    """Micro-operations of a piece of a text; see `kernels.scanning.scan`."""

    offsets: Array
    function: Array
    key: Array
    value: Array
    start: Array
    elements: Array


@dataclass(slots=True)
class Micros:
    """Micro-operations of events, as `folding.fold` has kept them, where each event's begin, and
    what they read. Columns are given up one by one as transactions get theirs (`taken`)."""

    offsets: Array
    function: Array
    key: Array
    value: Array
    start: Array
    length: Array
    lists: Lists

    def taken(self, column: str, places: Array) -> Array:
        """A column at these places; the column itself is gone, for memory has room for it once."""
        found: Array = getattr(self, column)[places]
        setattr(self, column, found[:0])
        return found


class Lists:
    """Lists and keys that were met, as `folding` keeps them."""

    def __init__(self) -> None:
        self._keys = np.zeros((1 << 10, 4), np.int64)
        self._own = np.zeros(1 << 10, np.int64)
        self._table = np.full(1 << 12, -1, np.int32)
        self._arena = np.zeros(1 << 16, np.int32)
        self._segments = np.zeros((1 << 12, 3), np.int64)
        self._state = np.zeros(3, np.int64)

    def fold(self, piece: Operations, wanted: Array) -> tuple[Array, Array, Array, Array, Array]:
        """Keep some events' micro-operations: functions, keys, values, and their lists."""
        count = int(np.diff(piece.offsets)[wanted].sum())
        function, key = np.empty(count, np.int8), np.empty(count, np.int32)
        value, length = np.empty(count, np.int32), np.empty(count, np.int32)
        start = np.empty(count, np.int32)
        row, done, fold = 0, 0, kernels.compiled(folding).fold
        while True:
            row, done = fold(
                wanted, row, done, piece.offsets, piece.key, piece.value, piece.start,
                piece.elements, self._table, self._keys, self._arena, self._segments, self._own,
                self._state, piece.function, function, key, value, start, length,
            )  # fmt: skip
            if row == len(wanted):
                return function, key, value, start, length
            self._grow()

    def _grow(self) -> None:
        """Make more room: of what is most in use, or else of all."""
        used = self._state / (len(self._keys), len(self._segments), len(self._arena))
        more = used >= min(0.5, float(used.max()))
        if more[folding.KEYS]:
            self._keys = np.concatenate((self._keys, np.zeros_like(self._keys)))
            self._own = np.concatenate((self._own, np.zeros_like(self._own)))
            self._table = np.full(4 * len(self._keys), -1, np.int32)
            kernels.compiled(folding).enter_keys(self._table, self._keys, self._state)
        if more[folding.SEGMENTS]:
            self._segments = np.concatenate((self._segments, np.zeros_like(self._segments)))
        if more[folding.PLACES]:
            if len(self._arena) > _ELEMENTS_MAX:
                raise HistoryError(
                    "its reads hold more than a thousand million elements even if what they have "
                    "in common is kept once; give less of the history"
                )
            self._arena = np.concatenate((self._arena, np.zeros_like(self._arena)))

    def names(self) -> Array:
        """Keys' names, by their numbers."""
        return self._keys[: self._state[folding.KEYS], folding.NAME]

    def segments(self, number: Array) -> Array:
        """The segments, with other numbers of keys; those of keys that have none are left out."""
        found = self._segments[: self._state[folding.SEGMENTS]].copy()
        found[:, folding.KEY] = number[found[:, folding.KEY]]
        return found[found[:, folding.KEY] >= 0]

    def arena(self) -> Array:
        """All lists, one after another: a copy."""
        return self._arena[: self._state[folding.PLACES]].copy()


def transactions_from(history: History, micros: Micros, lists: bool) -> Transactions | None:
    """The history's transactions, or None if they must be read one by one (to say why)."""
    invoked, completed, status, rows = statuses(history)
    compiled = kernels.compiled(numbering)
    offsets, places = compiled.chosen_operations(micros.offsets, rows)
    if not _of_this_kind(micros.function[places], micros.value[places], lists):
        return None
    function, key, value, start, length = (
        micros.taken(column, places) for column in ("function", "key", "value", "start", "length")
    )
    del places
    found, arena = micros.lists, micros.lists.arena()
    number, kept = compiled.by_appearance(key, len(found.names()))
    key_of, values = _numbered(key, value, found.segments(number), arena, len(kept), lists)
    return Transactions(
        status=status,
        process=_narrow(history.process[invoked]),
        invoked=invoked,
        completed=completed,
        offsets=offsets,
        kind=np.where(function == words.READ, np.int8(READ), np.int8(0)),
        key=key,
        element=value,
        start=start,
        length=length,
        elements=arena,
        keys=_Integers(found.names()[kept]),
        values=values,
        key_of=key_of,
        key_count=len(kept),
        indices=history.indices,
        events=len(history),
    )


def _of_this_kind(function: Array, value: Array, lists: bool) -> bool:
    """Whether all micro-operations are of list-append, or all of rw-register."""
    reads = function == words.READ
    other = words.WRITE if lists else words.APPEND
    if (function == other).any() or (~reads & (value <= LISTED)).any():
        return False
    if lists:
        return not (reads & (value > LISTED)).any()
    return not (reads & (value == LISTED)).any()


def _narrow(numbers: Array) -> Array:
    """The same numbers in half of the memory, if they fit."""
    return numbers.astype(np.int32) if numbers.max(initial=0) < 2**31 else numbers


class _Integers(Sequence[int]):
    """A column of numbers, as Python's integers."""

    def __init__(self, numbers: Array) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> list[int]: ...
    def __getitem__(self, at: int | slice) -> int | list[int]:
        if isinstance(at, slice):
            found: list[int] = self._numbers[at].tolist()
            return found
        return int(self._numbers[at])

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers.tolist())


class _Dense:
    """Elements whose numbers are as far apart as the values of their key: keys, or values.

    A column of either would be as long as all that was written.
    """

    def __init__(self, ends: Array, shift: Array) -> None:
        """Elements of a key end where those of the next begin.

        Args:
            ends: the first number beyond each key's.
            shift: what to take off a number of each key to have the value.
        """
        self._ends = ends
        self._shift = shift

    def key(self, element: int) -> int:
        """The key of an element."""
        return int(np.searchsorted(self._ends, element, side="right"))

    def value(self, element: int) -> int:
        """Its value."""
        return int(element - self._shift[self.key(element)])


class _Column:
    """What a function gives for each number, as if it were a column of so many."""

    def __init__(self, count: int, of: Callable[[int], int]) -> None:
        self._count = count
        self._of = of

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> int:
        return self._of(number)


def _numbered(
    key: Array, value: Array, segments: Array, arena: Array, keys: int, lists: bool
) -> tuple[Any, Names]:
    """Put elements' numbers in place of values; the key and the value of each element."""
    compiled = kernels.compiled(numbering)
    low, high = compiled.ranges(key, value, segments, arena, keys)
    widths = np.maximum(high - low + 1, 0)
    total = int(widths.sum())
    written = int(np.count_nonzero(value > LISTED))
    if total <= SPARSE * written + 1024 and total < 2**31:
        base = np.cumsum(widths) - widths
        compiled.numbered_densely(key, value, segments, arena, low, base)
        dense = _Dense(base + widths, base - low)
        values = _Column(total, dense.value)
        if lists:
            return _Column(total, dense.key), values
        return np.repeat(np.arange(keys, dtype=np.int32), widths), values
    listed = int(segments[:, folding.USED].sum())
    room = 1 << max(10, int(2 * (written + listed)).bit_length())
    key_of, names = compiled.numbered_by_hash(key, value, segments, arena, room)
    return key_of, _Integers(names)
