"""Operations of a history as columns, without a Python object for each.

What `parts` and `problem` do with calls, done with arrays. A history that doesn't have the plain
layout (see `checkers.history.packed`), or that isn't one of the model at all, is left to them: they
can say what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from checkers import kernels
from checkers.convergence.replicas import REPLICA_STATE
from checkers.history import Call, History
from checkers.history.columns import INFO_CODE, INVOKE_CODE, OK_CODE, Int8, Int64
from checkers.history.operation import TYPES
from checkers.history.packed import ATOM, NESTED, NULL, OTHER, PAIR, PackedValues, packed
from checkers.linearizability import _register_kernels
from checkers.linearizability.search_layout import Tree

Mask = npt.NDArray[np.bool_]

ANY_CODE, EXTENDS_CODE = -(1 << 61), -(1 << 61) + 1
"""Stand for "needs no value" among the codes of `checkers.history.packed`, none of which they are:
of what overwrites the value, and of what appends to it."""


@dataclass(frozen=True, slots=True)
class Strings:
    """The strings of key-value stores; see `_trie_kernels`.

    Attributes:
        tree: of all keys.
        roots: by key the number of its empty string.
        absent: the number of the value of an absent key.
    """

    tree: Tree
    roots: Int64
    absent: int


@dataclass(frozen=True, slots=True)
class Operations:
    """All operations of a history, one row each, in order of invocation.

    Attributes:
        names: operations by number: ``("read", "write", "cas")``.
        observing: numbers of those that can contradict others.
        keyed: whether values are ``[key, value]``.
        f: number of the operation.
        key: number of the key.
        keys: keys by number, in order of first invocation.
        invoked: position of the invocation.
        completed: position of the ok or fail completion, or -1.
        outcome: type of the completion, `INFO_CODE` if there is none.
        need: value that an operation finds, numbered; or ``ANY`` or ``EXTENDS``
            (`search_layout`).
        leave: value that it leaves, numbered; of an append the string that it appends.
        values: how many values there are.
        initial: number of the initial value, by key.
        strings: of stores with appends.
    """

    names: tuple[str, ...]
    observing: tuple[int, ...]
    keyed: bool
    f: Int64
    key: Int64
    keys: list[Any]
    invoked: Int64
    completed: Int64
    outcome: Int64
    need: Int64
    leave: Int64
    values: int
    initial: Int64
    strings: Strings | None = None

    @property
    def observed(self) -> bool:
        """Whether some operation that succeeded could have contradicted another."""
        return bool(((self.outcome == OK_CODE) & np.isin(self.f, self.observing)).any())

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
class Recorded:
    """What was recorded of a history's operations, one row each, in order of invocation.

    Attributes:
        values: of all events.
        f: number of the operation among a model's.
        at: position of the invocation.
        end: position of the completion, or -1.
        outcome: its type, `INFO_CODE` if there is none.
        argument: shape of the invocation's value.
        result: shape of the ok completion's value, else `ATOM`.
        ok: whether it succeeded.
    """

    values: PackedValues
    f: Int64
    at: Int64
    end: Int64
    outcome: Int64
    argument: Int8
    result: Int8
    ok: Mask

    def is_keyed(self, keyed: bool | None, cas: int, reads: int, *, per_key: bool) -> bool | None:
        """Whether values are ``[key, value]``; None if they are of no plain layout.

        Args:
            keyed: what the user says; None finds out.
            cas: number of the operation whose value is a pair.
            reads: number of the operation whose result matters.
            per_key: whether keys are looked for without being told.
        """
        f, ok, is_cas = self.f, self.ok, self.f == cas
        null = (self.result == ATOM) & (self.values.codes[0, self.end] == NULL)
        as_keyed = (
            (self.argument[is_cas] == NESTED).all()
            and (self.argument[~is_cas] == PAIR).all()
            and ((self.result != ATOM) | ~ok | (null & (f != reads))).all()
            and (self.result[(f == reads) & ok] == PAIR).all()
        )
        if as_keyed and (keyed or (keyed is None and per_key)):
            return True
        as_plain = (
            (self.argument[is_cas] == PAIR).all()
            and (self.argument[~is_cas & (f != reads)] == ATOM).all()
            and (self.result[(f == reads) & ok] == ATOM).all()
        )
        # A history of nothing but pairs that isn't plainly keyed is for others to understand.
        return False if as_plain and not keyed else None

    def keys(self, keyed: bool) -> tuple[Int64, Int64]:
        """Codes of keys, of invocations and of completions (the same, if these name none)."""
        if not keyed:
            zeros = np.zeros(len(self.at), dtype=np.int64)
            return zeros, zeros
        codes = self.values.codes
        asked = codes[0, self.at]
        named = self.ok & (self.values.shape[self.end] != ATOM)
        return asked, np.where(named, codes[0, self.end], asked)


def recorded(history: History, names: tuple[str, ...]) -> Recorded | None:
    """What clients did, or None if it is not of the plain layout or has other operations."""
    numbers = [names.index(name) if name in names else -1 for name in history.functions]
    ignored = [name == REPLICA_STATE for name in history.functions]
    at = np.flatnonzero((history.type == INVOKE_CODE) & (history.process >= 0))
    if len(at) and any(ignored):
        at = at[~np.array(ignored)[history.f[at]]]
    if not len(at):
        return None
    f = np.array(numbers, dtype=np.int64)[history.f[at]]
    if (f < 0).any():
        return None
    values, end = packed(history.values), history.partner[at]
    outcome = np.where(end >= 0, history.type[end], INFO_CODE).astype(np.int64)
    argument, ok = values.shape[at], outcome == OK_CODE
    result = np.where(ok, values.shape[end], ATOM).astype(np.int8)
    if (argument == OTHER).any() or (result == OTHER).any():
        return None
    return Recorded(values, f, at, end, outcome, argument, result, ok)


def numbered(codes: Int64) -> tuple[Int64, Int64]:
    """Numbers of codes in order of first appearance, and the codes by number."""
    run = kernels.of(_register_kernels, size=kernels.ALWAYS)
    numbers, distinct = np.empty_like(codes), np.empty_like(codes)
    table = np.zeros(1 << (2 * len(codes) + 1).bit_length(), dtype=np.int32)
    count = run.numbered(codes, numbers, table, distinct)
    return numbers, distinct[:count].copy()
