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

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from checkers.history import FAIL, OK, Call, History
from checkers.isolation._append_kernels import RW, WR, WW
from checkers.isolation.consistency import ConsistencyModel, model_named
from checkers.isolation.cycles import Cycle, find_cycles
from checkers.isolation.dependencies import Builder, Dependencies
from checkers.isolation.evidence import anomaly_of_cycle, ends, time_evidence
from checkers.isolation.judgment import Findings, judge
from checkers.isolation.list_append import WITNESSES, time_matters
from checkers.isolation.transactions import Transactions, shown_key, statuses
from checkers.models.model import ModelError, event_of, shown
from checkers.verdict import UNKNOWN, Anomaly, Checker, Verdict

_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "=": int.__eq__,
    "<": int.__lt__,
    ">": int.__gt__,
}

_RENAMED = {
    "G-single": "G-single-predicate",
    "G-nonadjacent": "G-nonadjacent-predicate",
    "G2-item": "G2",
}


def predicate_reads(consistency: str | None = None, *, witnesses: int = WITNESSES) -> Checker:
    """A checker of histories with predicate reads; see the module.

    Args:
        consistency: a name of `checkers.isolation.consistency.MODELS`, or an alias of one.
        witnesses: anomalies shown of each kind.

    Raises:
        ValueError: no such model.
    """
    return PredicateReads(None if consistency is None else model_named(consistency), witnesses)


@dataclass(frozen=True, slots=True)
class PredicateReads:
    """The checker that `predicate_reads` makes."""

    consistency: ConsistencyModel | None
    witnesses: int

    @property
    def name(self) -> str:
        """``predicate-reads``, with the model in brackets if one was asked for."""
        model = f"({self.consistency.name})" if self.consistency else ""
        return f"predicate-reads{model}"

    def check(self, history: History) -> Verdict:
        """See `checkers.verdict.Checker`.

        Raises:
            checkers.models.ModelError: an operation is no transaction of this kind, or a key is
                written twice.
        """
        calls = history.calls()
        facts = _facts(calls)
        coverage = {
            "transactions": len(calls),
            "item reads": sum(not read.predicate for read in facts.reads),
            "predicate reads": sum(read.predicate for read in facts.reads),
        }
        if not facts.reads:
            reason = "no transaction that reads succeeded, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        findings = Findings()
        for anomalies in _read_anomalies(facts, calls).values():
            findings.add(anomalies[: self.witnesses], len(anomalies))

        edges = list(_edges(facts))
        t = _transactions(history)
        process, realtime = time_matters(self.consistency)
        for predicates in (False, True):
            chosen = [e for e in edges if predicates or not e.predicate]
            graph = _graph(t, chosen, process=process, realtime=realtime)
            self._add_cycles(findings, t, graph, chosen, predicates)
        return judge(
            self.name,
            findings,
            self.consistency,
            proof=dict,
            coverage=coverage,
            cost={"algorithm": "Adya, predicate dependencies", "edges": len(edges)},
        )

    def _add_cycles(
        self,
        findings: Findings,
        t: Transactions,
        graph: Dependencies,
        edges: list[_Edge],
        predicates: bool,
    ) -> None:
        """Cycles of items; or those in which a predicate read takes part, by other names."""
        because = {(e.source, e.target, e.kind): e for e in reversed(edges)}
        for cycle in find_cycles(graph, limit=self.witnesses).witnesses:
            quoted = [because.get((s.source, s.target, _BITS.get(s.kind, 0))) for s in cycle.steps]
            by_predicate = any(edge is not None and edge.predicate for edge in quoted)
            if by_predicate != predicates:
                continue
            kind = cycle.kind
            if predicates:
                base, _, suffix = kind.rpartition("-")
                if suffix not in ("process", "realtime"):
                    base, suffix = kind, ""
                kind = _RENAMED.get(base, base) + (f"-{suffix}" if suffix else "")
            steps = [
                time_evidence(t, step)
                if edge is None
                else {**ends(t, step), "key": edge.key, "because": edge.because}
                for step, edge in zip(cycle.steps, quoted, strict=True)
            ]
            bare = anomaly_of_cycle(t, Cycle(kind, cycle.steps), steps)
            details = {"cycle of predicates": bare.details["cycle"]}
            findings.add([Anomaly(kind, bare.message, bare.operations, details)])


_BITS = {"ww": WW, "wr": WR, "rw": RW}


@dataclass(frozen=True, slots=True)
class _Read:
    """What a transaction saw: an item, or all items that match."""

    transaction: int
    predicate: bool
    asked: Any
    found: dict[Any, int | None]


@dataclass(slots=True)
class _Facts:
    """Writers and deleters by key, values by key, and reads of ok transactions."""

    calls: list[Call]
    writer: dict[Any, int] = field(default_factory=dict)
    value: dict[Any, int] = field(default_factory=dict)
    deleter: dict[Any, int] = field(default_factory=dict)
    reads: list[_Read] = field(default_factory=list)
    alive: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Edge:
    """A dependency and why there is one."""

    source: int
    target: int
    kind: int
    predicate: bool
    key: Any
    because: str


