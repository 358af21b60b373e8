"""Whole histories of registers and stores, judged without a Python object for each operation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checkers import kernels
from checkers.history import Call, History
from checkers.history.columns import FAIL_CODE, INFO_CODE, OK_CODE
from checkers.history.operation import TYPES
from checkers.linearizability import _search_kernels
from checkers.linearizability import search_layout as k
from checkers.linearizability.column_operations import Operations
from checkers.linearizability.column_problems import prepare
from checkers.linearizability.column_witness import ColumnWitness, certain_reasons
from checkers.linearizability.deciding import decide
from checkers.linearizability.findings import SEARCH, WALK, Finding, Findings, Witness
from checkers.linearizability.kernel_problems import outcome_of
from checkers.linearizability.kernel_search import search_all
from checkers.linearizability.kv_columns import kv_operations
from checkers.linearizability.limits import Limits
from checkers.linearizability.outcome import Outcome
from checkers.linearizability.problem import Problem, problem_of
from checkers.linearizability.register_columns import register_operations
from checkers.linearizability.witness import dead_end_of, explain, reason_of, refuted
from checkers.models import KeyPart, KeyValue, Model, Register
from checkers.verdict import INVALID, UNKNOWN, VALID

_COMPILED_FROM, _LOADED_FROM = 200_000, 8_000
"""Events from which compiling is worth its while, and from which compiled code is, if at hand."""


def judged(
    model: Model,
    history: History,
    limits: Limits,
    *,
    keyed: bool | None,
    monitors: bool = True,
) -> Findings | None:
    """What is found for a history; None if it is too short, not plain enough, or of another model.

    Args:
        model: the model.
        history: the history.
        limits: see `Limits`.
        keyed: whether values are ``[key, value]``; None finds out.
        monitors: whether to ask a monitor about keys that take long.
    """
    least = _LOADED_FROM if kernels.at_hand(_search_kernels) else _COMPILED_FROM
    if not kernels.worth_compiling(kernels.ALWAYS * len(history) // least):
        return None
    found = _operations(model, history, keyed)
    if found is None:
        return None
    model, operations = found
    coverage = _coverage(operations)
    if not operations.observed:
        return Findings(operations.keyed, [], coverage, observed=False)
    problems, rows = prepare(operations, events=len(history))
    reasons = certain_reasons(operations, problems)
    witness = ColumnWitness(model, history, operations, problems, rows, reasons)
    judge = _Judge(witness, limits, monitors, {})
    try:
        search_all(problems, limits, judge.elsewhere)
    except KeyboardInterrupt:
        limits.interrupted = True
    findings = [judge.finding(key) for key in range(len(operations.keys))]
    return Findings(operations.keyed, findings, coverage)


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


def _coverage(o: Operations) -> dict[str, int]:
    coverage = {"operations": len(o.f), "keys": len(o.keys) if o.keyed else 0}
    for code in (OK_CODE, FAIL_CODE, INFO_CODE):
        coverage[TYPES[code]] = int((o.outcome == code).sum())
    for f in sorted(range(len(o.names)), key=o.names.__getitem__):
        if (o.f == f).any():
            coverage[f"ok {o.names[f]}"] = int(((o.f == f) & (o.outcome == OK_CODE)).sum())
    return coverage


@dataclass(slots=True)
class _Judge:
    witness: ColumnWitness
    limits: Limits
    monitors: bool
    decided: dict[int, Finding]

    def elsewhere(self, key: int) -> bool:
        """Whether a key is decided without a long search."""
        if self.witness.refuted(key):
            return True
        part = self._part(key)
        if self.monitors:
            finding = decide(self.witness.model, part, self.limits, algorithm="quick")
            if finding.validity is not UNKNOWN:
                self.decided[key] = finding
                return True
        return self._refuted(key, part)

    def _refuted(self, key: int, part: KeyPart) -> bool:
        problem, outcome = self._searched(key, part)
        if outcome.stuck is None:
            return False
        if not refuted(self.witness.model, part.calls, problem.calls[outcome.stuck.forcing]):
            return False
        self.decided[key] = self._broken(key)
        return True

    def finding(self, key: int) -> Finding:
        """What was found for a key."""
        if key in self.decided:
            return self.decided[key]
        name, keys = self.witness.operations.keys[key], self.witness.problems.keys
        tried = int(keys[key, k.TRIED])
        if keys[key, k.STATUS] == k.FOUND:
            return Finding(name, VALID, order=self.witness.placed(key), configurations=tried)
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
            self.witness.operations.keys[key],
            INVALID,
            WALK if self.witness.refuted(key) else SEARCH,
            configurations=int(self.witness.problems.keys[key, k.TRIED]),
            broken_at=self.witness.broken_at(key),
            explain=lambda effort: self._explained(key, effort),
        )

    def _explained(self, key: int, effort: int) -> Witness:
        """Why a key has no linearization; with all of its calls only if that is needed."""
        dead_end, reason = self.witness.dead_end(key), self.witness.reason(key)
        if dead_end is None or reason is None:
            part = self._part(key)
            dead_end = dead_end or dead_end_of(
                self.witness.model, part.key, *self._searched(key, part)
            )
            reason = reason or reason_of(self.witness.model, part.calls, dead_end, effort=effort)
        return Witness(
            explain(self.witness.model, dead_end, reason), dead_end.certificate(self.witness.model)
        )

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
        return [numbers[at] for at in self.witness.operations.invoked[rows].tolist()]

    def _part(self, key: int) -> KeyPart:
        """A key's calls."""
        o = self.witness.operations
        rows = np.flatnonzero(o.key == key).tolist()
        return KeyPart(o.keys[key], [o.call(self.witness.history, row) for row in rows])
