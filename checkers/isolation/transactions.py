"""Transactions as columns, from a history of micro-operations.

A transaction's value is a list of micro-operations, as Jepsen and elle-cli write them:

    [["append", "x", 1], ["r", "y", null]]      list-append: a read returns a list
    [["w", "x", 1], ["r", "y", null]]           rw-register: a read returns one value

Reads have ``null`` (or nothing) where they are invoked, and what they saw in an ``ok`` completion
(an empty list may be ``null`` there too). Keys and elements are strings, numbers or booleans. In
the columns both are numbers: keys from 0, and *elements* (a value of a key) from 0 for the whole
history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.history import History, HistoryError
from splitbrain.checkers.history.columns import INVOKE_CODE
from splitbrain.checkers.isolation.kernels.codes import INFO, NONE, OK, READ, WRITE
from splitbrain.checkers.models.model import shown

Array = npt.NDArray[Any]


_SCALARS = (str, int, float, bool)
_Scalar = str | int | float | bool


class Names(Protocol):
    """What keys or elements are called in the history."""

    def __getitem__(self, number: int, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Transactions:
    """Clients' transactions in the order of their invocations.

    Attributes:
        status: ok, fail or info, as positions in `splitbrain.checkers.history.TYPES`; one that
            never completed is info.
        process: number of the client's process.
        invoked: position of the invocation in the history.
        completed: position of an ok or fail completion; -1 for info.
        offsets: where each transaction's micro-operations begin; one longer than `status`. They are
            those of the completion if it is ok, else of the invocation.
        kind: of each micro-operation, `WRITE` (or append) or `READ`.
        key: of each micro-operation.
        element: what a write writes, or a register's read saw; -1 for null and for reads of lists.
        start: where the list that each micro-operation read begins in `elements`.
        length: how long it is; 0 for none.
        elements: what lists held; several may share a part of it.
        keys: names of keys.
        values: values of elements.
        key_of: the key of each element; of lists it may be no array.
        key_count: number of keys.
        indices: ``Operation.index`` of each position in the history.
        events: number of events in the history.
    """

    status: Array
    process: Array
    invoked: Array
    completed: Array
    offsets: Array
    kind: Array
    key: Array
    element: Array
    start: Array
    length: Array
    elements: Array
    keys: Names
    values: Names
    key_of: Any
    key_count: int
    indices: Array
    events: int

    def __len__(self) -> int:
        return len(self.status)

    @property
    def element_count(self) -> int:
        """Number of elements."""
        return len(self.key_of)

    @property
    def size(self) -> int:
        """How many steps a pass over everything takes."""
        return len(self.kind) + int(self.length.sum(dtype=np.int64))

    def list_read(self, operation: int) -> list[Any]:
        """The values that a micro-operation read."""
        return [self.values[e] for e in self.read_elements(operation).tolist()]

    def read_elements(self, operation: int) -> Array:
        """The elements that a micro-operation read."""
        start = self.start[operation]
        return np.asarray(self.elements[start : start + self.length[operation]])

    def owner(self, operation: int) -> int:
        """The transaction of a micro-operation."""
        return int(np.searchsorted(self.offsets, operation, side="right")) - 1

    def name(self, transaction: int) -> str:
        """What messages call a transaction: T1 for the first one invoked."""
        return f"T{transaction + 1}"

    def index_of(self, transaction: int) -> int:
        """``Operation.index`` of a transaction's completion, or else of its invocation."""
        at = self.completed[transaction]
        return int(self.indices[at if at != NONE else self.invoked[transaction]])

    def written(self, transaction: int) -> str:
        """A transaction's micro-operations, as people write them."""
        words = []
        for m in range(int(self.offsets[transaction]), int(self.offsets[transaction + 1])):
            words.append(self._micro_operation(m, int(self.status[transaction]) == OK))
        return ", ".join(words)

    def _micro_operation(self, m: int, completed: bool) -> str:
        key = self.keys[int(self.key[m])]
        if self.kind[m] == WRITE:
            return f"write {shown(self.values[int(self.element[m])])} to {shown_key(key)}"
        if not completed:
            return f"read {shown_key(key)}"
        if self.length[m]:
            return f"read {shown_key(key)} = {shown_list(self.list_read(m))}"
        value = "nothing" if self.element[m] == NONE else shown(self.values[int(self.element[m])])
        return f"read {shown_key(key)} = {value}"


def transactions_of(history: History, *, lists: bool) -> Transactions:
    """The transactions of a history.

    Args:
        history: its clients' operations must all be transactions.
        lists: True for list-append, False for rw-register.

    Raises:
        HistoryError: an operation is no transaction of this kind; the message names it.
    """
    make = getattr(history.values, "transactions", None)
    if make is not None:
        made: Transactions | None = make(history, lists=lists)
        if made is not None:
            return made
    return _Reader(history, lists).read()


def shown_key(key: Any) -> str:
    """A key as people write it: strings without quotes."""
    return key if isinstance(key, str) else shown(key)


def shown_list(values: Sequence[Any], around: int | None = None) -> str:
    """A list as Elle writes it, ``[1 2 3]``; long ones show a few places and where they end.

    Args:
        values: the list.
        around: a place of which a long list shows the neighborhood.
    """
    count = len(values)
    places = list(range(count))
    if count > 12:
        middle = count - 3 if around is None else around
        near = (*range(2), *range(middle - 3, middle + 4), count - 1)
        places = sorted({place for place in near if 0 <= place < count})
    words, last = [], -1
    for place in places:
        if place > last + 1:
            words.append("...")
        words.append(shown(values[place]))
        last = place
    return f"[{' '.join(words)}]"


