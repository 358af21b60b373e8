"""What each step of a dataflow does with its rows: pure functions of their inputs.

A row is a tuple that begins with its key; one that was read from a text has its line's position in
it, so that an order that depends on the input alone can be had again, whatever the order in which
rows arrive. Floats are summed exactly (Shewchuk 1997, by `math.fsum`), for the same reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import fsum
from typing import Any
from zlib import crc32

Row = tuple[Any, ...]
Rows = tuple[Row, ...]

SAME, HASH, RANGE, ALL = "same", "hash", "range", "all"
"""Which rows of an earlier step a partition reads: those of the partition of its number, those
whose key or number belongs to it, of all partitions; or all rows."""

NUMBERS = 100
"""Numbers of lines are below this; by them rows are spread over ranges."""

GAP = 20
"""A session ends that long after its last event."""


def bucket_of(row: Row, wiring: str, partitions: int) -> int:
    """Which partition a row belongs to: the same in each attempt, at each worker."""
    if wiring == RANGE:
        return min(int(row[1]) * partitions // NUMBERS, partitions - 1)
    return crc32(str(row[0]).encode()) % partitions


class Operators:
    """The operators, by name. Bugs put others in their place."""

    def run(self, operator: str, inputs: Sequence[Rows]) -> Rows:
        """What an operator makes of its inputs.

        Raises:
            ValueError: there is no such operator.
        """
        match operator:
            case "words":
                return tuple(
                    sorted(Counter(w for _, line in inputs[0] for w in line.split()).items())
                )
            case "keyed":
                return tuple(_keyed(inputs[0]))
            case "copied":
                return inputs[0]
            case "summed":
                return tuple((key, sum(n for _, n in rows)) for key, rows in _grouped(inputs[0]))
            case "totals":
                return tuple((key, self.total(rows)) for key, rows in _grouped(inputs[0]))
            case "ranked":
                return tuple((key, number) for key, number, _ in self.in_order(inputs[0]))
            case "sessions":
                return tuple(_sessions(inputs[0]))
            case "hash-join":
                return tuple(hash_join(*inputs))
            case "merge-join":
                return tuple(merge_join(*inputs))
        raise ValueError(f"there is no operator {operator!r}")

    def total(self, rows: Sequence[Row]) -> float:
        """The sum of a key's numbers, in tenths: exact, then rounded once."""
        return fsum(number / 10 for _, number, *_ in rows)

    def in_order(self, rows: Rows) -> list[Row]:
        """Rows by their numbers; equal ones in the order of the input."""
        return sorted(rows, key=lambda row: (row[1], row[2]))


def _keyed(rows: Iterable[Row]) -> Iterator[Row]:
    for position, line in rows:
        key, number = line.split(" ")
        yield key, int(number), position


def _grouped(rows: Iterable[Row]) -> list[tuple[Any, list[Row]]]:
    """Rows by key, keys in order, the rows of each as they came."""
    return [(key, list(group)) for key, group in groupby(sorted(rows, key=_key), _key)]


def _key(row: Row) -> str:
    return str(row[0])


def _sessions(rows: Iterable[Row]) -> Iterator[Row]:
    """User, start, end and count of each session."""
    for user, group in _grouped(rows):
        times = sorted(time for _, time, *_ in group)
        start, count = times[0], 0
        for time, following in zip(times, (*times[1:], None), strict=True):
            count += 1
            if following is None or following >= time + GAP:
                yield user, start, time + GAP, count
                start, count = following, 0


def hash_join(facts: Rows, table: Rows) -> Iterator[Row]:
    """Key, number and value of each pair: the table is held in memory, by key."""
    values: dict[Any, list[Any]] = {}
    for key, value, *_ in table:
        values.setdefault(key, []).append(value)
    for key, number, *_ in facts:
        for value in values.get(key, ()):
            yield key, number, value


def merge_join(facts: Rows, table: Rows) -> Iterator[Row]:
    """The same by sorting both and going through them side by side, a key of each in memory."""
    left, right = iter(_grouped(facts)), iter(_grouped(table))
    mine, theirs = next(left, None), next(right, None)
    while mine is not None and theirs is not None:
        if mine[0] == theirs[0]:
            for key, number, *_ in mine[1]:
                yield from ((key, number, value) for _, value, *_ in theirs[1])
        ahead, behind = mine[0] >= theirs[0], mine[0] <= theirs[0]
        mine = next(left, None) if behind else mine
        theirs = next(right, None) if ahead else theirs
