"""The way from a history of transactions to a verdict, the same for every kind of history.

    analyse    transactions as columns; nothing exercised, or nothing that can be told: unknown
    infer      versions and reads, by the kind of history: what single reads show, dependencies
    search     cycles of dependencies, weak levels, perhaps all orders
    explain    anomalies with their evidence; the lattice of models; a proof of what holds

A kind of history is an `Analysis`; what is asked of it, a `Question`; the two together, a
`TransactionChecker`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict, Unpack

import numpy as np

from splitbrain.checkers.history import History
from splitbrain.checkers.isolation.complete.deadline import Deadline, Timed, seconds_of
from splitbrain.checkers.isolation.consistency import (
    PER_KEY_MODELS,
    STRONGEST,
    ConsistencyModel,
    forbidden,
    model_named,
)
from splitbrain.checkers.isolation.cycles import SEARCH_BUDGET, Cycle, Cycles, find_cycles
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.judgment import Findings, judge
from splitbrain.checkers.isolation.kernels.codes import FAIL, INFO, OK, READ
from splitbrain.checkers.isolation.transactions import Transactions
from splitbrain.checkers.verdict import UNKNOWN, Anomaly, Verdict

WITNESSES = 8
"""How many anomalies of each kind a verdict shows. All are counted."""


class Limits(TypedDict, total=False):
    """What every checker of transactions may be told beside a model.

    Attributes:
        witnesses: anomalies shown of each kind.
        edges: a limit of those looked at in the search for one kind of cycle.
        budget: seconds (or what has an attribute of that name) until what is not decided is
            unknown; None for no limit.
    """

    witnesses: int
    edges: int
    budget: float | Timed | None


@dataclass(frozen=True, slots=True)
class Question:
    """What a checker asks of a history.

    Attributes:
        checker: the checker's name, without a model.
        consistency: the model; None asks where in the lattice the history is.
        witnesses: anomalies shown of each kind.
        edges: a limit of those looked at in the search for one kind of cycle.
        seconds: time until what is not decided is unknown; None for no limit.
    """

    checker: str
    consistency: ConsistencyModel | None
    witnesses: int = WITNESSES
    edges: int = SEARCH_BUDGET
    seconds: float | None = None

    @classmethod
    def asked(cls, checker: str, consistency: str | None, **limits: Unpack[Limits]) -> Question:
        """What a checker asks that was made with these options.

        Raises:
            ValueError: no such model.
            TypeError: no such limit.
        """
        strange = limits.keys() - Limits.__annotations__.keys()
        if strange:
            raise TypeError(f"{checker} has no option {', '.join(sorted(strange))}")
        model = None if consistency is None else model_named(consistency)
        return cls(
            checker,
            model,
            limits.get("witnesses", WITNESSES),
            limits.get("edges", SEARCH_BUDGET),
            seconds_of(limits.get("budget")),
        )

    @property
    def name(self) -> str:
        """The checker's name, with the model in brackets if one was asked for."""
        return f"{self.checker}({self.consistency.name})" if self.consistency else self.checker

    @property
    def model(self) -> str:
        """The name of the model that anomalies are held against."""
        return self.consistency.name if self.consistency else STRONGEST

    @property
    def process(self) -> bool:
        """Whether the model speaks of the order in sessions."""
        kinds = forbidden(self.model)
        return self.realtime or any(kind.endswith("-process") for kind in kinds)

    @property
    def realtime(self) -> bool:
        """Whether the model speaks of real time."""
        return any(kind.endswith("-realtime") for kind in forbidden(self.model))

    @property
    def per_key(self) -> bool:
        """Whether the model speaks of real time, but only among those who touch the same key."""
        return self.model in PER_KEY_MODELS


@dataclass(frozen=True, slots=True)
class Searched:
    """What the search for cycles leaves to those who decide and prove more.

    Attributes:
        graph: the dependencies.
        cycles: of them.
        findings: what was found so far.
        deadline: when the time is over.
    """

    graph: Dependencies
    cycles: Cycles
    findings: Findings
    deadline: Deadline


class Analysis(Protocol):
    """A history as its kind of checker understands it."""

    @property
    def cost(self) -> Mapping[str, Any]:
        """The algorithm and its assumptions, for the verdict."""
        ...

    @property
    def assumptions(self) -> list[str] | None:
        """Names of what is assumed; None if the checker assumes nothing ever."""
        ...

    def add_direct(self, findings: Findings, limit: int) -> None:
        """Add what single reads and versions show, up to a limit of each kind."""
        ...

    def dependencies(self, *, process: bool, realtime: bool, per_key: bool) -> Dependencies:
        """The graph of dependencies, with what time adds to it."""
        ...

    def explained(self, cycle: Cycle) -> Anomaly:
        """A cycle with the evidence for each of its steps."""
        ...

    def decide(self, question: Question, searched: Searched) -> Mapping[str, Any]:
        """Look for what cycles do not show, and add it to the findings; what it cost."""
        ...

    def proof(self, question: Question, searched: Searched) -> Mapping[str, Any]:
        """The certificate of a valid verdict; "no proof" in it says why there is none."""
        ...


Analysed = tuple[Mapping[str, int], Analysis | str]
"""What a history exercised, and the analysis of it, or in a sentence why nothing can be told."""


@dataclass(frozen=True, slots=True)
class TransactionChecker:
    """A checker of one kind of history of transactions.

    Attributes:
        question: what it asks.
        analyse: makes an analysis of a history.
    """

    question: Question
    analyse: Callable[[History], Analysed]

    @property
    def name(self) -> str:
        """The checker's name, with the model in brackets if one was asked for."""
        return self.question.name

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            splitbrain.checkers.history.HistoryError: an operation is no transaction of this kind.
        """
        coverage, analysis = self.analyse(history)
        if isinstance(analysis, str):
            return Verdict(self.name, UNKNOWN, analysis, coverage=coverage)
        return answer(self.question, analysis, coverage)


def answer(question: Question, analysis: Analysis, coverage: Mapping[str, int]) -> Verdict:
    """Search, decide and explain."""
    findings = Findings()
    deadline = Deadline.after(question.seconds)
    analysis.add_direct(findings, question.witnesses)
    graph = analysis.dependencies(
        process=question.process, realtime=question.realtime, per_key=question.per_key
    )
    cycles = find_cycles(
        graph, limit=question.witnesses, budget=question.edges, late=deadline.passed
    )
    for cycle in cycles.witnesses:
        findings.add([analysis.explained(cycle)])
    _take_counts(findings, cycles, question)
    searched = Searched(graph, cycles, findings, deadline)
    decided = analysis.decide(question, searched)
    cost = {"edges": len(graph), "components with cycles": cycles.components}
    return judge(
        question.name,
        findings,
        question.consistency,
        proof=lambda: analysis.proof(question, searched),
        coverage=coverage,
        cost={**analysis.cost, **cost, **decided},
        assumptions=analysis.assumptions,
    )


def _take_counts(findings: Findings, cycles: Cycles, question: Question) -> None:
    """Take over how many cycles there are, and of which kinds nobody knows."""
    findings.counts.update(cycles.counts)
    for kind in cycles.timed_out:
        if kind not in cycles.counts:
            findings.open[kind] = (
                f"the search for cycles ended after {question.edges} edges or at the end of its "
                "time (cycle-search-timeout); give it a larger budget"
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


def nothing_exercised(coverage: Mapping[str, int]) -> str:
    """Why a history with this coverage says nothing; empty if it says something."""
    if not coverage["transactions"]:
        return "the history has no transactions"
    if not coverage["reads"]:
        return "no transaction that reads succeeded, so nothing was exercised"
    return ""