def statuses(history: History) -> tuple[Array, Array, Array, Array]:
    """Invocations, completions that count (else -1), statuses, and where the values are."""
    invoked = np.flatnonzero((history.process >= 0) & (history.type == INVOKE_CODE)).astype(
        np.int32
    )
    ended = history.partner[invoked]
    status = np.where(ended >= 0, history.type[ended], INFO).astype(np.int8)
    completed = np.where(status == INFO, NONE, ended).astype(np.int32)
    rows = np.where(status == OK, ended, invoked)
    return invoked, completed, status, rows


class _Reader:
    """Reads micro-operations one by one, giving numbers to keys and elements as they come."""

    def __init__(self, history: History, lists: bool) -> None:
        self.history = history
        self.lists = lists
        self.write = "append" if lists else "w"
        self.keys: dict[tuple[type, _Scalar], int] = {}
        self.ids: list[dict[tuple[type, _Scalar], int]] = []
        self.key_names: list[_Scalar] = []
        self.values: list[_Scalar] = []
        self.key_of: list[int] = []
        self.kind: list[int] = []
        self.key: list[int] = []
        self.element: list[int] = []
        self.start: list[int] = []
        self.length: list[int] = []
        self.elements: list[int] = []

    def read(self) -> Transactions:
        history = self.history
        invoked, completed, status, rows = statuses(history)
        offsets = [0]
        for row, code in zip(rows.tolist(), status.tolist(), strict=True):
            self._transaction(row, code == OK)
            offsets.append(len(self.kind))
        return Transactions(
            status=status,
            process=history.process[invoked],
            invoked=invoked,
            completed=completed,
            offsets=np.array(offsets, np.int64),
            kind=np.array(self.kind, np.int8),
            key=np.array(self.key, np.int32),
            element=np.array(self.element, np.int32),
            start=np.array(self.start, np.int32),
            length=np.array(self.length, np.int32),
            elements=np.array(self.elements, np.int32),
            keys=self.key_names,
            values=self.values,
            key_of=np.array(self.key_of, np.int32),
            key_count=len(self.key_names),
            indices=history.indices,
            events=len(history),
        )

    def _transaction(self, row: int, completed: bool) -> None:
        value = self.history.values[row]
        if not isinstance(value, list | tuple):
            raise self._error(
                row,
                f"its value is {shown(value)}; a transaction is a list of micro-operations like "
                f'["{self.write}", "x", 1] and ["r", "x", null]',
            )
        for micro in value:
            self._micro_operation(row, micro, completed)

    def _micro_operation(self, row: int, micro: Any, completed: bool) -> None:
        if not completed and isinstance(micro, list | tuple) and len(micro) == 2:
            micro = (*micro, None)  # a write cannot be null, so only a read can be so short
        if not isinstance(micro, list | tuple) or len(micro) != 3:
            raise self._error(
                row,
                f"{shown(micro)} is no micro-operation; one is a function, a key and a value",
            )
        function, key_name, value = micro
        if function not in ("r", self.write):
            model = "list-append" if self.lists else "rw-register"
            raise self._error(
                row,
                f"its micro-operation {shown(micro)} is {shown(function)}; in a {model} history "
                f'they are "{self.write}" and "r"',
            )
        key = self._key(row, key_name)
        self.key.append(key)
        self.start.append(len(self.elements))
        if function == "r":
            self._read(row, key, value, completed)
        else:
            self.kind.append(WRITE)
            self.element.append(self._element(row, key, value))
        self.length.append(len(self.elements) - self.start[-1])

    def _read(self, row: int, key: int, value: Any, completed: bool) -> None:
        self.kind.append(READ)
        if not completed or value is None:
            self.element.append(NONE)
        elif not self.lists:
            self.element.append(self._element(row, key, value))
        elif isinstance(value, list | tuple):
            self.element.append(NONE)
            self.elements.extend(self._element(row, key, element) for element in value)
        else:
            raise self._error(
                row,
                f"its read of {shown_key(self.key_names[key])} returned {shown(value)}; in a "
                "list-append history reads return lists (is this an rw-register history?)",
            )

    def _key(self, row: int, name: Any) -> int:
        if not isinstance(name, _SCALARS):
            raise self._error(
                row, f"its key {shown(name)} is no string, number or boolean; use one of these"
            )
        identity = (type(name), name)
        number = self.keys.get(identity)
        if number is None:
            number = self.keys[identity] = len(self.keys)
            self.key_names.append(name)
            self.ids.append({})
        return number

    def _element(self, row: int, key: int, value: Any) -> int:
        ids = self.ids[key]
        if not isinstance(value, _SCALARS):
            raise self._error(
                row,
                f"it has the element {shown(value)}, which is no string, number or boolean; "
                "elements must be one of these, and a written one cannot be null",
            )
        identity = (type(value), value)
        number = ids.get(identity)
        if number is None:
            number = ids[identity] = len(self.values)
            self.values.append(value)
            self.key_of.append(key)
        return number

    def _error(self, row: int, problem: str) -> HistoryError:
        return HistoryError(problem, path=self.history.source, index=int(self.history.indices[row]))
