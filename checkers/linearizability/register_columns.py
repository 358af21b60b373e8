"""Histories of registers as columns; see `column_operations`."""

from __future__ import annotations

import numpy as np

from checkers import kernels
from checkers.history import History
from checkers.history.columns import OK_CODE
from checkers.linearizability import _column_kernels
from checkers.linearizability._column_kernels import CAS, READ
from checkers.linearizability.column_operations import Operations, recorded, room_for
from checkers.models import Register

NAMES = ("read", "write", "cas")


def register_operations(
    model: Register, history: History, *, keyed: bool | None
) -> Operations | None:
    """The operations of a history of registers, or None if it is not of the plain layout."""
    found = recorded(history, NAMES, reads=READ, cas=CAS, keyed=keyed, per_key=model.per_key)
    if found is None:
        return None
    initial = found.values.code(model.initial_value)
    if initial is None:
        return None
    need, leave = np.empty((2, len(found.f)), dtype=np.int32)
    run = kernels.of(_column_kernels, size=kernels.ALWAYS)
    columns = found.values.codes, found.f, found.outcome, found.invoked, found.completed
    numbering = room_for(2 * len(found.f) + 1)
    values = run.register_accesses(*columns, int(found.keyed), initial, need, leave, *numbering)
    return Operations(
        recorded=found,
        observed=bool(found.counts[[READ, CAS], OK_CODE].any()),
        need=need,
        leave=leave,
        values=values,
    )
