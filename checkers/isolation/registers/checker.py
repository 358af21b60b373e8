"""The checker of rw-register histories.

Transactions write unique values to registers and read them. Which write a read saw is plain; the
order of writes is not, and must be inferred as far as it can be
(`splitbrain.checkers.isolation.registers.inference`). What is found refutes; that nothing is found
means little, since deciding serializability or snapshot isolation is NP-hard here (Papadimitriou,
"The Serializability of Concurrent Database Updates", JACM 1979; Biswas and Enea, OOPSLA 2019). With
``complete``, a bounded search decides it (`splitbrain.checkers.isolation.complete.deciding`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Unpack

import numpy as np

from splitbrain.checkers.history import History
from splitbrain.checkers.isolation.complete.deciding import decide
from splitbrain.checkers.isolation.consistency import (
    DECIDED_BY_ORDERS,
    forbidden,
    implied,
)
from splitbrain.checkers.isolation.cycles import Cycle
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.judgment import Findings
from splitbrain.checkers.isolation.kernels.codes import NONE, PROCESS, REALTIME, WR, WRITE
from splitbrain.checkers.isolation.observing import Observations, observations
from splitbrain.checkers.isolation.pipeline import (
    Analysed,
    Limits,
    Question,
    Searched,
    TransactionChecker,
    nothing_exercised,
    transaction_coverage,
)
from splitbrain.checkers.isolation.proofs import no_proof, weak_proof
from splitbrain.checkers.isolation.registers.anomalies import add_register_anomalies
from splitbrain.checkers.isolation.registers.evidence import cycle_anomaly
from splitbrain.checkers.isolation.registers.inference import (
    RegisterHistory,
    register_dependencies,
    register_history,
)
from splitbrain.checkers.isolation.registers.numbers import Versioned
from splitbrain.checkers.isolation.registers.versions import Assumptions
from splitbrain.checkers.isolation.transactions import shown_key, transactions_of
from splitbrain.checkers.isolation.weak import decided_apart, weak_anomalies
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import Anomaly, Checker

CLAUSES = 200_000
"""Cycles that the complete search excludes before it gives up."""


def rw_register(
    consistency: str | None = None,
    *,
    initial: bool = False,
    writes_follow_reads: bool = False,
    sequential_keys: bool = False,
    linearizable_keys: bool = False,
    increasing_values: bool = False,
    versioned: bool = False,
    version_field: str | None = None,
    complete: bool = False,
    clauses: int = CLAUSES,
    **limits: Unpack[Limits],
) -> Checker:
    """A checker: the history satisfies a consistency model, as far as its reads tell.

    Args:
        consistency: a name of `splitbrain.checkers.isolation.consistency.MODELS`, or an alias of
            one. None judges against the strongest, and the verdict says which models are ruled out.
        initial: assume that every key starts as null. (That what nobody wrote is how a key started
            is known without.)
        writes_follow_reads: assume that a transaction's write of a key follows what it read of it.
        sequential_keys: assume that each key by itself is sequentially consistent.
        linearizable_keys: assume that each key by itself is linearizable.
        increasing_values: assume that values are whole numbers that tell the order of versions.
        versioned: values are ``[version, value]``, and versions tell their order; see
            `splitbrain.checkers.isolation.registers.numbers`.
        version_field: the same with objects: the version is in this field, the value in ``value``.
        complete: decide serializability and snapshot isolation (and their strong-session and strong
            forms) by a SAT search if no anomaly is found. Takes `initial` for granted.
        clauses: a limit of that search.
        limits: see `splitbrain.checkers.isolation.pipeline.Limits`.

    Raises:
        ValueError: no such model, or none that a complete search decides.
    """
    question = Question.asked("rw-register", consistency, **limits)
    model = question.consistency
    if complete and model and "snapshot-isolation" not in implied(model.name):
        raise ValueError(
            f"a complete search decides serializable and snapshot-isolation, and their "
            f"strong-session and strong forms, not {model.name}; leave out complete"
        )
    assumptions = Assumptions(
        initial or complete,
        writes_follow_reads,
        sequential_keys,
        linearizable_keys,
        increasing_values,
        versioned,
        version_field,
    )
    within = clauses if complete else None
    return TransactionChecker(question, partial(_analysed, question, assumptions, within))


def _analysed(
    question: Question, assumptions: Assumptions, clauses: int | None, history: History
) -> Analysed:
    said = None
    if assumptions.versioned or assumptions.version_field:
        said = Versioned.of(history, assumptions.version_field)
    t = transactions_of(history if said is None else said.history, lists=False)
    coverage = transaction_coverage(t)
    nothing = nothing_exercised(coverage)
    if nothing:
        return coverage, nothing
    inferred = register_history(
        t,
        assumptions,
        process=question.process,
        realtime=question.realtime or question.per_key,
        versioned=said,
    )
    if inferred.again != NONE:
        return coverage, _written_twice(inferred)
    return coverage, _Analysis(inferred, clauses)


@dataclass(slots=True)
class _Analysis:
    """See `splitbrain.checkers.isolation.pipeline.Analysis`.

    Attributes:
        history: what the history says.
        clauses: a limit of the complete search; None for no such search.
        order: the order that it found.
    """

    history: RegisterHistory
    clauses: int | None
    order: dict[str, Any] = field(default_factory=dict)

    @property
    def assumptions(self) -> list[str]:
        return self.history.assumptions.named()

    @property
    def cost(self) -> Mapping[str, Any]:
        return {"algorithm": "Elle, by rw-register", "assumptions": self.assumptions}

    def add_direct(self, findings: Findings, limit: int) -> None:
        add_register_anomalies(findings, self.history, limit)

    def dependencies(self, *, process: bool, realtime: bool, per_key: bool) -> Dependencies:
        return register_dependencies(
            self.history, process=process, realtime=realtime, per_key=per_key
        )

    def explained(self, cycle: Cycle) -> Anomaly:
        return cycle_anomaly(self.history, cycle)

    def decide(self, question: Question, searched: Searched) -> Mapping[str, Any]:
        """Decide weak levels, and search for an order if that was asked for."""
        findings = searched.findings
        apart = decided_apart(question.consistency)
        if apart or question.consistency is None or not findings.counts:
            weak = weak_anomalies(
                lambda: _observed(self.history),
                question.model,
                proved=(),
                sessions=apart,
                deadline=searched.deadline,
                undecided=findings.open,
            )
            findings.take_weak(weak, apart=apart or not findings.counts)
        if self.clauses is None or forbidden(question.model) & findings.counts.keys():
            return {}
        decided = decide(self.history, question.model, self.clauses, searched.deadline)
        if decided.order is not None:
            self.order = {"order": decided.order, **decided.snapshots}
        elif decided.refuted:
            found = Anomaly(decided.kind, decided.reason, decided.operations, decided.refutation)
            findings.add([found])
        else:
            findings.open[decided.kind] = decided.reason
        return {"complete search": decided.cost}

    def proof(self, question: Question, searched: Searched) -> Mapping[str, Any]:
        """The order that the complete search found, or orders that prove a weak model."""
        return self.order or _weak_proof(self.history, searched.graph, question.model)


def _weak_proof(history: RegisterHistory, graph: Dependencies, asked: str) -> dict[str, Any]:
    """Orders that prove a weak model.

    Versions may be taken to be in the order in which their writers stand there, so that who
    read from whom is all that it must respect, and time.
    """
    if asked not in DECIDED_BY_ORDERS:
        return no_proof(asked)
    observed = _observed(history)
    known = observed.source < len(history.transactions)
    timed = (graph.kind == PROCESS) | (graph.kind == REALTIME)
    count = int(np.count_nonzero(known))
    read = Dependencies(
        graph.transactions,
        graph.nodes,
        np.concatenate([observed.source[known], graph.source[timed]]).astype(np.int32),
        np.concatenate([observed.reader[known], graph.target[timed]]).astype(np.int32),
        np.concatenate([np.full(count, WR, np.uint8), graph.kind[timed]]),
    )
    return weak_proof(asked, read, lambda: observed, history.alive)


def _observed(history: RegisterHistory) -> Observations:
    t = history.transactions
    return observations(
        t,
        alive=history.alive,
        writer=history.writer,
        version=history.saw,
        initial=history.starts,
    )


def _written_twice(history: RegisterHistory) -> str:
    t = history.transactions
    m = history.again
    element = int(t.element[m])
    second = t.owner(m)
    first = t.owner(
        next(n for n in range(m) if t.kind[n] == WRITE and int(t.element[n]) == element)
    )
    what, key = shown(t.values[element]), shown_key(t.keys[int(t.key[m])])
    return (
        f"{t.name(first)} and {t.name(second)} (operation {t.index_of(second)}) both write {what} "
        f"to {key}, so that versions cannot be told apart; write unique values"
    )
