"""The checker of predicate histories: phantoms.

Transactions read not only items but all items that match a predicate; a *phantom* is an item that
comes to match, or ceases to, behind such a read's back (Adya, "Weak Consistency", MIT 1999,
section 3.1.2: predicate-based dependencies). So that versions are known without inference, each
key lives once: it is absent, then some transaction writes it, then perhaps one deletes it.

*History.* Micro-operations, in transactions as ever:

    ["w", k, v]               insert k with the integer v; ["w", k, null] deletes it
    ["r", k, v]               read one item
    ["rp", predicate, found]  read all items that match; found is a list of [k, v]

Predicates are ``"all"``, ``["=", n]``, ``["<", n]``, ``[">", n]`` and ``["mod", m, r]``.

*Dependencies.* wr from a writer to whoever saw its item; rw from whoever saw an item to its
deleter; rw from whoever did not see an item, which was never deleted, to its writer. A predicate
read saw every key: those that do not match what it asks say nothing.

*Names.* Cycles over items alone have their usual names. One with a rw of a predicate read is
G-single-predicate if that is its only rw, G-nonadjacent-predicate if no two rw are in a row, and G2
otherwise: repeatable read (PL-2.99) allows them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Unpack

import numpy as np

from splitbrain.checkers.history import FAIL, History
from splitbrain.checkers.isolation.consistency import forbidden, refuted_by_search
from splitbrain.checkers.isolation.cycles import Cycle, Step
from splitbrain.checkers.isolation.dependencies import NAMES, Dependencies
from splitbrain.checkers.isolation.judgment import Findings
from splitbrain.checkers.isolation.kernels.codes import RW_PREDICATE
from splitbrain.checkers.isolation.lists.evidence import anomaly_of_cycle, ends, time_evidence
from splitbrain.checkers.isolation.pipeline import (
    Analysed,
    Limits,
    Question,
    Searched,
    TransactionChecker,
)
from splitbrain.checkers.isolation.predicates.history import (
    Edge,
    Facts,
    dependencies_of,
    facts_of,
    graph_of,
    matches,
)
from splitbrain.checkers.isolation.predicates.proofs import predicate_proof
from splitbrain.checkers.isolation.transactions import Transactions, shown_key, statuses
from splitbrain.checkers.models.model import event_of, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Shape


def predicate_reads(consistency: str | None = None, **limits: Unpack[Limits]) -> Checker:
    """A checker of histories with predicate reads; see the module.

    Args:
        consistency: a name of `splitbrain.checkers.isolation.consistency.MODELS`, or an alias of
            one.
        limits: see `splitbrain.checkers.isolation.pipeline.Limits`.

    Raises:
        ValueError: no such model, or one that says nothing of predicates.
    """
    question = Question.asked("predicate-reads", consistency, **limits)
    if question.per_key:
        raise ValueError(f"{question.model} says nothing of predicates, which touch all keys")
    return TransactionChecker(question, _analysed)


def _analysed(history: History) -> Analysed:
    """The analysis.

    Raises:
        splitbrain.checkers.models.ModelError: an operation is no transaction of this kind, or a
            key is written twice.
    """
    calls = history.calls()
    facts = facts_of(calls)
    coverage = {
        "transactions": len(calls),
        "item reads": sum(not read.predicate for read in facts.reads),
        "predicate reads": sum(read.predicate for read in facts.reads),
    }
    if not facts.reads:
        return coverage, "no transaction that reads succeeded, so nothing was exercised"
    return coverage, _Analysis(facts, _transactions(history))


@dataclass(slots=True)
class _Analysis:
    """See `splitbrain.checkers.isolation.pipeline.Analysis`."""

    facts: Facts
    transactions: Transactions
    because: dict[tuple[int, int, str], Edge] = field(default_factory=dict)
    proved: Mapping[str, Any] | None = None

    cost: ClassVar[Mapping[str, Any]] = {"algorithm": "Adya, predicate dependencies"}
    assumptions: ClassVar[list[str] | None] = None

    def add_direct(self, findings: Findings, limit: int) -> None:
        for anomalies in _read_anomalies(self.facts).values():
            findings.add(anomalies[:limit], len(anomalies))

    def dependencies(self, *, process: bool, realtime: bool, per_key: bool) -> Dependencies:
        edges = list(dependencies_of(self.facts))
        self.because = {(e.source, e.target, NAMES[e.kind]): e for e in reversed(edges)}
        return graph_of(self.transactions, edges, process=process, realtime=realtime)

    def explained(self, cycle: Cycle) -> Anomaly:
        return _anomaly(self.transactions, self.because, cycle)

    def decide(self, question: Question, searched: Searched) -> Mapping[str, Any]:
        """Look for an order where one is what the model asks for; without it nobody knows.

        A read that missed an item which somebody deleted may have come before its writer or after
        its deleter, and no dependency says that: what they leave open may have no order.
        """
        kind = refuted_by_search(question.model)
        worse = forbidden(question.model) & searched.findings.counts.keys()
        if kind and not worse and "no proof" in self.proof(question, searched):
            searched.findings.open[kind] = "no order that explains every read was found"
        return {}

    def proof(self, question: Question, searched: Searched) -> Mapping[str, Any]:
        if self.proved is None:
            self.proved = predicate_proof(question.model, self.facts, self.transactions)
        return self.proved


def _anomaly(
    t: Transactions, because: Mapping[tuple[int, int, str], Edge], cycle: Cycle
) -> Anomaly:
    """A cycle with what each of its steps rests on."""
    steps = [_explained(t, because.get((s.source, s.target, s.kind)), s) for s in cycle.steps]
    bare = anomaly_of_cycle(t, cycle, steps)
    details = {"cycle of predicates": bare.details["cycle"]}
    return Anomaly(cycle.kind, bare.message, bare.operations, details, Shape.CYCLE)


def _explained(t: Transactions, edge: Edge | None, step: Step) -> dict[str, Any]:
    if edge is None:
        return time_evidence(t, step)
    asked = {"predicate": edge.asked} if edge.kind == RW_PREDICATE else {}
    kind = "rw" if asked else step.kind
    return {**ends(t, step), "type": kind, "key": edge.key, **asked, "because": edge.because}


_SELF = {
    "internal": "does not see its own write or deletion of",
    "future-read": "sees what it was only later to write to",
}


def _read_anomalies(facts: Facts) -> dict[str, list[Anomaly]]:
    """Reads of what failed, never was, does not match, or is not as the reader left it, by kind."""
    found: dict[str, list[Anomaly]] = {}
    calls = facts.calls
    for read in facts.reads:
        call = calls[read.transaction]
        for kind, keys in (("internal", read.disagrees()), ("future-read", read.foresees())):
            for key in keys:
                message = f"T{read.transaction + 1} {_SELF[kind]} {shown_key(key)}"
                self_seen = Anomaly(kind, message, (event_of(call),), {"key": key})
                found.setdefault(kind, []).append(self_seen)
        for key, value in read.found.items():
            writer = facts.writer.get(key)
            item = f"T{read.transaction + 1} read {shown_key(key)} = {shown(value)}"
            if value is None:
                continue
            kind, message = "", ""
            if writer is None or facts.value[key] != value:
                kind, message = "garbage", f"{item}, which nothing ever wrote"
            elif calls[writer].outcome == FAIL:
                kind, message = "G1a", f"{item}, which T{writer + 1} wrote, which failed"
            elif read.predicate and not matches(read.asked, value):
                kind, message = "garbage", f"{item}, which does not match {shown(read.asked)}"
            if kind:
                details = {"key": key}
                found.setdefault(kind, []).append(
                    Anomaly(kind, message, (event_of(call),), details)
                )
    return found


def _transactions(history: History) -> Transactions:
    """Columns of transactions without micro-operations: when they were, and how they ended."""
    invoked, completed, status, _ = statuses(history)
    none = np.empty(0, np.int32)
    return Transactions(
        status=status,
        process=history.process[invoked],
        invoked=invoked,
        completed=completed,
        offsets=np.zeros(len(invoked) + 1, np.int64),
        kind=none,
        key=none,
        element=none,
        start=none,
        length=none,
        elements=none,
        keys=[],
        values=[],
        key_of=none,
        key_count=0,
        indices=history.indices,
        events=len(history),
    )
