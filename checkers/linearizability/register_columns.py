"""Histories of registers as columns, without a Python object for each operation.

What `parts` and `problem` do with calls, done with arrays and kernels. A history that doesn't have
the plain layout (see `checkers.history.packed`), or that isn't one of registers at all, is left to
them: they can say what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from checkers import kernels
from checkers.convergence.replicas import REPLICA_STATE
from checkers.history import History
from checkers.history.columns import FAIL_CODE, INFO_CODE, INVOKE_CODE, OK_CODE, Int64
from checkers.history.packed import ATOM, NESTED, OTHER, PAIR, PackedValues, code_of, packed
from checkers.linearizability import _register_kernels
from checkers.linearizability import _search_kernels as k
from checkers.linearizability._search_kernels import ANY
from checkers.linearizability.kernel_search import Problems
from checkers.models import Register

READ, WRITE, CAS = 0, 1, 2
NAMES = ("read", "write", "cas")


@dataclass(frozen=True, slots=True)
class RegisterOperations:
    """All operations of a history, one row each, in order of invocation.

    Attributes:
        keyed: whether values are ``[key, value]``.
        f: 0 read, 1 write, 2 cas.
        key: number of the key.
        keys: keys by number, in order of first invocation.
        invoked: position of the invocation.
        completed: position of the ok or fail completion, or -1.
        outcome: type of the completion, `INFO_CODE` if there is none.
        need: value that an operation finds, numbered, or `ANY`.
        leave: value that it leaves, numbered.
        values: how many values there are.
        initial: number of the initial value.
    """

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
    initial: int


def register_operations(
    model: Register, history: History, *, keyed: bool | None
) -> RegisterOperations | None:
    """The operations of a history of registers, or None if it is not of the plain layout."""
    names = [NAMES.index(name) if name in NAMES else -1 for name in history.functions]
    ignored = [name == REPLICA_STATE for name in history.functions]
    at = np.flatnonzero((history.type == INVOKE_CODE) & (history.process >= 0))
    if not len(at):
        return None
    at = at[~np.array(ignored)[history.f[at]]]
    f = np.array(names, dtype=np.int64)[history.f[at]]
    if not len(at) or (f < 0).any():
        return None
    values = packed(history.values)
    end = history.partner[at]
    outcome = np.where(end >= 0, history.type[end], INFO_CODE).astype(np.int64)
    ok = outcome == OK_CODE
    argument = values.shape[at]
    result = np.where(ok, values.shape[end], ATOM)
    if (argument == OTHER).any() or (result == OTHER).any():
        return None
    keyed = _layout(f, argument, result, ok, values, end, keyed, per_key=model.per_key)
    if keyed is None:
        return None
    key, need, leave = _accesses(f, at, end, ok, values, keyed)
    if keyed and (key[1] != key[0]).any():
        return None
    code = code_of(model.initial_value, {word: i for i, word in enumerate(values.words)})
    if code is None:
        return None
    return _numbered(
        keyed=keyed,
        f=f,
        key_codes=key[0],
        values=values,
        invoked=at,
        completed=np.where(outcome == INFO_CODE, -1, end),
        outcome=outcome,
        need=need,
        leave=leave,
        initial=code,
    )


def _layout(
    f: Int64,
    argument: npt.NDArray[np.int8],
    result: npt.NDArray[np.int8],
    ok: npt.NDArray[np.bool_],
    values: PackedValues,
    end: Int64,
    keyed: bool | None,
    *,
    per_key: bool,
) -> bool | None:
    """Whether values are ``[key, value]``; None if they are of no plain layout."""
    cas = f == CAS
    null = (result == ATOM) & (values.codes[0, end] == _NULL)
    as_keyed = (
        (argument[cas] == NESTED).all()
        and (argument[~cas] == PAIR).all()
        and ((result != ATOM) | ~ok | (null & (f != READ))).all()
        and (result[(f == READ) & ok] == PAIR).all()
    )
    as_plain = (
        (argument[cas] == PAIR).all()
        and (argument[f == WRITE] == ATOM).all()
        and (result[(f == READ) & ok] == ATOM).all()
    )
    if keyed is None and per_key and as_keyed:
        return True
    if as_keyed and keyed:
        return True
    # A history of nothing but pairs that isn't plainly keyed is for others to understand.
    return False if as_plain and not keyed else None


def _accesses(
    f: Int64,
    at: Int64,
    end: Int64,
    ok: npt.NDArray[np.bool_],
    values: PackedValues,
    keyed: bool,
) -> tuple[tuple[Int64, Int64], Int64, Int64]:
    """Keys (of invocation and completion), and codes of what is needed and left."""
    codes, first = values.codes, int(keyed)
    cas, read = f == CAS, f == READ
    argument = codes[first, at]
    answered = ok & (values.shape[end] != ATOM) if keyed else ok
    found = np.where(read, codes[first, end], argument)
    need = np.where(f == WRITE, ANY_CODE, np.where(cas, argument, found))
    leave = np.where(cas, codes[min(first + 1, 2), at], np.where(read, found, argument))
    key = codes[0, at] if keyed else np.zeros(len(at), dtype=np.int64)
    return (key, np.where(answered, codes[0, end], key) if keyed else key), need, leave


ANY_CODE = -(1 << 61)
"""Stands for "needs no value" among codes, none of which it is."""

_NULL = code_of(None, {})


def _numbered(
    *,
    key_codes: Int64,
    values: PackedValues,
    need: Int64,
    leave: Int64,
    initial: int,
    **rest: Any,
) -> RegisterOperations:
    """Operations with keys and values numbered from 0."""
    run = kernels.of(_register_kernels, size=kernels.ALWAYS)
    key, keys = _number(run, key_codes)
    everything = np.concatenate((np.array([initial, ANY_CODE]), need, leave))
    numbers, distinct = _number(run, everything)
    # The initial value is number 0, and `ANY` number 1: which moves the others down by one.
    numbers = np.where(numbers == 1, ANY, np.where(numbers > 1, numbers - 1, numbers))
    count = len(need)
    return RegisterOperations(
        key=key,
        keys=[values.atom(code) for code in keys.tolist()] if rest["keyed"] else [None],
        need=numbers[2 : 2 + count],
        leave=numbers[2 + count :],
        values=len(distinct) - 1,
        initial=0,
        **rest,
    )


def _number(run: Any, codes: Int64) -> tuple[Int64, Int64]:
    """Numbers of codes in order of first appearance, and the codes by number."""
    numbers, distinct = np.empty_like(codes), np.empty_like(codes)
    table = np.zeros(1 << (2 * len(codes) + 1).bit_length(), dtype=np.int32)
    count = run.numbered(codes, numbers, table, distinct)
    return numbers, distinct[:count].copy()


def prepare(operations: RegisterOperations, *, events: int) -> tuple[Problems, Int64]:
    """What the search works on, and the row of each of its operations.

    Args:
        operations: of the whole history.
        events: how many events the history has.
    """
    o, run = operations, kernels.of(_register_kernels, size=kernels.ALWAYS)
    keys = np.zeros((len(o.keys) + 1, k.LENGTH + 1), dtype=np.int64)
    optional = o.outcome == INFO_CODE
    kept = (o.outcome != FAIL_CODE) & ~(optional & ((o.need == o.leave) | (o.f == READ)))
    rows = np.flatnonzero(kept)
    start, order = np.zeros(len(keys), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    run.by_key(o.key[rows], start, order)
    rows = rows[order]
    columns = (o.need[rows], o.leave[rows], optional[rows].astype(np.int64))
    kept = np.ones(len(rows), dtype=np.int64)
    last_need = np.full(o.values, -1, dtype=np.int64)
    run.drop_unobservable(start, *columns, o.invoked[rows], o.completed[rows], last_need, kept)
    rows = rows[kept != 0]
    keys[1:, k.OPERATIONS] = np.cumsum(np.bincount(o.key[rows], minlength=len(o.keys)))
    ops = np.zeros((len(rows), k.EARLIER + 1), dtype=np.int64)
    ops[:, k.NEED], ops[:, k.LEAVE], ops[:, k.OPTIONAL] = (
        o.need[rows],
        o.leave[rows],
        optional[rows],
    )
    run.merge_unseen(keys, ops, o.initial, np.full(o.values, -1, dtype=np.int64))
    free = int(ops[:, k.OPTIONAL].sum())
    laid = np.empty(2 * len(rows) - free, dtype=np.int64)
    at = np.zeros(events, dtype=np.int32)
    run.lay_out(keys, ops, o.key[rows], o.invoked[rows], o.completed[rows], at, laid)
    optionals, room = np.zeros(free, dtype=np.int64), np.zeros((2, len(rows)), dtype=np.int64)
    run.give_slots(keys, ops, laid, optionals, room, np.full(o.values + 1, -1, dtype=np.int64))
    log, best = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    return Problems(laid, ops, keys, optionals, o.values, log, best), rows
