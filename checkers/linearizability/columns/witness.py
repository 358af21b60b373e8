"""Why a key of a history in columns has no linearization, with calls for a few operations only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.history.columns import FAIL_CODE, Int32, Int64
from splitbrain.checkers.linearizability.columns.operations import Operations, Recorded
from splitbrain.checkers.linearizability.compiled import _log_kernels
from splitbrain.checkers.linearizability.compiled import _reason_kernels as reasons
from splitbrain.checkers.linearizability.compiled import layout as k
from splitbrain.checkers.linearizability.compiled._column_kernels import READ, WRITE
from splitbrain.checkers.linearizability.compiled.searching import Problems
from splitbrain.checkers.linearizability.register_anomalies import (
    Reason,
    lost_update,
    stale_read,
    unwritten_read,
)
from splitbrain.checkers.linearizability.witness import DeadEnd
from splitbrain.checkers.models import Model, State
from splitbrain.checkers.models.model import is_pure


@dataclass(frozen=True)
class ColumnWitness:
    """What can be told of the keys of a history in columns.

    Attributes:
        model: the model.
        history: the history.
        operations: its operations.
        problems: what the search worked on.
        rows: the row of each of its operations.
        index: the index of the invocation of each.
    """

    model: Model
    history: History
    operations: Operations
    problems: Problems
    rows: Int32
    index: Int64

    @property
    def recorded(self) -> Recorded:
        """What was recorded of its operations."""
        return self.operations.recorded

    @cached_property
    def _room(self) -> tuple[Int64, Int64, dict[int, list[int]]]:
        """What the kernel for certain reasons needs, and the reasons found."""
        values = np.full((4, self.problems.values + 1), -1, dtype=np.int64)
        return values, np.full(len(self.rows), -1, dtype=np.int64), {}

    def certain(self, key: int) -> list[int]:
        """What `_reason_kernels` finds for a key; nothing for one of a store."""
        values, seen, found = self._room
        if key not in found:
            p, out = self.problems, np.zeros(reasons.BETWEEN + 1, dtype=np.int64)
            if self.operations.strings is None:
                run = kernels.of(reasons, size=kernels.ALWAYS)
                run.certain(p.events, p.ops, p.keys, key, values, seen, out)
            found[key] = out.tolist()
        return found[key]

    def refuted(self, key: int) -> bool:
        """Whether there is a certain reason that a key has no linearization."""
        return self.certain(key)[reasons.KIND] != 0

    def broken_at(self, key: int) -> int:
        """Position of the completion that can't be passed."""
        blocked = self.problems.keys[key, k.BLOCKED]
        return int(self.recorded.completed[self.rows[blocked]])

    def call(self, operation: int) -> Call:
        """One of the problems' operations."""
        return self.recorded.call(self.history, int(self.rows[operation]))

    def placed(self, key: int) -> list[int]:
        """Invocation indices of the operations placed for a key, in order; see `Problems.order`."""
        indices: list[int] = self.index[self.problems.order(key)].tolist()
        return indices

    def orders(self) -> Int64:
        """Invocation indices of the operations of each linearization found, where its key's are."""
        p, order, out = self.problems, np.empty_like(self.rows), np.empty_like(self.index)
        run = kernels.of(_log_kernels, size=kernels.ALWAYS)
        run.placed(p.keys, p.ops, p.log, self.index, order, out)
        return out

    def dead_end(self, key: int) -> DeadEnd | None:
        """Where the search of a key ended; None if that takes all of its calls to say.

        That is so if the search was stopped early.
        """
        p, row = self.problems, self.problems.keys[key]
        if row[k.BLOCKED] < 0:
            return None
        order, blocked = p.order(key), self.call(int(row[k.BLOCKED]))
        state = self._state_after(order)
        if self.model.step(state, blocked)[0]:
            return None
        start, end = row[k.OPERATIONS], p.keys[key + 1, k.OPERATIONS]
        is_open = p.ops[start:end, k.INVOKED_AT] < row[k.FURTHEST]
        is_open[order - start] = False
        return DeadEnd(
            self.recorded.keys[key],
            self.placed(key),
            state,
            blocked,
            [self.call(int(start) + i) for i in np.flatnonzero(is_open).tolist()],
        )

    def _state_after(self, order: Int32) -> State:
        """The model's state after operations that fit one after another."""
        model, ops, appended, state = self.model, self.problems.ops, [], self.model.initial
        for operation in reversed(order.tolist()):
            call = self.call(operation)
            if ops[operation, k.NEED] == k.EXTENDS:
                appended.append(call)
                continue
            # A read shows the state, others leave one that does not depend on what was before.
            state = call.result if is_pure(model, call) else model.step(state, call)[1]
            break
        for call in reversed(appended):
            state = model.step(state, call)[1]
        return state

    def recent(self, key: int, blocked: Call, number: int) -> list[Call] | None:
        """A key's calls that may be open at or after some moment shortly before a completion.

        Those that failed, or were invoked after the completion, are left out.

        Args:
            key: the key.
            blocked: the call that completes then.
            number: how many required operations are to be invoked from that moment on.

        Returns:
            Calls in order of invocation; None if there are no more than that anyway.
        """
        r, end = self.recorded, blocked.completed
        assert end is not None
        first, last = self.problems.keys[key : key + 2, k.OPERATIONS]
        rows = self.rows[first:last]
        rows = rows[r.invoked[rows] < end]
        required = r.invoked[rows[r.completed[rows] >= 0]]
        if len(required) <= number:
            return None
        kept = (r.completed[rows] < 0) | (r.completed[rows] >= required[-number])
        return [self.recorded.call(self.history, row) for row in rows[kept].tolist()]

    def reason(self, key: int) -> Reason | None:
        """A key's certain reason, if it has one."""
        if not self.refuted(key):
            return None
        kind, observer, writer, between = self.certain(key)
        name = self.recorded.keys[key]
        if kind == reasons.UNWRITTEN:
            return unwritten_read(name, self.call(observer), *self._attempts(key, observer))
        if kind == reasons.STALE:
            last = None if writer < 0 else self.call(writer)
            return stale_read(name, self.call(observer), self.call(between), last)
        return self._lost_update(key, observer)

    def _attempts(self, key: int, observer: int) -> tuple[Call | None, Call | None]:
        """The first failed operation, and the first other write, of what an observer found."""
        o, r, row = self.operations, self.recorded, int(self.rows[observer])
        tried = (r.key == key) & (r.f != READ) & (o.leave == o.need[row])
        tried[row] = False
        refused = np.flatnonzero(tried & (r.outcome == FAIL_CODE))[:1].tolist()
        late = np.flatnonzero(tried & (r.outcome != FAIL_CODE) & (r.f == WRITE))[:1].tolist()
        first, second = ([r.call(self.history, at) for at in found] for found in (refused, late))
        return next(iter(first), None), next(iter(second), None)

    def _lost_update(self, key: int, observer: int) -> Reason:
        p = self.problems
        start, end = p.keys[key : key + 2, k.OPERATIONS].tolist()
        ops, value = p.ops[start:end], p.ops[observer, k.NEED]
        changes = ops[:, k.NEED] != ops[:, k.LEAVE]
        updates = np.flatnonzero(changes & (ops[:, k.NEED] == value) & (ops[:, k.OPTIONAL] == 0))
        origins = np.flatnonzero(changes & (ops[:, k.LEAVE] == value))
        return lost_update(
            self.recorded.keys[key],
            [self.call(start + i) for i in updates.tolist()],
            [self.call(start + i) for i in origins.tolist()],
            len(origins) + int(value == p.keys[key, k.INITIAL]),
        )
