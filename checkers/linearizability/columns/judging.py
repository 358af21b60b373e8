"""Whole histories of registers and stores, judged without a Python object for each operation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.linearizability import sweeping
from splitbrain.checkers.linearizability.columns.operations import Operations
from splitbrain.checkers.linearizability.columns.problems import prepare
from splitbrain.checkers.linearizability.columns.registers import register_operations
from splitbrain.checkers.linearizability.columns.stores import kv_operations
from splitbrain.checkers.linearizability.columns.witness import ColumnWitness
from splitbrain.checkers.linearizability.compiled import _reason_kernels as reasons
from splitbrain.checkers.linearizability.compiled import _search_kernels
from splitbrain.checkers.linearizability.compiled import layout as k
from splitbrain.checkers.linearizability.compiled.from_calls import outcome_of
from splitbrain.checkers.linearizability.compiled.searching import Advice, search_all
from splitbrain.checkers.linearizability.deciding import decide, finding_of
from splitbrain.checkers.linearizability.findings import SEARCH, WALK, Finding, Findings, Witness
from splitbrain.checkers.linearizability.limits import Limits
from splitbrain.checkers.linearizability.outcome import Outcome
from splitbrain.checkers.linearizability.problem import Problem, problem_of
from splitbrain.checkers.linearizability.register_anomalies import Reason
from splitbrain.checkers.linearizability.windows import refuted
from splitbrain.checkers.linearizability.witness import (
    DeadEnd,
    dead_end_of,
    explain,
    reason_of,
    recent_reason,
)
from splitbrain.checkers.models import KeyPart, KeyValue, Model, Register
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID

_COMPILED_FROM, _AT_HAND_FROM, _LOADED_FROM = 200_000, 8_000, 2_000
"""Events from which compiling is worth its while, from which compiled code is, if at hand, and if
it is loaded already."""
_RECENT = 16, 64, 256
"""How many of a key's last operations are tried as a reason, before all are."""


