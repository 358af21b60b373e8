"""The checker of list-append histories.

Transactions append unique elements to lists, and read whole lists: a read shows all versions of its
key up to then, in order, so that dependencies can be told from the history alone (Kingsbury and
Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020).

*Sound and complete for serializability*, strong-session and strong (strict) serializability: a
history without anomalies has an order of its transactions that explains every read (the
certificate), and one with an anomaly has none. Of weaker models, anomalies rule them out; their
absence proves nothing more than that.

*Left out.* Predicates (see `splitbrain.checkers.isolation.predicates`). Histories in which an
element is appended twice to a key are unknown: their versions cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Unpack

import numpy as np

from splitbrain.checkers.history import History
from splitbrain.checkers.isolation.consistency import forbidden, implied, refuted_by_search
from splitbrain.checkers.isolation.cycles import Cycle
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.judgment import Findings
from splitbrain.checkers.isolation.kernels.codes import NONE, READ, WW
from splitbrain.checkers.isolation.lists.anomalies import (
    add_dirty_updates,
    add_lost_updates,
    add_read_anomalies,
)
from splitbrain.checkers.isolation.lists.evidence import cycle_anomaly
from splitbrain.checkers.isolation.lists.inference import (
    AppendHistory,
    append_dependencies,
    append_history,
    last_elements,
    with_unobserved_order,
)
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
from splitbrain.checkers.isolation.proofs import (
    indices_of,
    no_proof,
    speaks_of_sessions,
    weak_proof,
)
from splitbrain.checkers.isolation.schedule import snapshot_schedule
from splitbrain.checkers.isolation.transactions import shown_key, transactions_of
from splitbrain.checkers.isolation.weak import LEVELS, decided_apart, weak_anomalies
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import Anomaly, Checker


def list_append(consistency: str | None = None, **limits: Unpack[Limits]) -> Checker:
    """A checker: the history satisfies a consistency model, as far as its reads tell.

    Args:
        consistency: a name of `splitbrain.checkers.isolation.consistency.MODELS`, or an alias of
            one. None judges against the strongest, and the verdict says which models are ruled out.
        limits: see `splitbrain.checkers.isolation.pipeline.Limits`.

    Raises:
        ValueError: no such model.
    """
    return TransactionChecker(Question.asked("list-append", consistency, **limits), _analysed)


def _analysed(history: History) -> Analysed:
    t = transactions_of(history, lists=True)
    coverage = transaction_coverage(t)
    nothing = nothing_exercised(coverage)
    if nothing:
        return coverage, nothing
    inferred = append_history(t)
    if inferred.again != NONE:
        return coverage, _appended_twice(inferred)
    return coverage, _Analysis(inferred)


@dataclass(frozen=True, slots=True)
class _Analysis:
    """See `splitbrain.checkers.isolation.pipeline.Analysis`."""

    history: AppendHistory

    cost: ClassVar[Mapping[str, Any]] = {"algorithm": "Elle, by list-append"}
    assumptions: ClassVar[list[str] | None] = None

    def add_direct(self, findings: Findings, limit: int) -> None:
        add_read_anomalies(findings, self.history, limit)
        add_dirty_updates(findings, self.history, limit)
        add_lost_updates(findings, self.history, limit)

    def dependencies(self, *, process: bool, realtime: bool, per_key: bool) -> Dependencies:
        return append_dependencies(
            self.history, process=process, realtime=realtime, per_key=per_key
        )

    def explained(self, cycle: Cycle) -> Anomaly:
        return cycle_anomaly(self.history, cycle)

    def decide(self, question: Question, searched: Searched) -> Mapping[str, Any]:
        """Decide weak levels. A serial order proves those that say nothing of what it left out."""
        findings = searched.findings
        proved: tuple[str, ...] = ()
        if searched.cycles.order is not None and not findings.counts:
            proved = tuple(LEVELS) if question.process else ("read-atomic", "monotonic-atomic-view")
        if question.consistency is None or decided_apart(question.consistency):
            apart = question.consistency is not None
            weak = weak_anomalies(
                lambda: _observed(self.history, searched.graph),
                question.model,
                proved=proved,
                sessions=apart,
                deadline=searched.deadline,
                undecided=findings.open,
            )
            findings.take_weak(weak, apart=apart)
        if searched.cycles.order is None or findings.counts:
            self._require_schedule(question, searched)
        return {}

    def _require_schedule(self, question: Question, searched: Searched) -> None:
        """Whoever asks for snapshots wants a schedule: cycles say nothing of unread writes."""
        findings, kind = searched.findings, refuted_by_search(question.model)
        worse = forbidden(question.model) & findings.counts.keys()
        if kind and not worse and "no proof" in self.proof(question, searched):
            findings.open[kind] = (
                "no order of commits was found in which no two writers of a key overlap"
            )

    def proof(self, question: Question, searched: Searched) -> Mapping[str, Any]:
        """A serial order if there is one, a schedule, or orders that are enough.

        A serial order says nothing of sessions unless they took part in finding it.
        """
        t, alive = self.history.transactions, self.history.alive()
        name, order = question.model, searched.cycles.order
        apart = speaks_of_sessions(name) and not question.process
        if order is not None and not searched.findings.counts and not apart:
            return {"order": t.indices[t.invoked[order[alive[order]]]]}
        if "snapshot-isolation" in implied(name):
            return _schedule(self.history, searched.graph) or no_proof(name)
        observe = partial(_observed, self.history, searched.graph)
        return weak_proof(name, searched.graph, observe, alive)


def _schedule(history: AppendHistory, graph: Dependencies) -> dict[str, Any]:
    """The certificate for snapshot isolation alone: begins and commits in order.

    Any order of writes that nobody read explains the reads, but their writers must not overlap:
    the order in which they completed is tried, and one in which they could commit.
    """
    t = history.transactions
    free = snapshot_schedule(graph)
    if free is None:
        return {}
    commits = np.empty(len(t), np.int64)
    commits[free[free % 2 == 1] // 2] = np.arange(len(t))
    ended = np.where(t.completed == NONE, t.events + t.invoked, t.completed)
    tried = (
        snapshot_schedule(with_unobserved_order(history, graph, rank)) for rank in (ended, commits)
    )
    events = next((events for events in tried if events is not None), None)
    if events is None:
        return {}
    events = events[history.alive()[events // 2]]
    what = ("begin", "commit")
    invoked = indices_of(t, events // 2)
    return {"schedule": [[i, what[e % 2]] for i, e in zip(invoked, events.tolist(), strict=True)]}


def _observed(history: AppendHistory, graph: Dependencies) -> Observations:
    t = history.transactions
    last = max(len(t), 1)
    known = (graph.kind == WW) & (graph.source < last) & (graph.target < last)
    return observations(
        t,
        alive=history.alive(),
        writer=history.writer,
        version=last_elements(t),
        initial=np.ones(t.key_count, np.bool_),
        versions=(graph.source[known], graph.target[known]),
    )


def _appended_twice(history: AppendHistory) -> str:
    t = history.transactions
    m = history.again
    element = int(t.element[m])
    second = t.owner(m)
    first = t.owner(next(n for n in range(m) if t.kind[n] != READ and int(t.element[n]) == element))
    what, key = shown(t.values[element]), shown_key(t.keys[int(t.key[m])])
    return (
        f"{t.name(first)} and {t.name(second)} (operation {t.index_of(second)}) both append {what} "
        f"to {key}, so that versions cannot be told apart; append unique elements"
    )
