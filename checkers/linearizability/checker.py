"""The checker: history in, verdict out.

Long histories of registers and key-value stores are judged as columns
(`splitbrain.checkers.linearizability.columns.judging`), others key by key as calls
(`splitbrain.checkers.linearizability.deciding`). Either way a key is found linearizable, with an
order that others can check, or not, with the few operations that can't be ordered, or the budget
ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history import History
from splitbrain.checkers.history.collector import collector_paused
from splitbrain.checkers.linearizability.columns import judging
from splitbrain.checkers.linearizability.compiled import _search_kernels
from splitbrain.checkers.linearizability.deciding import algorithms, decide
from splitbrain.checkers.linearizability.findings import Finding, Findings, Witness
from splitbrain.checkers.linearizability.limits import (
    INTERPRETED,
    UNLIMITED,
    Budget,
    Limits,
    Progress,
    begun,
)
from splitbrain.checkers.linearizability.parts import Parts, observes, parts_of
from splitbrain.checkers.linearizability.windows import EFFORT
from splitbrain.checkers.models import KeyValue, Model, Queue, Register, Stack
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Checker, Verdict

_FASTER = KeyValue, Queue, Register, Stack
"""Models that something faster than the search in this interpreter decides."""

COMPILED_AFTER = 8_000
"""Configurations of a store's key after which compiled code, if it is at hand, is loaded."""

EXPLAINED = 50
"""How many broken keys get an anomaly of their own, those that break first; all are counted."""


def linearizable(
    model: Model,
    *,
    keyed: bool | None = None,
    budget: Budget | None = None,
    algorithm: str | None = None,
    progress: Progress | None = None,
) -> Checker:
    """A checker: the history is linearizable with respect to `model`.

    Args:
        model: one of `splitbrain.checkers.models`, or any object with the attributes of
            `splitbrain.checkers.models.Model`.
        keyed: whether values are ``[key, value]`` with independent keys; None finds out.
        budget: limits of the search; beyond them the verdict is unknown. Unless given, `Budget`'s
            for registers, queues and stacks, and `INTERPRETED` configurations for other models.
        algorithm: ``"search"``, or the name of a monitor
            (`splitbrain.checkers.linearizability.monitors.monitors_for`), to use that and nothing
            else; None chooses.
        progress: told now and then how far a long check is.

    Raises:
        ValueError: the model has no such algorithm.
    """
    known = algorithms(model)
    if algorithm is not None and algorithm not in known:
        raise ValueError(
            f"no algorithm {algorithm!r} for a {model.name}; there are {', '.join(known)}"
        )
    usual = Budget() if type(model) in _FASTER else Budget(INTERPRETED)
    return Linearizable(model, keyed, budget or usual, algorithm, progress)


