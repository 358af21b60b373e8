"""Versions that systems number: a value comes with its version, which tells the order of writes.

    ["r", "x", [7, "a"]]                                    a read saw a, which is version 7
    ["r", "x", {"mod_revision": 7, "value": "a"}]           the same, with a named field
    ["w", "x", [7, "a"]]                                    an ok write was told its version
    ["w", "x", "a"]                                         nobody said

Numbers are whole, and compared within a key; they need not be dense. Those of a value that nobody
ever saw with one stay unknown, and so does its place. How a key started (null) comes first,
whatever number it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.history import OK, History, HistoryError, Operation
from splitbrain.checkers.isolation.registers.versions import VersionOrder
from splitbrain.checkers.isolation.transactions import Transactions
from splitbrain.checkers.models.model import shown

Array = npt.NDArray[Any]

VALUE = "value"
"""The field that has the value, where versions are in a field."""


@dataclass(frozen=True, slots=True)
class Versioned:
    """A history without the numbers of versions, and these.

    Attributes:
        history: with plain values.
        said: by key and value, each with its type: what the version was said to be.
    """

    history: History
    said: Mapping[tuple[Any, ...], set[int]]

    @classmethod
    def of(cls, history: History, field: str | None) -> Versioned:
        """Take values apart.

        Args:
            history: of transactions.
            field: where the version is in an object; None if values are ``[version, value]``.

        Raises:
            HistoryError: an ok read has no version.
        """
        said: dict[tuple[Any, ...], set[int]] = {}
        operations = [_plain(history, op, field, said) for op in history]
        return cls(History.from_operations(operations, source=history.source), said)

    def numbers(self, t: Transactions, elements: Sequence[int]) -> list[list[int]]:
        """What the versions of some elements were said to be, lowest first."""
        found = []
        for element in elements:
            key, value = t.keys[int(t.key_of[element])], t.values[element]
            found.append(sorted(self.said.get(_name(key, value), ())))
        return found


def _name(key: Any, value: Any) -> tuple[Any, ...]:
    return type(key), key, type(value), value


def _plain(
    history: History, op: Operation, field: str | None, said: dict[tuple[Any, ...], set[int]]
) -> Operation:
    """An operation with plain values; what it says of versions is noted."""
    if not isinstance(op.process, int) or not isinstance(op.value, list | tuple):
        return op
    micros = []
    for micro in op.value:
        if not isinstance(micro, list | tuple) or len(micro) != 3:
            micros.append(micro)
            continue
        function, key, value = micro
        number, plain = _taken_apart(value, field)
        if function == "r" and op.type == OK and plain is not None and number is None:
            raise HistoryError(
                f"its read of {shown(key)} returned {shown(value)}, which has no version; "
                f"with versions, values are {_form(field)}",
                path=history.source,
                index=op.index,
            )
        if number is not None and plain is not None and _scalar(key) and _scalar(plain):
            said.setdefault(_name(key, plain), set()).add(number)
        micros.append([function, key, plain])
    return replace(op, value=micros)


def _form(field: str | None) -> str:
    return "[version, value]" if field is None else f'{{"{field}": version, "{VALUE}": value}}'


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _taken_apart(value: Any, field: str | None) -> tuple[int | None, Any]:
    """The version and the plain value; no version if it has none."""
    if field is None:
        if isinstance(value, list | tuple) and len(value) == 2 and type(value[0]) is int:
            return value[0], value[1]
    elif isinstance(value, Mapping) and type(value.get(field)) is int:
        return value[field], value.get(VALUE)
    return None, value


def numbered_order(
    t: Transactions, writer: Array, elements: Array, numbers: Sequence[Sequence[int]], reason: int
) -> VersionOrder:
    """Each version before the next higher one of its key.

    Numbers that contradict each other order versions both ways: two that have the same number, and
    one with two numbers, which comes before itself.

    Args:
        t: the transactions.
        writer: of each element.
        elements: those that stay.
        numbers: of these, lowest first; empty if unknown.
        reason: why they are in that order.
    """
    keys = t.key_of[elements].tolist()
    places = [at for at, number in enumerate(numbers) if len(number)]
    places.sort(key=lambda at: (keys[at], numbers[at][0]))
    before, after = [], []
    for at, following in pairwise(places):
        if keys[at] == keys[following]:
            before.append(at)
            after.append(following)
            if numbers[at][0] == numbers[following][0]:
                before.append(following)
                after.append(at)
    twice = [at for at in places if len(numbers[at]) > 1]
    lower = elements[np.array([*before, *twice], np.int64)]
    upper = elements[np.array([*after, *twice], np.int64)]
    return VersionOrder(lower, upper, np.full(len(lower), reason), writer[lower], writer[upper])
