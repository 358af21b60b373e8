"""Histories of registers as columns; see `column_operations`."""

from __future__ import annotations

from checkers import kernels
from checkers.history import History
from checkers.history.columns import OK_CODE
from checkers.linearizability import _column_kernels as c
from checkers.linearizability.column_operations import Operations, layouts, reading, room_for
from checkers.models import Register

NAMES = ("read", "write", "cas")


def register_operations(
    model: Register, history: History, *, keyed: bool | None
) -> Operations | None:
    """The operations of a history of registers, or None if it is not of the plain layout."""
    run = kernels.of(c, size=kernels.ALWAYS)
    for layout in layouts(history, keyed=keyed, per_key=model.per_key):
        read = reading(history, NAMES)
        initial = read.values.code(model.initial_value)
        if initial is None:
            return None
        values = room_for(len(history) + 1)
        count, keys, different = run.registers(
            *read.events(), layout, initial, *read.filled(), *values
        )
        if count > 0:
            observed = bool(read.counts[[c.READ, c.CAS], OK_CODE].any())
            need, leave = read.out[c.NEED, :count], read.out[c.LEAVE, :count]
            found = read.recorded(layout, count, keys)
            return Operations(found, observed, need, leave, values=different)
    return None