def judged(
    model: Model,
    history: History,
    limits: Limits,
    *,
    keyed: bool | None,
    monitors: bool = True,
    short: bool = False,
) -> Findings | None:
    """What is found for a history; None if it is too short, not plain enough, or of another model.

    Args:
        model: the model.
        history: the history.
        limits: see `Limits`.
        keyed: whether values are ``[key, value]``; None finds out.
        monitors: whether to ask a monitor about keys that take long.
        short: whether to judge it, too, if it is short.
    """
    if not kernels.worth_compiling(kernels.ALWAYS * len(history) // (1 if short else _least())):
        return None
    found = _operations(model, history, keyed)
    if found is None:
        return None
    model, operations = found
    recorded = operations.recorded
    if not operations.observed:
        return Findings(recorded.keyed, [], recorded.coverage, observed=False)
    witness = ColumnWitness(model, history, operations, *prepare(operations, history))
    judge = _Judge(witness, limits, monitors, {})
    try:
        search_all(witness.problems, limits, judge)
    except KeyboardInterrupt:
        limits.interrupted = True
    return Findings(recorded.keyed, judge.findings(), recorded.coverage)


def _least() -> int:
    """How many events are enough."""
    if kernels.loaded(_search_kernels):
        return _LOADED_FROM
    return _AT_HAND_FROM if kernels.at_hand(_search_kernels) else _COMPILED_FROM


def _operations(
    model: Model, history: History, keyed: bool | None
) -> tuple[Model, Operations] | None:
    """A history's operations, and the model in the history's dialect."""
    if type(model) is KeyValue:
        return kv_operations(model, history, keyed=keyed)
    if type(model) is not Register:
        return None
    operations = register_operations(model, history, keyed=keyed)
    return None if operations is None else (model, operations)


@dataclass(slots=True)
class _Judge(Advice):
    witness: ColumnWitness
    limits: Limits
    monitors: bool
    decided: dict[int, Finding]

    def hopeless(self, key: int) -> int:
        """See `Advice`: a value that was read and not there, if that is certain."""
        reason = self.witness.certain(key)
        if reason[reasons.KIND] not in (reasons.UNWRITTEN, reasons.STALE):
            return k.FAR_FUTURE
        return int(self.witness.problems.ops[reason[reasons.OBSERVER], k.COMPLETED_AT])

    def elsewhere(self, key: int) -> bool:
        """See `Advice`: a certain reason, a monitor, or a sweep that finds an order."""
        if self.witness.refuted(key):
            return True
        part = self._part(key)
        if self.monitors:
            finding = decide(self.witness.model, part, self.limits, algorithm="quick")
            if finding.validity is not UNKNOWN:
                self.decided[key] = finding
                return True
        return self._refuted(key, part) or self._swept(key, part)

    def _swept(self, key: int, part: KeyPart) -> bool:
        model = self.witness.model
        if type(model) is not Register:
            return False
        problem = problem_of(model, part.calls)
        outcome = sweeping.search(problem, self.limits, self.limits.budget.configurations)
        if outcome is None:
            return False
        self.decided[key] = finding_of(model, part, problem, outcome)
        return True

    def _refuted(self, key: int, part: KeyPart) -> bool:
        problem, outcome = self._searched(key, part)
        if outcome.stuck is None:
            return False
        if not refuted(self.witness.model, part.calls, problem.calls[outcome.stuck.forcing]):
            return False
        self.decided[key] = self._broken(key)
        return True

    def findings(self) -> list[Finding]:
        """What was found for each key."""
        names, keys = self.witness.recorded.keys, self.witness.problems.keys
        orders, found = self.witness.orders(), []
        columns = keys[:-1, [k.STATUS, k.TRIED, k.OPERATIONS, k.LENGTH]].tolist()
        for key, (status, tried, start, length) in enumerate(columns):
            if key in self.decided:
                found.append(self.decided[key])
            elif status == k.FOUND:
                order = orders[start : start + length]
                found.append(Finding(names[key], VALID, order=order, configurations=tried))
            else:
                found.append(self._not_found(key))
        return found

    def _not_found(self, key: int) -> Finding:
        """The finding of a key of which the search found no linearization."""
        name, keys = self.witness.recorded.keys[key], self.witness.problems.keys
        tried = int(keys[key, k.TRIED])
        # A key whose search did not begin stays unknown: nothing shows how far an order comes.
        begun = keys[key, k.BLOCKED] >= 0
        if keys[key, k.STATUS] == k.NONE or (begun and self.witness.refuted(key)):
            return self._broken(key)
        events = self.witness.problems.events[keys[key, k.EVENTS] : keys[key + 1, k.EVENTS]]
        passed = max(int(keys[key, k.FURTHEST] - keys[key, k.EVENTS]), 0)
        completed = (int((events[:passed] < 0).sum()), int((events < 0).sum()))
        return Finding(name, UNKNOWN, configurations=tried, completed=completed)

    def _broken(self, key: int) -> Finding:
        """The finding of a key without a linearization."""
        return Finding(
            self.witness.recorded.keys[key],
            INVALID,
            WALK if self.witness.refuted(key) else SEARCH,
            configurations=int(self.witness.problems.keys[key, k.TRIED]),
            broken_at=self.witness.broken_at(key),
            explain=lambda effort: self._explained(key, effort),
        )

    def _explained(self, key: int, effort: int) -> Witness:
        """Why a key has no linearization; with all of its calls only if that is needed."""
        dead_end, reason = self.witness.dead_end(key), self.witness.reason(key)
        if reason is None and dead_end is not None:
            reason = self._recently(key, dead_end, effort)
        if dead_end is None or reason is None:
            part = self._part(key)
            dead_end = dead_end or dead_end_of(
                self.witness.model, part.key, *self._searched(key, part)
            )
            reason = reason or reason_of(self.witness.model, part.calls, dead_end, effort=effort)
        return Witness(
            explain(self.witness.model, dead_end, reason), dead_end.certificate(self.witness.model)
        )

    def _recently(self, key: int, dead_end: DeadEnd, effort: int) -> Reason | None:
        """Why a key has no linearization, if its last few calls are enough to show it."""
        for number in _RECENT:
            calls = self.witness.recent(key, dead_end.blocked, number)
            if calls is None:
                return None
            reason = recent_reason(self.witness.model, calls, dead_end, effort=effort)
            if reason is not None:
                return reason
        return None

    def _searched(self, key: int, part: KeyPart) -> tuple[Problem, Outcome]:
        """A key's problem and its outcome in terms of calls."""
        problem = problem_of(self.witness.model, part.calls)
        calls = self._calls_of(key, problem.calls)
        return problem, outcome_of(self.witness.problems, key, problem, calls)

    def _calls_of(self, key: int, calls: list[Call]) -> list[int]:
        """The number in a problem of each of a key's operations."""
        numbers = {call.invoked: number for number, call in enumerate(calls)}
        keys = self.witness.problems.keys
        rows = self.witness.rows[keys[key, k.OPERATIONS] : keys[key + 1, k.OPERATIONS]]
        return [numbers[at] for at in self.witness.recorded.invoked[rows].tolist()]

    def _part(self, key: int) -> KeyPart:
        """A key's calls."""
        r = self.witness.recorded
        rows = np.flatnonzero(r.key == key).tolist()
        return KeyPart(r.keys[key], [r.call(self.witness.history, row) for row in rows])
