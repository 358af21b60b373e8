"""A whole history: a sequence of operations, kept as columns.

    history = read_jsonl("runs/demo/history.jsonl")
    history[0]                   # an Operation, made when asked for
    history.calls()              # clients' operations, from invocation to completion
    history.events("phase")      # what the nemesis and the nodes had to say

Two histories are equal when their canonical JSON lines are, wherever they came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, overload

from splitbrain.checkers.history import columns as column_store
from splitbrain.checkers.history.calls import Call, Calls
from splitbrain.checkers.history.collector import collector_paused
from splitbrain.checkers.history.columns import (
    STRICT,
    Columns,
    Dialect,
    Int8,
    Int32,
    Int64,
)
from splitbrain.checkers.history.encoding import encode_line
from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.fields import wrong_field
from splitbrain.checkers.history.operation import TYPES, Operation
from splitbrain.checkers.history.pairing import RuleBroken, pair

_AT_A_TIME = 1 << 16

Lines = Callable[[int], int | None]


class History(Sequence[Operation]):
    """The events of a run in order, validated, with every completion paired to its invocation.

    Positions count events from 0; an ``Operation.index`` is what was recorded, and can have
    gaps. Columns, for code that reads millions of events, are numpy arrays and read-only.

    Attributes:
        source: the file that the events came from, or a word for where else.
        notes: what a reader had to overlook, one sentence each.
        indices: ``Operation.index`` (int64). Not "index", which is a method of sequences.
        time: nanoseconds (int64).
        type: position in `TYPES`: 0 invoke, 1 ok, 2 fail, 3 info (int8).
        process: a client's number, or ``-1 - i`` for the non-client ``names[i]`` (int64).
        f: position in ``functions`` (int32).
        partner: position of an invocation's completion or of a completion's invocation, or -1
            (int64).
        values: what was invoked or returned.
        errors: why an event failed or is indeterminate, or ``None``.
        names: names of non-client processes, in order of appearance.
        functions: the distinct values of ``f``, in order of appearance.
    """

    def __init__(
        self,
        columns: Columns,
        *,
        source: str = "<memory>",
        notes: Iterable[str] = (),
        dialect: Dialect = STRICT,
        line_of: Lines | None = None,
    ) -> None:
        """A history from columns that a reader filled; others use `from_operations`.

        Raises:
            HistoryError: the events break a rule; ``line_of`` gives the line of a position.
        """
        try:
            partner = pair(columns, dialect)
        except RuleBroken as broken:
            raise HistoryError(
                broken.problem,
                path=source,
                line=line_of(broken.position) if line_of else None,
                index=int(columns.index[broken.position]),
            ) from None
        self.source = source
        self.notes = tuple(notes)
        self._columns = columns
        self.indices: Int64 = columns.index
        self.time: Int64 = columns.time
        self.type: Int8 = columns.type
        self.process: Int64 = columns.process
        self.f: Int32 = columns.f
        self.partner: Int64 = partner
        self.values: Sequence[Any] = columns.values
        self.errors: Sequence[str | None] = columns.errors
        self.names = columns.names
        self.functions = columns.functions
        for array in (self.indices, self.time, self.type, self.process, self.f, self.partner):
            array.setflags(write=False)

    @classmethod
    def from_operations(
        cls,
        operations: Iterable[Operation],
        source: str = "<memory>",
        lines: Sequence[int] | None = None,
    ) -> History:
        """The history of these operations, in this order.

        Args:
            operations: events as they happened.
            source: where they come from, for messages.
            lines: the line of each operation in its source, for messages.

        Raises:
            HistoryError: a field has a wrong type, or the events break a rule.
        """
        events = list(operations)
        for position, operation in enumerate(events):
            problem = wrong_field(operation)
            if problem is not None:
                raise HistoryError(
                    problem,
                    path=source,
                    line=lines[position] if lines else None,
                    index=operation.index if type(operation.index) is int else position,
                )
        columns = column_store.build(
            index=[e.index for e in events],
            time=[e.time for e in events],
            types=[e.type for e in events],
            process=[e.process for e in events],
            f=[e.f for e in events],
            values=[e.value for e in events],
            errors=[e.error for e in events],
        )
        return cls(columns, source=source, line_of=lines.__getitem__ if lines else None)

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, position: int) -> Operation: ...
    @overload
    def __getitem__(self, position: slice) -> list[Operation]: ...
    def __getitem__(self, position: int | slice) -> Operation | list[Operation]:
        """One operation, or a list of them: part of a history need not be a history."""
        if isinstance(position, slice):
            return [self._operation(i) for i in range(*position.indices(len(self)))]
        return self._operation(range(len(self))[position])

    def __iter__(self) -> Iterator[Operation]:
        rest = zip(self.values, self.errors, strict=True)
        for begin in range(0, len(self), _AT_A_TIME):
            part = slice(begin, begin + _AT_A_TIME)
            # Lists, since numpy's scalars are slow to touch one by one and are no ints.
            columns = (self.indices, self.time, self.process, self.type, self.f)
            rows = zip(*(column[part].tolist() for column in columns), strict=True)
            for (index, time, process, kind, f), (value, error) in zip(rows, rest, strict=False):
                who = process if process >= 0 else self.names[-1 - process]
                yield Operation(index, time, who, TYPES[kind], self.functions[f], value, error)

    def _operation(self, position: int) -> Operation:
        return Operation(
            index=int(self.indices[position]),
            time=int(self.time[position]),
            process=self._columns.process_of(position),
            type=TYPES[self.type[position]],
            f=self.functions[self.f[position]],
            value=self.values[position],
            error=self.errors[position],
        )

    def calls(self) -> list[Call]:
        """Clients' operations in the order of their invocations."""
        return list(self._calls)

    @cached_property
    def _calls(self) -> tuple[Call, ...]:
        with collector_paused():  # else it walks what is made again after each part
            return tuple(self.client_calls)

    @cached_property
    def client_calls(self) -> Calls:
        """The same as columns, from which each is made anew: for histories of millions."""
        return Calls(self)

    def at_times(self, time: Int64) -> History:
        """The same history with other times, ns, which must not decrease."""
        return History(replace(self._columns, time=time), source=self.source, notes=self.notes)

    @cached_property
    def _events(self) -> tuple[Operation, ...]:
        """Each of a run's checkers asks for some of them."""
        return tuple(map(self._operation, (self.process < 0).nonzero()[0].tolist()))

    def events(self, f: str | None = None, process: str | None = None) -> list[Operation]:
        """Events of non-client processes: faults, phases and what nodes announce.

        Args:
            f: only events of this kind (``"phase"``, ``"net.partition"``, ...).
            process: only events of this process (``"nemesis"`` or a node's name).
        """
        return [
            operation
            for operation in self._events
            if (f is None or operation.f == f) and (process is None or operation.process == process)
        ]

    def digest(self) -> str:
        """SHA-256, in hex, of the canonical JSON lines: equal for equal histories only.

        Raises:
            TypeError: a value is nothing that JSON can hold.
        """
        return self._digest

    @cached_property
    def _digest(self) -> str:
        sha = hashlib.sha256()
        for operation in self:
            sha.update(encode_line(operation))
        return sha.hexdigest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        return len(self) == len(other) and self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())

    def __repr__(self) -> str:
        return f"<History of {len(self)} events from {self.source}>"
