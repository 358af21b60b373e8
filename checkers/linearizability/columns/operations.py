"""Operations of a history as columns, without a Python object for each.

What `parts` and `problem` do with calls, done with arrays. A history that doesn't have the plain
layout (see `splitbrain.checkers.history.packing`), or that isn't one of the model at all, is left
to
them: they can say what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from splitbrain.checkers.history import Call, History
from splitbrain.checkers.history.columns import FAIL_CODE, INFO_CODE, OK_CODE, Int8, Int32, Int64
from splitbrain.checkers.history.operation import TYPES
from splitbrain.checkers.history.packing import PackedValues, packed
from splitbrain.checkers.history.words import Words
from splitbrain.checkers.linearizability.compiled import _column_kernels as c
from splitbrain.checkers.linearizability.compiled.layout import FAR_FUTURE
from splitbrain.checkers.vocabulary import NOT_OF_DATA


@dataclass(frozen=True, slots=True)
class Strings:
    """The strings of key-value stores.

    Attributes:
        words: by number.
        as_empty: whether an absent key is the same as an empty string.
    """

    words: Words
    as_empty: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded of a history's operations, one row each, in order of invocation.

    Attributes:
        names: operations by number: ``("read", "write", "cas")``.
        keyed: whether values are ``[key, value]``.
        f: number of the operation.
        key: number of the key.
        keys: keys by number, in order of first invocation.
        invoked: position of the invocation.
        completed: position of the ok or fail completion, or -1.
        outcome: type of the completion, `INFO_CODE` if there is none.
        counts: by operation's number and type of completion, how many there are.
        sizes: by key, how many operations are not left out (`_column_kernels.matters`).
        values: of all events.
    """

    names: tuple[str, ...]
    keyed: bool
    f: Int8
    key: Int32
    keys: list[Any]
    invoked: Int32
    completed: Int32
    outcome: Int8
    counts: Int64
    sizes: Int64
    values: PackedValues

    @property
    def coverage(self) -> dict[str, int]:
        """How many operations there are, by how they ended."""
        counts, outcomes = self.counts, self.counts.sum(axis=0)
        coverage = {"operations": len(self.f), "keys": len(self.keys) if self.keyed else 0}
        for code in (OK_CODE, FAIL_CODE, INFO_CODE):
            coverage[TYPES[code]] = int(outcomes[code])
        for f in sorted(range(len(self.names)), key=self.names.__getitem__):
            if counts[f].any():
                coverage[f"ok {self.names[f]}"] = int(counts[f, OK_CODE])
        return coverage

    def call(self, history: History, row: int) -> Call:
        """One of them as a call, its values without the key."""
        at, code = int(self.invoked[row]), int(self.outcome[row])
        end, over = int(history.partner[at]), code != INFO_CODE
        argument = history.values[at]
        result = history.values[end] if code == OK_CODE else None
        if self.keyed:
            argument, result = argument[1], None if result is None else result[1]
        return Call(
            process=int(history.process[at]),
            f=self.names[int(self.f[row])],
            argument=argument,
            result=result,
            outcome=TYPES[code],
            invoked=at,
            completed=end if over else None,
            start=int(history.time[at]),
            end=int(history.time[end]) if over else None,
            invoke_index=int(history.indices[at]),
            complete_index=int(history.indices[end]) if end >= 0 else None,
        )


@dataclass(frozen=True, slots=True)
class Operations:
    """All operations of a history, and what they find and leave.

    Attributes:
        recorded: see there; rows are the same.
        observed: whether some operation that succeeded could have contradicted another.
        need: value that an operation finds, numbered (the initial one is 0), or ``ANY``
            (`layout`); of stores see `_column_kernels.stores`.
        leave: value that it leaves, likewise.
        values: how many values there are, of registers.
        strings: of stores.
    """

    recorded: Recorded
    observed: bool
    need: Int32
    leave: Int32
    values: int = 0
    strings: Strings | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a kernel of `_column_kernels` takes and fills, for one history in one layout."""

    history: History
    names: tuple[str, ...]
    keyed: bool
    values: PackedValues
    out: Int32
    what: Int8
    counts: Int64
    sizes: Int64
    keys: tuple[Int32, Int64]

    def events(self) -> tuple[Any, ...]:
        """The first arguments of a kernel."""
        h, numbers = self.history, [_number(name, self.names) for name in self.history.functions]
        columns = h.type, h.process, h.f, h.partner, self.values.shape, self.values.codes
        return (*columns, np.array(numbers, dtype=np.int64), self.keyed)

    def filled(self) -> tuple[Any, ...]:
        """Those that are filled."""
        return (self.out, self.what, self.counts, self.sizes, *self.keys)

    def operations(
        self,
        count: int,
        keys: int,
        observing: list[int],
        *,
        values: int = 0,
        strings: Strings | None = None,
    ) -> Operations:
        """What was read, once the kernel has run.

        Args:
            count: how many operations there are.
            keys: how many keys there are.
            observing: numbers of the operations that can contradict others.
            values: see `Operations`.
            strings: likewise.
        """
        out, what, atom = self.out[:, :count], self.what[:, :count], self.values.atom
        recorded = Recorded(
            names=self.names,
            keyed=self.keyed,
            f=what[c.F],
            key=out[c.KEY],
            keys=[atom(code) for code in self.keys[1][:keys].tolist()] if self.keyed else [None],
            invoked=out[c.INVOKED],
            completed=out[c.COMPLETED],
            outcome=what[c.OUTCOME],
            counts=self.counts,
            sizes=self.sizes[:keys],
            values=self.values,
        )
        observed = bool(self.counts[observing, OK_CODE].any())
        return Operations(recorded, observed, out[c.NEED], out[c.LEAVE], values, strings)


def readings(
    history: History, names: tuple[str, ...], *, keyed: bool | None, per_key: bool
) -> Iterator[Reading]:
    """What it takes to read a history in each layout that it may have, in the order to try them.

    Args:
        history: the history.
        names: operations by number.
        keyed: whether values are ``[key, value]``, as the user says; None finds out.
        per_key: whether keys are looked for without being told.
    """
    events = len(history)
    if not 0 < events < FAR_FUTURE:
        return
    values = packed(history.values)
    tried = (True, False) if per_key else (False,)
    for layout in tried if keyed is None else (keyed,):
        yield Reading(
            history,
            names,
            layout,
            values,
            np.empty((c.COMPLETED + 1, events), dtype=np.int32),
            np.empty((c.OUTCOME + 1, events), dtype=np.int8),
            np.zeros((len(names), len(TYPES)), dtype=np.int64),
            np.zeros(events + 1, dtype=np.int64),
            room_for(events + 1),
        )


def _number(name: str, names: tuple[str, ...]) -> int:
    if name in NOT_OF_DATA:
        return c.NOT_OURS
    return names.index(name) if name in names else c.UNKNOWN_FUNCTION


def room_for(codes: int) -> tuple[Int32, Int64]:
    """A table to number so many codes, and room for the distinct ones."""
    size = max(1 << (2 * codes + 1).bit_length(), c.SMALL_TABLE)
    return np.zeros(size, dtype=np.int32), np.empty(codes, dtype=np.int64)
