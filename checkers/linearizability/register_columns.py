"""Histories of registers as columns; see `column_operations`."""

from __future__ import annotations

import numpy as np

from checkers.history import History
from checkers.history.columns import INFO_CODE, Int64
from checkers.linearizability.column_operations import (
    ANY_CODE,
    Operations,
    Recorded,
    numbered,
    recorded,
)
from checkers.linearizability.search_layout import ANY
from checkers.models import Register

READ, WRITE, CAS = 0, 1, 2
NAMES = ("read", "write", "cas")


def register_operations(
    model: Register, history: History, *, keyed: bool | None
) -> Operations | None:
    """The operations of a history of registers, or None if it is not of the plain layout."""
    found = recorded(history, NAMES)
    if found is None:
        return None
    keyed = found.is_keyed(keyed, CAS, READ, per_key=model.per_key)
    if keyed is None:
        return None
    (key_codes, completed), values = found.keys(keyed), found.values
    initial = values.code(model.initial_value)
    if initial is None or (key_codes != completed).any():
        return None
    need, leave, count = _accesses(found, keyed, initial)
    key, keys = numbered(key_codes)
    return Operations(
        names=NAMES,
        observing=(READ, CAS),
        keyed=keyed,
        f=found.f,
        key=key,
        keys=[values.atom(code) for code in keys.tolist()] if keyed else [None],
        invoked=found.at,
        completed=np.where(found.outcome == INFO_CODE, -1, found.end),
        outcome=found.outcome,
        need=need,
        leave=leave,
        values=count,
        initial=np.zeros(len(keys), dtype=np.int64),
    )


def _accesses(found: Recorded, keyed: bool, initial: int) -> tuple[Int64, Int64, int]:
    """What is needed and what is left, numbered (the initial value first); how many values."""
    codes, first = found.values.codes, int(keyed)
    cas, read = found.f == CAS, found.f == READ
    argument = codes[first, found.at]
    seen = np.where(read, codes[first, found.end], argument)
    need = np.where(found.f == WRITE, ANY_CODE, np.where(cas, argument, seen))
    leave = np.where(cas, codes[min(first + 1, 2), found.at], np.where(read, seen, argument))
    everything = np.concatenate((np.array([initial, ANY_CODE]), need, leave))
    numbers, distinct = numbered(everything)
    # The initial value is number 0, and `ANY` number 1: which moves the others down by one.
    numbers = np.where(numbers == 1, ANY, np.where(numbers > 1, numbers - 1, numbers))
    count = len(need)
    return numbers[2 : 2 + count], numbers[2 + count :], len(distinct) - 1
