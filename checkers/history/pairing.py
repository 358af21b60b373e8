"""Which completion belongs to which invocation, and whether events form a history at all.

A process has at most one operation open, so a completion belongs to the event before it in the
same process, which must be an invocation. Sorting events by process (and keeping their order
within one) puts each completion right behind its invocation; every rule is then a comparison of
neighbors. Of a long history the events before are found by going through it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.history import _pairing_kernels
from splitbrain.checkers.history.columns import (
    INFO_CODE,
    INVOKE_CODE,
    Columns,
    Dialect,
    Int64,
)
from splitbrain.checkers.history.fields import shown
from splitbrain.checkers.history.operation import TYPES

NO_PARTNER = -1

Mask = npt.NDArray[np.bool_]
Rule = tuple[Mask, Callable[[int], str]]


class RuleBroken(Exception):
    """Events do not form a history.

    Attributes:
        position: the first event, by position, that breaks a rule.
        problem: what is wrong and what to do.
    """

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(problem)
        self.position = position
        self.problem = problem


def pair(columns: Columns, dialect: Dialect) -> Int64:
    """For each event the position of its invocation or completion, or -1.

    Raises:
        RuleBroken: at the first event that cannot be part of a history.
    """
    count = len(columns.index)
    previous = _previous_of_same_process(columns.process)
    # What went before in the same process: a type's code, or -1 at a process's first event.
    before = np.where(previous >= 0, columns.type[previous], -1) if count else columns.type
    completes = (previous >= 0) & (columns.type != INVOKE_CODE) & (before == INVOKE_CODE)
    rules = (
        *_rules_of_fields(columns, dialect),
        *_rules_of_processes(columns, dialect, previous, before, completes),
    )
    broken = [(int(np.argmax(mask)), describe) for mask, describe in rules if mask.any()]
    if broken:
        position, describe = min(broken, key=lambda pair: pair[0])
        raise RuleBroken(position, describe(position))
    partner = np.full(count, NO_PARTNER, dtype=np.int64)
    completions = np.flatnonzero(completes)
    partner[completions] = previous[completions]
    partner[previous[completions]] = completions
    return partner


def _previous_of_same_process(process: Int64) -> Int64:
    """Position of the event before, in the same client's process; -1 if there is none."""
    count, clients_at_most = len(process), int(process.max(initial=0)) + 1
    # Sorting takes several times the memory of the column, and n log n.
    if clients_at_most <= count and kernels.worth_compiling(count):
        linked = np.empty(count, dtype=np.int64)
        last = np.full(clients_at_most, NO_PARTNER, dtype=np.int64)
        kernels.compiled(_pairing_kernels).link(process, last, linked)
        return linked
    clients = np.flatnonzero(process >= 0)
    order = clients[np.argsort(process[clients], kind="stable")]
    previous = np.full(len(process), NO_PARTNER, dtype=np.int64)
    same = process[order[1:]] == process[order[:-1]]
    previous[order[1:][same]] = order[:-1][same]
    return previous


def _rules_of_fields(columns: Columns, dialect: Dialect) -> Iterator[Rule]:
    """What fields must be, by themselves and compared with those of the event before."""
    named_not_info = (columns.process < 0) & (columns.type != INFO_CODE)
    yield (
        named_not_info,
        lambda at: (
            f"{_who(columns, at)} is no client, but its event is of type "
            f"{TYPES[columns.type[at]]!r}; only events of type 'info' can have a named process"
        ),
    )
    yield (
        decreasing(columns.index, allow_equal=False),
        lambda at: (
            f"its index does not follow that of the event before, {columns.index[at - 1]}; "
            "indices must increase: sort the events by index, or leave all indices out"
        ),
    )
    if dialect.ordered_times:
        yield (
            decreasing(columns.time, allow_equal=True),
            lambda at: (
                f"its time, {columns.time[at]} ns, is before that of the event before, "
                f"{columns.time[at - 1]} ns; events must be in the order in which they happened"
            ),
        )


def _rules_of_processes(
    columns: Columns, dialect: Dialect, previous: Int64, before: npt.NDArray[np.int8], paired: Mask
) -> Iterator[Rule]:
    """What a client's process may do next."""
    client = columns.process >= 0
    invokes = client & (columns.type == INVOKE_CODE)

    def unmatched(at: int) -> str:
        did = "completed it already" if previous[at] >= 0 else "never invoked anything"
        return (
            f"it completes {_what(columns, at)}, but {_who(columns, at)} "
            f"{did}; every completion needs its own invocation before it"
        )

    yield client & ~invokes & ~paired, unmatched
    yield (
        invokes & (before == INVOKE_CODE),
        lambda at: (
            f"{_who(columns, at)} invokes {_what(columns, at)} while its "
            f"operation {columns.index[previous[at]]} is still open; a process can have one "
            "operation open: complete that one first, or use another process"
        ),
    )
    if not dialect.processes_return:
        yield (
            invokes & (before == INFO_CODE),
            lambda at: (
                f"{_who(columns, at)} invokes again after its operation "
                f"{columns.index[previous[at]]} ended as 'info'; that operation may still take "
                "effect, so the process is retired: continue as a process with a new number"
            ),
        )
    yield (
        paired & (columns.f != columns.f[previous]) if len(columns.f) else paired,
        lambda at: (
            f"it completes {_what(columns, at)}, but {_who(columns, at)} "
            f"invoked {_what(columns, previous[at])} (operation "
            f"{columns.index[previous[at]]}); an operation keeps its f from invocation to "
            "completion"
        ),
    )


def _who(columns: Columns, at: int) -> str:
    return f"process {shown(columns.process_of(at))}"


def _what(columns: Columns, at: int) -> str:
    return shown(columns.functions[columns.f[at]])


def decreasing(column: Int64, *, allow_equal: bool) -> Mask:
    """Where a column does not increase (or, if equal neighbors are allowed, decreases)."""
    mask = np.zeros(len(column), dtype=np.bool_)
    mask[1:] = column[1:] < column[:-1] if allow_equal else column[1:] <= column[:-1]
    return mask
