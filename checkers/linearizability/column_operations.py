"""Operations of a history as columns, without a Python object for each.

What `parts` and `problem` do with calls, done with arrays. A history that doesn't have the plain
layout (see `checkers.history.packed`), or that isn't one of the model at all, is left to them: they
can say what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from checkers import kernels
from checkers.convergence.replicas import REPLICA_STATE
from checkers.history import Call, History
from checkers.history.columns import FAIL_CODE, INFO_CODE, OK_CODE, Int8, Int32, Int64
from checkers.history.operation import TYPES
from checkers.history.packed import PackedValues, packed
from checkers.history.words import Words
from checkers.linearizability import _column_kernels as c
from checkers.linearizability.search_layout import FAR_FUTURE


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
            (`search_layout`); of stores see `_column_kernels.store_accesses`.
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


def recorded(
    history: History,
    names: tuple[str, ...],
    *,
    reads: int,
    cas: int,
    keyed: bool | None,
    per_key: bool,
) -> Recorded | None:
    """What clients did, or None if it is not of the plain layout or has other operations.

    Args:
        history: the history.
        names: operations by number.
        reads: number of the operation whose result matters.
        cas: number of the operation whose value is a pair.
        keyed: whether values are ``[key, value]``, as the user says; None finds out.
        per_key: whether keys are looked for without being told.
    """
    if len(history) >= FAR_FUTURE:
        return None
    values, run = packed(history.values), kernels.of(c, size=kernels.ALWAYS)
    numbers = np.array([_number(name, names) for name in history.functions], dtype=np.int64)
    f, outcome = np.empty((2, len(history)), dtype=np.int8)
    invoked, completed = np.empty((2, len(history)), dtype=np.int32)
    counts = np.zeros((len(names), len(TYPES)), dtype=np.int64)
    events = history.type, history.process, history.f, history.partner, values.shape, values.codes
    found = f, outcome, invoked, completed
    count, layout = run.operations(*events, numbers, reads, cas, *found, counts)
    if not count:
        return None
    f, outcome, invoked, completed = f[:count], outcome[:count], invoked[:count], completed[:count]
    as_keyed = keyed or (keyed is None and per_key)
    if not (as_keyed and layout & c.KEYED):
        # A history of nothing but pairs that isn't plainly keyed is for others to understand.
        if keyed or not layout & c.PLAIN:
            return None
        key, keys = np.zeros(count, dtype=np.int32), [None]
        return Recorded(names, False, f, key, keys, invoked, completed, outcome, counts, values)
    key, (table, distinct) = np.empty(count, dtype=np.int32), room_for(count)
    columns = values.shape, values.codes, outcome, invoked, completed
    number = run.key_numbers(*columns, key, table, distinct)
    if number < 0:
        return None
    keys = [values.atom(code) for code in distinct[:number].tolist()]
    return Recorded(names, True, f, key, keys, invoked, completed, outcome, counts, values)


def _number(name: str, names: tuple[str, ...]) -> int:
    if name == REPLICA_STATE:
        return c.NOT_OURS
    return names.index(name) if name in names else c.UNKNOWN_FUNCTION


def room_for(codes: int) -> tuple[Int32, Int64]:
    """A table to number so many codes, and room for the distinct ones."""
    table = np.zeros(max(1 << (2 * codes + 1).bit_length(), 1024), dtype=np.int32)
    return table, np.empty(codes, dtype=np.int64)
