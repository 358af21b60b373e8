"""Why a key of a history in columns has no linearization, with calls for a few operations only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checkers import kernels
from checkers.history import Call, History
from checkers.history.columns import FAIL_CODE, Int64
from checkers.linearizability import _reason_kernels as r
from checkers.linearizability import search_layout as k
from checkers.linearizability.column_operations import Operations
from checkers.linearizability.kernel_search import Problems
from checkers.linearizability.register_anomalies import (
    Reason,
    lost_update,
    stale_read,
    unwritten_read,
)
from checkers.linearizability.register_columns import READ, WRITE
from checkers.linearizability.witness import DeadEnd
from checkers.models import Model


@dataclass(frozen=True, slots=True)
class ColumnWitness:
    """What can be told of the keys of a history in columns.

    Attributes:
        model: the model.
        history: the history.
        operations: its operations.
        problems: what the search worked on.
        rows: the row of each of its operations.
        reasons: by key what `_reason_kernels` found.
    """

    model: Model
    history: History
    operations: Operations
    problems: Problems
    rows: Int64
    reasons: Int64

    def refuted(self, key: int) -> bool:
        """Whether there is a certain reason that a key has no linearization."""
        return bool(self.reasons[key, r.KIND])

    def broken_at(self, key: int) -> int:
        """Position of the completion that can't be passed."""
        blocked = self.problems.keys[key, k.BLOCKED]
        return int(self.operations.completed[self.rows[blocked]])

    def call(self, operation: int) -> Call:
        """One of the problems' operations."""
        return self.operations.call(self.history, int(self.rows[operation]))

    def placed(self, key: int) -> list[int]:
        """Invocation indices of the operations placed for a key, in order; see `Problems.order`."""
        rows = self.rows[self.problems.order(key)]
        indices: list[int] = self.history.indices[self.operations.invoked[rows]].tolist()
        return indices

    def dead_end(self, key: int) -> DeadEnd | None:
        """Where the search of a register's key ended; None if that takes all of its calls to say.

        That is so if the search was stopped early, and for models whose state isn't what the last
        operation left.
        """
        p, row = self.problems, self.problems.keys[key]
        if row[k.BLOCKED] < 0 or self.operations.strings is not None:
            return None
        order, blocked = p.order(key), self.call(int(row[k.BLOCKED]))
        changes = np.flatnonzero(p.ops[order, k.NEED] != p.ops[order, k.LEAVE])
        state = self.model.initial
        if len(changes):
            state = self.model.step(state, self.call(int(order[changes[-1]])))[1]
        if self.model.step(state, blocked)[0]:
            return None
        start, end = row[k.OPERATIONS], p.keys[key + 1, k.OPERATIONS]
        is_open = p.ops[start:end, k.INVOKED_AT] < row[k.FURTHEST]
        is_open[order - start] = False
        return DeadEnd(
            self.operations.keys[key],
            self.placed(key),
            state,
            blocked,
            [self.call(int(start) + i) for i in np.flatnonzero(is_open).tolist()],
        )

    def reason(self, key: int) -> Reason | None:
        """A key's certain reason, if it has one."""
        if not self.refuted(key):
            return None
        kind, observer, writer, between = self.reasons[key].tolist()
        name = self.operations.keys[key]
        if kind == r.UNWRITTEN:
            return unwritten_read(name, self.call(observer), *self._attempts(key, observer))
        if kind == r.STALE:
            last = None if writer < 0 else self.call(writer)
            return stale_read(name, self.call(observer), self.call(between), last)
        return self._lost_update(key, observer)

    def _attempts(self, key: int, observer: int) -> tuple[Call | None, Call | None]:
        """The first failed operation, and the first other write, of what an observer found."""
        o, row = self.operations, int(self.rows[observer])
        tried = (o.key == key) & (o.f != READ) & (o.leave == o.need[row])
        tried[row] = False
        refused = np.flatnonzero(tried & (o.outcome == FAIL_CODE))[:1].tolist()
        late = np.flatnonzero(tried & (o.outcome != FAIL_CODE) & (o.f == WRITE))[:1].tolist()
        first, second = ([o.call(self.history, at) for at in found] for found in (refused, late))
        return next(iter(first), None), next(iter(second), None)

    def _lost_update(self, key: int, observer: int) -> Reason:
        p = self.problems
        start, end = p.keys[key : key + 2, k.OPERATIONS].tolist()
        ops, value = p.ops[start:end], p.ops[observer, k.NEED]
        changes = ops[:, k.NEED] != ops[:, k.LEAVE]
        updates = np.flatnonzero(changes & (ops[:, k.NEED] == value) & (ops[:, k.OPTIONAL] == 0))
        origins = np.flatnonzero(changes & (ops[:, k.LEAVE] == value))
        return lost_update(
            self.operations.keys[key],
            [self.call(start + i) for i in updates.tolist()],
            [self.call(start + i) for i in origins.tolist()],
            len(origins) + int(value == p.keys[key, k.INITIAL]),
        )


def certain_reasons(operations: Operations, problems: Problems) -> Int64:
    """The certain reasons of a history's keys, and no key's search goes beyond what one refutes.

    Only registers have any.
    """
    p = problems
    out = np.zeros((len(p.keys) - 1, r.BETWEEN + 1), dtype=np.int64)
    if operations.strings is not None:
        return out
    values = np.full((4, p.values + 1), -1, dtype=np.int64)
    seen = np.full(len(p.ops), -1, dtype=np.int64)
    kernels.of(r, size=kernels.ALWAYS).certain(p.events, p.ops, p.keys, values, seen, out)
    observed = np.flatnonzero((out[:, r.KIND] == r.UNWRITTEN) | (out[:, r.KIND] == r.STALE))
    p.keys[observed, k.HOPELESS] = p.ops[out[observed, r.OBSERVER], k.COMPLETED_AT]
    return out
