"""Histories of registers as columns; `operations` says in which."""

from __future__ import annotations

from splitbrain.checkers import kernels
from splitbrain.checkers.history import History
from splitbrain.checkers.linearizability.columns.operations import Operations, readings, room_for
from splitbrain.checkers.linearizability.compiled import _column_kernels as c
from splitbrain.checkers.models import Register

NAMES = ("read", "write", "cas")


def register_operations(
    model: Register, history: History, *, keyed: bool | None
) -> Operations | None:
    """The operations of a history of registers, or None if it is not of the plain layout."""
    run = kernels.of(c, size=kernels.ALWAYS)
    for read in readings(history, NAMES, keyed=keyed, per_key=model.per_key):
        initial = read.values.code(model.initial_value)
        if initial is None:
            return None
        numbering = room_for(len(history) + 1)
        count, keys, values = run.registers(*read.events(), initial, *read.filled(), *numbering)
        if count > 0:
            return read.operations(count, keys, [c.READ, c.CAS], values=values)
    return None
