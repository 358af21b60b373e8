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

from dataclasses import dataclass
from typing import Any

import numpy as np

from splitbrain.checkers.history import History
from splitbrain.checkers.isolation.append_history import (
    AppendHistory,
    append_dependencies,
    append_history,
    last_elements,
    with_unobserved_order,
)
from splitbrain.checkers.isolation.consistency import (
    STRONGEST,
    ConsistencyModel,
    forbidden,
    implied,
    model_named,
)
from splitbrain.checkers.isolation.cycles import SEARCH_BUDGET, Cycles, find_cycles
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.evidence import cycle_anomaly
from splitbrain.checkers.isolation.judgment import Findings, judge
from splitbrain.checkers.isolation.kernels.codes import FAIL, INFO, NONE, OK, READ, WW
from splitbrain.checkers.isolation.observations import Observations, observations
from splitbrain.checkers.isolation.proofs import (
    indices_of,
    no_proof,
    speaks_of_sessions,
    weak_proof,
)
from splitbrain.checkers.isolation.read_anomalies import (
    add_dirty_updates,
    add_lost_updates,
    add_read_anomalies,
)
from splitbrain.checkers.isolation.schedule import snapshot_schedule
from splitbrain.checkers.isolation.transactions import Transactions, shown_key, transactions_of
from splitbrain.checkers.isolation.weak import LEVELS, decided_apart, weak_anomalies
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import UNKNOWN, Checker, Verdict

WITNESSES = 8
"""How many anomalies of each kind a verdict shows. All are counted."""


def list_append(
    consistency: str | None = None, *, witnesses: int = WITNESSES, budget: int = SEARCH_BUDGET
) -> Checker:
    """A checker: the history satisfies a consistency model, as far as its reads tell.

    Args:
        consistency: a name of `splitbrain.checkers.isolation.consistency.MODELS`, or an alias of
            one. None judges against the strongest, and the verdict says which models are ruled out.
        witnesses: anomalies shown of each kind.
        budget: edges looked at in the search for one kind of cycle.

    Raises:
        ValueError: no such model.
    """
    model = None if consistency is None else model_named(consistency)
    return ListAppend(model, witnesses, budget)


@dataclass(frozen=True, slots=True)
class ListAppend:
    """The checker that `list_append` makes."""

    consistency: ConsistencyModel | None
    witnesses: int
    budget: int

    @property
    def name(self) -> str:
        """``list-append``, with the model in brackets if one was asked for."""
        return f"list-append({self.consistency.name})" if self.consistency else "list-append"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            splitbrain.checkers.history.HistoryError: an operation is no list-append transaction.
        """
        t = transactions_of(history, lists=True)
        coverage = transaction_coverage(t)
        nothing = nothing_exercised(coverage)
        if nothing:
            return Verdict(self.name, UNKNOWN, nothing, coverage=coverage)
        inferred = append_history(t)
        if inferred.again != NONE:
            return Verdict(self.name, UNKNOWN, _appended_twice(inferred), coverage=coverage)
        findings = Findings()
        add_read_anomalies(findings, inferred, self.witnesses)
        process, realtime = time_matters(self.consistency)
        graph, dirty = append_dependencies(inferred, process=process, realtime=realtime)
        add_dirty_updates(findings, inferred, dirty, self.witnesses)
        add_lost_updates(findings, inferred, self.witnesses)
        cycles = find_cycles(graph, limit=self.witnesses, budget=self.budget)
        for cycle in cycles.witnesses:
            findings.add([cycle_anomaly(inferred, cycle)])
        take_counts(findings, cycles, self.budget)
        asked = self.consistency.name if self.consistency else STRONGEST
        proved: tuple[str, ...] = ()
        if cycles.order is not None and not findings.counts:
            proved = tuple(LEVELS) if process else ("read-atomic", "monotonic-atomic-view")
        if self.consistency is None or decided_apart(self.consistency):
            apart = self.consistency is not None
            weak = weak_anomalies(
                lambda: _observed(inferred, graph), asked, proved=proved, sessions=apart
            )
            findings.take_weak(weak, apart=apart)
        return judge(
            self.name,
            findings,
            self.consistency,
            proof=lambda: self._proof(inferred, graph, cycles, findings),
            coverage=coverage,
            cost={
                "algorithm": "Elle, by list-append",
                "edges": len(graph),
                "components with cycles": cycles.components,
            },
        )

    def _proof(
        self, history: AppendHistory, graph: Dependencies, cycles: Cycles, findings: Findings
    ) -> dict[str, Any]:
        """The certificate: a serial order if there is one, a schedule, or orders that are enough.

        A serial order says nothing of sessions unless they took part in finding it.
        """
        name = self.consistency.name if self.consistency else STRONGEST
        t, alive = history.transactions, history.alive()
        apart = speaks_of_sessions(name) and not time_matters(self.consistency)[0]
        if cycles.order is not None and not findings.counts and not apart:
            return {"order": indices_of(t, cycles.order[alive[cycles.order]])}
        if "snapshot-isolation" in implied(name):
            return self._schedule(history, graph) or no_proof(name)
        return weak_proof(name, graph, lambda: _observed(history, graph), alive)

    def _schedule(self, history: AppendHistory, graph: Dependencies) -> dict[str, Any]:
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
            snapshot_schedule(with_unobserved_order(history, graph, rank))
            for rank in (ended, commits)
        )
        events = next((events for events in tried if events is not None), None)
        if events is None:
            return {}
        events = events[history.alive()[events // 2]]
        what = ("begin", "commit")
        invoked = indices_of(t, events // 2)
        return {
            "schedule": [[i, what[e % 2]] for i, e in zip(invoked, events.tolist(), strict=True)]
        }


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


def transaction_coverage(t: Transactions) -> dict[str, int]:
    """What a history of transactions exercised."""
    ok = np.repeat(t.status == OK, np.diff(t.offsets))
    return {
        "transactions": len(t),
        "ok": int(np.count_nonzero(t.status == OK)),
        "fail": int(np.count_nonzero(t.status == FAIL)),
        "info": int(np.count_nonzero(t.status == INFO)),
        "keys": t.key_count,
        "writes": int(np.count_nonzero(ok & (t.kind != READ))),
        "reads": int(np.count_nonzero(ok & (t.kind == READ))),
    }


def nothing_exercised(coverage: dict[str, int]) -> str:
    """Why a history with this coverage says nothing; empty if it says something."""
    if not coverage["transactions"]:
        return "the history has no transactions"
    if not coverage["reads"]:
        return "no transaction that reads succeeded, so nothing was exercised"
    return ""


def time_matters(consistency: ConsistencyModel | None) -> tuple[bool, bool]:
    """Whether a model speaks of sessions, and of real time."""
    kinds = forbidden(consistency.name if consistency else STRONGEST)
    realtime = any(kind.endswith("-realtime") for kind in kinds)
    return realtime or any(kind.endswith("-process") for kind in kinds), realtime


def take_counts(findings: Findings, cycles: Cycles, budget: int) -> None:
    """Take over how many cycles there are, and of which kinds nobody knows."""
    findings.counts.update(cycles.counts)
    for kind in cycles.timed_out:
        if kind not in cycles.counts:
            findings.open[kind] = (
                f"the search for cycles ended after {budget} edges (cycle-search-timeout); "
                "give it a larger budget"
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