def matches(predicate: Any, value: int) -> bool:
    """Whether an item with a value matches a predicate.

    Raises:
        ValueError: it is no predicate.
    """
    if predicate == "all":
        return True
    if isinstance(predicate, list) and all(type(n) is int for n in predicate[1:]):
        if len(predicate) == 2 and predicate[0] in _COMPARISONS:
            return bool(_COMPARISONS[predicate[0]](value, predicate[1]))
        if len(predicate) == 3 and predicate[0] == "mod" and predicate[1] > 0:
            return bool(value % predicate[1] == predicate[2])
    raise ValueError(
        f'{shown(predicate)} is no predicate; there are "all", ["=", n], ["<", n], [">", n] and '
        '["mod", m, r]'
    )


def _facts(calls: list[Call]) -> _Facts:
    facts = _Facts(calls)
    for number, call in enumerate(calls):
        for f, key, value in _micro_operations(call):
            if f == "w":
                owners = facts.deleter if value is None else facts.writer
                if key in owners:
                    raise ModelError(
                        call.invoke_index,
                        f"{shown_key(key)} is {'deleted' if value is None else 'written'} twice; "
                        "every key may be written once and deleted once in this workload",
                    )
                owners[key] = number
                if value is not None:
                    facts.value[key] = value
            elif call.outcome == OK and f == "r":
                facts.reads.append(_Read(number, False, key, {key: value}))
            elif call.outcome == OK:
                facts.reads.append(_Read(number, True, key, dict(map(tuple, value))))
    facts.alive = {i for i, call in enumerate(calls) if call.outcome == OK}
    for read in facts.reads:
        for key, value in read.found.items():
            seen = facts.writer.get(key)
            if value is not None and seen is not None and calls[seen].outcome != FAIL:
                facts.alive.add(seen)
    return facts


def _micro_operations(call: Call) -> list[Any]:
    """A transaction's micro-operations, checked.

    Raises:
        ModelError: they are none.
    """
    value = call.result if call.outcome == OK else call.argument
    if not isinstance(value, list) or not all(isinstance(m, list) and len(m) == 3 for m in value):
        raise ModelError(event_of(call), f"its value is {shown(value)}; it must be a transaction")
    for f, key, seen in value:
        if f not in ("w", "r", "rp"):
            raise ModelError(event_of(call), f'{shown(f)} is none of "w", "r" and "rp"')
        if f == "rp":
            try:
                matches(key, 0)
            except ValueError as error:
                raise ModelError(event_of(call), str(error)) from None
            pairs = seen if call.outcome == OK else []
            if not isinstance(pairs, list) or not all(
                isinstance(p, list) and len(p) == 2 and type(p[1]) is int for p in pairs
            ):
                raise ModelError(
                    event_of(call), f"a predicate read returned {shown(seen)}; it must be [[k, v]]"
                )
        elif seen is not None and type(seen) is not int:
            raise ModelError(event_of(call), f"{shown(seen)} is no integer; values must be")
    return value


def _read_anomalies(facts: _Facts, calls: list[Call]) -> dict[str, list[Anomaly]]:
    """Reads of what failed, never was, or does not match, by kind."""
    found: dict[str, list[Anomaly]] = {}
    for read in facts.reads:
        call = calls[read.transaction]
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


def _edges(facts: _Facts) -> Iterator[_Edge]:
    for key, deleter in facts.deleter.items():
        writer = facts.writer.get(key)
        if writer is not None and writer != deleter and {writer, deleter} <= facts.alive:
            because = f"T{deleter + 1} deleted {shown_key(key)}, which T{writer + 1} had written"
            yield _Edge(writer, deleter, WW, False, key, because)
    for read in facts.reads:
        for key in facts.writer if read.predicate else read.found:
            yield from _edges_of(facts, read, key)


def _edges_of(facts: _Facts, read: _Read, key: Any) -> Iterator[_Edge]:
    """Dependencies by what a read saw, or did not see, of one key."""
    writer, deleter = facts.writer.get(key), facts.deleter.get(key)
    reader, name = read.transaction, shown_key(key)
    how = f"all that match {shown(read.asked)}" if read.predicate else name
    if writer not in facts.alive:
        return
    if read.found.get(key) == facts.value[key]:
        if writer != reader:
            because = f"T{reader + 1} read {name}, which T{writer + 1} wrote"
            yield _Edge(writer, reader, WR, False, key, because)
        if deleter in facts.alive and deleter != reader:
            because = f"T{reader + 1} read {how} and saw {name} before T{deleter + 1} deleted it"
            yield _Edge(reader, deleter, RW, read.predicate, key, because)
    elif key not in read.found or read.found[key] is None:
        asked = not read.predicate or matches(read.asked, facts.value[key])
        if asked and deleter is None and writer != reader:
            because = f"T{reader + 1} read {how} before T{writer + 1} wrote {name}"
            yield _Edge(reader, writer, RW, read.predicate, key, because)


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
        start=np.zeros(1, np.int64),
        elements=none,
        keys=[],
        values=[],
        key_of=none,
        key_count=0,
        indices=history.indices,
        events=len(history),
    )


def _graph(t: Transactions, edges: list[_Edge], *, process: bool, realtime: bool) -> Dependencies:
    builder = Builder(t)
    columns = np.array([(e.source, e.target, e.kind) for e in edges], np.int64).reshape(-1, 3).T
    builder.add(
        columns[0].astype(np.int32), columns[1].astype(np.int32), columns[2].astype(np.uint8)
    )
    builder.add_time(process=process, realtime=realtime)
    return builder.build()
