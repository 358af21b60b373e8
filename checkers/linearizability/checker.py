"""The checker: history in, verdict out.

Splits by key, searches each key (`checkers.linearizability.search`), and says what was found: a
certificate that others can check (`checkers.linearizability.certificate`) or, for each broken key,
an anomaly with the few operations that can't be ordered (`checkers.linearizability.witness`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checkers.history import History
from checkers.linearizability.parts import Parts, observes, parts_of
from checkers.linearizability.problem import Problem, problem_of
from checkers.linearizability.search import Budget, Outcome, search
from checkers.linearizability.witness import EFFORT, explain
from checkers.models import KeyPart, Model
from checkers.models.model import shown
from checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

ALGORITHM = "Wing & Gong, just in time (Lowe)"
EXPLAINED = 50
"""How many broken keys get an anomaly of their own, those that break first; all are counted."""


def linearizable(
    model: Model, *, keyed: bool | None = None, budget: Budget | None = None
) -> Checker:
    """A checker: the history is linearizable with respect to `model`.

    Args:
        model: one of `checkers.models`, or any object with the attributes of
            `checkers.models.Model`.
        keyed: whether values are ``[key, value]`` with independent keys; None finds out.
        budget: limits of the search; beyond them the verdict is unknown.
    """
    return Linearizable(model, keyed, budget or Budget())


@dataclass(frozen=True, slots=True)
class Linearizable:
    """The checker that `linearizable` makes."""

    model: Model
    keyed: bool | None
    budget: Budget

    @property
    def name(self) -> str:
        """``linearizable(MODEL)``."""
        return f"linearizable({self.model.name})"

    def check(self, history: History) -> Verdict:
        """See `checkers.verdict.Checker`.

        Raises:
            checkers.models.ModelError: an operation is not the model's.
        """
        parts = parts_of(self.model, history, keyed=self.keyed)
        coverage = _coverage(parts)
        if not any(observes(parts.model, part.calls) for part in parts.parts):
            reason = (
                "the history has no operations"
                if not coverage["operations"]
                else "no operation that observes the state succeeded, so nothing was exercised"
            )
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        deadline = None
        if self.budget.seconds is not None:
            deadline = time.perf_counter() + self.budget.seconds
        found = [_Found(part, *self._decide(parts.model, part, deadline)) for part in parts.parts]
        return self._verdict(parts, found, coverage)

    def _decide(
        self, model: Model, part: KeyPart, deadline: float | None
    ) -> tuple[Problem, Outcome]:
        problem = problem_of(model, part.calls)
        return problem, search(problem, self.budget, deadline=deadline)

    def _verdict(self, parts: Parts, found: list[_Found], coverage: dict[str, int]) -> Verdict:
        broken = [f for f in found if f.outcome.order is None and not f.outcome.exhausted]
        undecided = [f for f in found if f.outcome.exhausted]
        cost = {
            "algorithm": ALGORITHM,
            "configurations": sum(f.outcome.configurations for f in found),
            "limit": self.budget.configurations,
            "undecided keys": [f.part.key for f in undecided],
        }
        coverage |= {
            "keys linearizable": len(found) - len(broken) - len(undecided),
            "keys not linearizable": len(broken),
            "keys undecided": len(undecided),
        }
        if broken:
            broken.sort(key=_Found.broken_at)
            effort = EFFORT // min(len(broken), 10)
            anomalies = tuple(
                explain(parts.model, f.part, f.problem, f.outcome, effort=effort)
                for f in broken[:EXPLAINED]
            )
            return Verdict(
                self.name,
                INVALID,
                _why_invalid(parts, broken, anomalies),
                anomalies,
                coverage=coverage,
                cost=cost,
            )
        if undecided:
            reason = _why_unknown(parts, undecided, self.budget)
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage, cost=cost)
        number = sum(len(f.outcome.order or ()) for f in found)
        of_keys = f" over {len(found)} keys" if parts.keyed else ""
        return Verdict(
            self.name,
            VALID,
            f"an order of {number} operations{of_keys} respects real time and the model",
            certificate=_certificate(parts, found),
            coverage=coverage,
            cost=cost,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found for one key."""

    part: KeyPart
    problem: Problem
    outcome: Outcome

    def broken_at(self) -> int:
        """Position of the completion that can't be passed."""
        assert self.outcome.stuck is not None
        forcing = self.problem.calls[self.outcome.stuck.forcing]
        return forcing.invoked if forcing.completed is None else forcing.completed


def _coverage(parts: Parts) -> dict[str, int]:
    calls = [call for part in parts.parts for call in part.calls]
    coverage = {"operations": len(calls), "keys": len(parts.parts) if parts.keyed else 0}
    for outcome in ("ok", "fail", "info"):
        coverage[outcome] = sum(call.outcome == outcome for call in calls)
    for f in sorted({call.f for call in calls}):
        coverage[f"ok {f}"] = sum(call.f == f and call.outcome == "ok" for call in calls)
    return coverage


def _certificate(parts: Parts, found: list[_Found]) -> Mapping[str, Any]:
    return {
        "model": parts.model.name,
        "keyed": parts.keyed,
        "linearizations": [
            {
                "key": f.part.key,
                "order": [f.problem.calls[i].invoke_index for i in f.outcome.order or ()],
            }
            for f in found
        ],
    }


def _why_invalid(parts: Parts, broken: list[_Found], anomalies: tuple[Anomaly, ...]) -> str:
    if not parts.keyed:
        return f"not linearizable: {anomalies[0].message}"
    return (
        f"{len(broken)} of {len(parts.parts)} keys not linearizable; first {anomalies[0].message}"
    )


def _why_unknown(parts: Parts, undecided: list[_Found], budget: Budget) -> str:
    first = undecided[0]
    passed, total = first.outcome.completed
    where = f"key {shown(first.part.key)}" if parts.keyed else "the history"
    others = f"; {len(undecided)} of {len(parts.parts)} keys undecided" if parts.keyed else ""
    limits = f"{budget.configurations} configurations a key"
    if budget.seconds is not None:
        limits += f" and {budget.seconds:g} s"
    return (
        f"the budget ended after {first.outcome.configurations} configurations at completion "
        f"{passed + 1} of {total} of {where}{others}: raise it ({limits})"
    )