@dataclass(frozen=True, slots=True)
class Linearizable:
    """The checker that `linearizable` makes."""

    model: Model
    keyed: bool | None
    budget: Budget
    algorithm: str | None = None
    progress: Progress | None = None

    @property
    def name(self) -> str:
        """``linearizable(MODEL)``."""
        return f"linearizable({self.model.name})"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`. Interrupted by Ctrl-C, it says how far it
        came.

        Raises:
            splitbrain.checkers.models.ModelError: an operation is not the model's, or the algorithm
            asked
                for does not apply.
        """
        with collector_paused():
            return self._checked(history, begun(self.budget, self.progress))

    def _checked(self, history: History, limits: Limits) -> Verdict:
        found = None
        if self.algorithm in (None, "search"):
            monitors = self.algorithm is None
            found = judging.judged(self.model, history, limits, keyed=self.keyed, monitors=monitors)
        if found is None and type(self.model) is KeyValue and self.algorithm in (None, "search"):
            found = self._store(history, limits)
        if found is None:
            found = self._by_calls(history, limits)
        if not found.observed:
            reason = (
                "the history has no operations"
                if not found.coverage["operations"]
                else "no operation that observes the state succeeded, so nothing was exercised"
            )
            return Verdict(self.name, UNKNOWN, reason, coverage=found.coverage)
        return self._verdict(found, limits)

    def _store(self, history: History, limits: Limits) -> Findings | None:
        """A short history of a store: by calls, or compiled if some key takes longer than loading.

        Returns:
            None if nothing compiled is at hand, or the history is not plain enough for it.
        """
        enough, budget = COMPILED_AFTER, limits.budget
        if budget.configurations <= enough or not kernels.at_hand(_search_kernels):
            return None
        limits.budget = replace(budget, configurations=enough)
        found = self._by_calls(history, limits)
        limits.budget = budget
        if limits.stopped or all(key.validity is not UNKNOWN for key in found.keys):
            return found
        monitors = self.algorithm is None
        return judging.judged(
            self.model, history, limits, keyed=self.keyed, monitors=monitors, short=True
        )

    def _by_calls(self, history: History, limits: Limits) -> Findings:
        parts = parts_of(self.model, history, keyed=self.keyed)
        coverage = _coverage(parts)
        if not any(observes(parts.model, part.calls) for part in parts.parts):
            return Findings(parts.keyed, [], coverage, observed=False)
        keys = []
        for number, part in enumerate(parts.parts):
            keys.append(decide(parts.model, part, limits, algorithm=self.algorithm))
            limits.tell((number + 1) / len(parts.parts))
        return Findings(parts.keyed, keys, coverage)

    def _verdict(self, found: Findings, limits: Limits) -> Verdict:
        broken = [key for key in found.keys if key.validity is INVALID]
        undecided = [key for key in found.keys if key.validity is UNKNOWN]
        cost = {
            "algorithm": _algorithms(found.keys),
            "configurations": sum(key.configurations for key in found.keys),
            "limit": self.budget.configurations,
            "undecided keys": [key.key for key in undecided],
        }
        coverage = found.coverage | {
            "keys linearizable": len(found.keys) - len(broken) - len(undecided),
            "keys not linearizable": len(broken),
            "keys undecided": len(undecided),
        }
        if broken:
            broken.sort(key=_broken_at)
            effort = EFFORT // min(len(broken), 10)
            witnesses = [key.witness(effort) for key in broken[:EXPLAINED]]
            return Verdict(
                self.name,
                INVALID,
                _why_invalid(found, broken, witnesses),
                tuple(witness.anomaly for witness in witnesses),
                certificate=self._certificate(
                    found, "refutations", [witness.certificate for witness in witnesses]
                ),
                coverage=coverage,
                cost=cost,
            )
        if undecided:
            reason = _why_unknown(found, undecided, limits)
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage, cost=cost)
        number = sum(len(key.order) for key in found.keys)
        of_keys = f" over {len(found.keys)} keys" if found.keyed else ""

        def certificate() -> Mapping[str, Any]:
            orders = [
                {"key": key.key, "order": np.asarray(key.order).tolist()} for key in found.keys
            ]
            return self._certificate(found, "linearizations", orders)

        return Verdict(
            self.name,
            VALID,
            f"an order of {number} operations{of_keys} respects real time and the model",
            certificate=certificate,
            coverage=coverage,
            cost=cost,
        )

    def _certificate(self, found: Findings, what: str, keys: list[Any]) -> Mapping[str, Any]:
        return {"model": self.model.name, "keyed": found.keyed, what: keys}


def _broken_at(finding: Finding) -> int:
    return finding.broken_at


def _algorithms(findings: list[Finding]) -> str:
    """The algorithms that decided, most frequent first."""
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.algorithm] = counts.get(finding.algorithm, 0) + 1
    names = sorted(counts, key=lambda name: (-counts[name], name))
    if len(names) == 1:
        return names[0]
    return "; ".join(f"{name} ({counts[name]} keys)" for name in names)


def _coverage(parts: Parts) -> dict[str, int]:
    calls = [call for part in parts.parts for call in part.calls]
    coverage = {"operations": len(calls), "keys": len(parts.parts) if parts.keyed else 0}
    for outcome in ("ok", "fail", "info"):
        coverage[outcome] = sum(call.outcome == outcome for call in calls)
    for f in sorted({call.f for call in calls}):
        coverage[f"ok {f}"] = sum(call.f == f and call.outcome == "ok" for call in calls)
    return coverage


def _why_invalid(found: Findings, broken: list[Finding], witnesses: list[Witness]) -> str:
    first = witnesses[0].anomaly.message
    if not found.keyed:
        return f"not linearizable: {first}"
    return f"{len(broken)} of {len(found.keys)} keys not linearizable; first {first}"


def _why_unknown(found: Findings, undecided: list[Finding], limits: Limits) -> str:
    first, budget = undecided[0], limits.budget
    passed, total = first.completed
    where = f"key {shown(first.key)}" if found.keyed else "the history"
    others = f"; {len(undecided)} of {len(found.keys)} keys undecided" if found.keyed else ""
    if limits.interrupted:
        what, advice = "it was interrupted", "let it run longer"
    else:
        words = []
        if budget.configurations < UNLIMITED:
            words.append(f"{budget.configurations} configurations a key")
        if limits.out_of_memory or not limits.out_of_time:
            words.append(f"{budget.memory >> 20} MiB")
        if budget.seconds is not None:
            words.append(f"{budget.seconds:g} s")
        what, advice = "the budget ended", f"raise it ({' and '.join(words)})"
    return (
        f"{what} after {first.configurations} configurations at completion "
        f"{min(passed + 1, total)} of {total} of {where}{others}: {advice}"
    )
