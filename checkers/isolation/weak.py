"""Weak isolation levels, decided exactly: a polynomial matter when values are unique.

Biswas and Enea ("On the Complexity of Checking Transactional Consistency", OOPSLA 2019) define
levels by what an order of commits must respect. It must always agree with who read from whom. Then,
if a transaction t3 reads a key from t1, and t2 writes that key too, t2 must commit before t1

    read committed   if t3 had read from t2 before it read the key
    read atomic      if t3 reads from t2
    causal           if t3 follows t2 through reads and sessions

and the level holds exactly if that has no cycle (Dai et al., "AWDIT", PLDI 2025, for doing it
fast). Their *read committed* asks more than Adya's PL-2: it is monotonic atomic view (Bailis et
al., "Highly Available Transactions", VLDB 2014), and that is what it is called here.

Where the order of versions is known, as in list-append histories, commits must agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation.complete.deadline import NO_DEADLINE, Deadline
from splitbrain.checkers.isolation.consistency import ConsistencyModel, forbidden, implied
from splitbrain.checkers.isolation.kernels import graphs, times, visibility
from splitbrain.checkers.isolation.kernels.codes import NONE, WRITE
from splitbrain.checkers.isolation.observing import Observations
from splitbrain.checkers.isolation.sessions import GUARANTEES, Sessions, required
from splitbrain.checkers.isolation.transactions import Transactions, shown_key
from splitbrain.checkers.verdict import Anomaly, Shape

Array = npt.NDArray[Any]

LEVELS = {
    "monotonic-atomic-view": "non-monotonic-reads",
    "read-atomic": "fractured-read",
    "causal": "causality-violation",
}
"""The levels decided here, weakest first, and the anomaly that refutes each."""

_WR, _SESSION, _VERSIONS, _COMMIT, _FIRST = range(5)
_WHY = ("wr", "session", "versions", "commit", "initial")


def weak_anomalies(
    observe: Callable[[], Observations],
    asked: str,
    *,
    proved: Container[str],
    sessions: bool = True,
    deadline: Deadline = NO_DEADLINE,
    undecided: dict[str, str] | None = None,
) -> list[Anomaly]:
    """Decide the weak levels that a model implies: an anomaly for each that does not hold.

    From the strongest down, since causality, if it holds, has all others hold.

    Args:
        observe: gives who read from whom, if that is needed.
        asked: the name of the model.
        proved: levels known to hold.
        sessions: whether session guarantees are looked at one by one (which takes longest).
        deadline: when to look at no further level.
        undecided: takes the anomalies that nobody looked for then, and why.
    """
    observed: Observations | None = None
    found: list[Anomaly] = []
    levels = [level for level in reversed(LEVELS) if LEVELS[level] in forbidden(asked)]
    guarantees = [name for name in GUARANTEES if sessions and name in forbidden(asked)]
    for level in (*levels, *guarantees):
        if level in proved or (level in GUARANTEES and "causal" in proved):
            if level == "causal":
                return found
            continue
        if deadline.passed() and undecided is not None:
            kind = LEVELS.get(level, level)
            undecided[kind] = f"its {deadline.seconds:g} s were over before {level} was looked at"
            continue
        observed = observe() if observed is None else observed
        anomaly = refute(observed, level)
        if anomaly is not None:
            found.append(anomaly)
        elif level == "causal":
            return found
    return found


def decided_apart(consistency: ConsistencyModel | None) -> bool:
    """Whether a model is asked for that cycles of dependencies alone do not decide."""
    return consistency is not None and "snapshot-isolation" not in implied(consistency.name)


@dataclass(frozen=True, slots=True)
class _Graph:
    """What the order of commits must respect.

    Attributes:
        source: transactions.
        target: transactions that commit later.
        why: `_WR`, `_SESSION`, `_VERSIONS`, `_COMMIT` or `_FIRST` (the initial state).
        read: for `_COMMIT`, the read (a position in `Observations`) that requires it.
    """

    source: Array
    target: Array
    why: Array
    read: Array

    def with_edges(
        self, source: Array, target: Array, why: int, read: Array | None = None
    ) -> _Graph:
        count = len(source)
        reads = np.full(count, NONE, np.int64) if read is None else read
        return _Graph(
            np.concatenate([self.source, source]).astype(np.int32),
            np.concatenate([self.target, target]).astype(np.int32),
            np.concatenate([self.why, np.full(count, why, np.int8)]),
            np.concatenate([self.read, reads]),
        )


def refute(observed: Observations, level: str) -> Anomaly | None:
    """A cycle in what an order of commits must respect at a level; None if the level holds.

    Args:
        observed: who read from whom.
        level: one of `LEVELS`, or of `splitbrain.checkers.isolation.sessions.GUARANTEES`.
    """
    graph = _required(observed, level)
    ring = _shortest_cycle(graph, len(observed.transactions) + 1)
    return None if ring is None else _anomaly(observed, graph, ring, LEVELS.get(level, level))


def commit_order(observed: Observations, level: str) -> Array | None:
    """Transactions in an order of commits that satisfies a level; None if there is none."""
    count = len(observed.transactions)
    order = _order(_required(observed, level), count + 1)
    return None if order is None else order[order < count]


def _required(observed: Observations, level: str) -> _Graph:
    """What an order of commits must respect at a level."""
    t = observed.transactions
    nodes = len(t) + 1
    empty = np.empty(0, np.int64)
    graph = _Graph(empty, empty, empty.astype(np.int8), empty)
    graph = graph.with_edges(observed.source, observed.reader, _WR)
    sessions = _Sessions.of(t)
    if level == "causal":
        graph = graph.with_edges(sessions.tails, sessions.heads, _SESSION)
    elif level in ("monotonic-writes", "read-your-writes"):
        writes = np.zeros(len(t), np.bool_)
        writes[_by_writer(observed)[0]] = True
        graph = graph.with_edges(*_next_writes(sessions, writes), _SESSION)
    if observed.initial:
        others = np.arange(len(t))
        graph = graph.with_edges(np.full(len(t), len(t)), others, _FIRST)
    base = graph
    graph = graph.with_edges(*observed.versions, _VERSIONS)
    if level in GUARANTEES:
        graph = graph.with_edges(*_guaranteed(observed, sessions, level))
    elif level == "causal":
        order = _order(base, nodes)
        if order is not None:
            graph = graph.with_edges(*_causal(observed, sessions, order))
    else:
        graph = graph.with_edges(*_atomic(observed, after_only=level != "read-atomic"))
    return graph


def _by_writer(observed: Observations) -> tuple[Array, Array]:
    """Writes of transactions that took effect, sorted: (transaction, key) without repetition."""
    t = observed.transactions
    writes = np.flatnonzero(t.kind == WRITE)
    owners = np.searchsorted(t.offsets, writes, side="right") - 1
    kept = observed.alive[owners]
    pairs = np.unique(owners[kept] * np.int64(t.key_count) + t.key[writes[kept]])
    return pairs // max(t.key_count, 1), pairs % max(t.key_count, 1)


def _places(sorted_numbers: Array, count: int) -> Array:
    return np.searchsorted(sorted_numbers, np.arange(count + 1))


def _atomic(observed: Observations, *, after_only: bool) -> tuple[Array, Array, int, Array]:
    t = observed.transactions
    by, written = _by_writer(observed)
    compiled = kernels.of(visibility, size=t.size)
    tails, heads, reads = compiled.atomic_visibility(
        _places(observed.reader, len(t)), observed.key, observed.source, _places(by, len(t)),
        written, t.key_count, after_only,
    )  # fmt: skip
    return tails, heads, _COMMIT, reads


def _guaranteed(
    observed: Observations, sessions: _Sessions, guarantee: str
) -> tuple[Array, Array, int, Array]:
    t = observed.transactions
    by, written = _by_writer(observed)
    place = _places(by, len(t)).tolist()
    keys = written.tolist()
    facts = Sessions(
        session=sessions.session.tolist(),
        number=sessions.number.tolist(),
        place=_places(observed.reader, len(t)).tolist(),
        key=observed.key.tolist(),
        source=observed.source.tolist(),
        writes=[tuple(keys[place[i] : place[i + 1]]) for i in range(len(t))],
    )
    tails, heads, reads = required(facts, guarantee)
    return tails, heads, _COMMIT, reads


def _next_writes(sessions: _Sessions, writes: Array) -> tuple[Array, Array]:
    """From each transaction that writes to the next one of its session that does."""
    order = np.lexsort((sessions.number, sessions.session))
    order = order[writes[order]]
    same = sessions.session[order[1:]] == sessions.session[order[:-1]]
    return order[:-1][same], order[1:][same]


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Sessions as chains: a process, up to its first indeterminate transaction."""

    tails: Array
    heads: Array
    session: Array
    number: Array
    previous: Array
    count: int

    @classmethod
    def of(cls, t: Transactions) -> _Sessions:
        processes = np.unique(t.process, return_inverse=True)[1].astype(np.int64)
        compiled = kernels.of(times, size=len(t))
        tails, heads = compiled.session_edges(
            t.status, processes, int(processes.max(initial=0)) + 1
        )
        previous = np.full(len(t), NONE, np.int64)
        previous[heads] = tails
        # Each chain has a first transaction; going up the chains numbers the others.
        session, number = np.zeros(len(t), np.int64), np.zeros(len(t), np.int64)
        count = 0
        for at, before in enumerate(previous.tolist()):
            if before == NONE:
                session[at] = count
                count += 1
            else:
                session[at], number[at] = session[before], number[before] + 1
        return cls(tails, heads, session, number, previous, count)


def _causal(
    observed: Observations, sessions: _Sessions, order: Array
) -> tuple[Array, Array, int, Array]:
    t = observed.transactions
    by, key = _by_writer(observed)
    by_session = np.lexsort((sessions.number[by], sessions.session[by], key))
    compiled = kernels.of(visibility, size=t.size * 4)
    tails, heads, reads = compiled.causal_visibility(
        order, _places(observed.reader, len(t)), observed.key, observed.source, sessions.session,
        sessions.number, sessions.previous, _places(key[by_session], t.key_count), by[by_session],
        sessions.count,
    )  # fmt: skip
    return tails, heads, _COMMIT, reads


def _components(graph: _Graph, nodes: int) -> tuple[Array, Array, Array, int]:
    compiled = kernels.of(graphs, size=nodes + len(graph.source))
    every = np.ones(len(graph.source), np.uint8)
    offsets, targets = compiled.adjacency(graph.source, graph.target, every, 1, nodes)
    component, components = compiled.strong_components(offsets, targets)
    return offsets, targets, component, components


def _order(graph: _Graph, nodes: int) -> Array | None:
    """Transactions in an order that a graph agrees with; None if it has cycles."""
    _, _, component, components = _components(graph, nodes)
    if components < nodes:
        return None
    return np.argsort(-component.astype(np.int64), kind="stable")


def _shortest_cycle(graph: _Graph, nodes: int) -> list[int] | None:
    """Edges of a short cycle, or None if there is none."""
    offsets, targets, component, components = _components(graph, nodes)
    if components == nodes:
        return None
    compiled = kernels.of(graphs, size=nodes + len(graph.source))
    inside = np.flatnonzero(component[graph.source] == component[graph.target])
    ways = (offsets, targets, component, component, nodes)
    best, length = compiled.best_closing_edges(
        *ways, graph.source[inside], graph.target[inside],
        component[graph.source[inside]], components, 64, np.array([2**62], np.int64),
    )  # fmt: skip
    found = np.flatnonzero(best >= 0)
    edge = int(inside[best[found[np.argmin(length[found])]]])
    scratch = np.zeros((4, nodes), np.int32)
    tail, head = int(graph.source[edge]), int(graph.target[edge])
    compiled.way(*ways, head, tail, scratch, 1, np.array([2**62], np.int64))
    back = [tail]
    while back[-1] != head:
        back.append(int(scratch[1][back[-1]]))
    back.reverse()
    ring = [edge]
    for a, b in pairwise(back):
        ring.append(int(np.flatnonzero((graph.source == a) & (graph.target == b))[0]))
    return ring


def _anomaly(observed: Observations, graph: _Graph, ring: list[int], kind: str) -> Anomaly:
    t = observed.transactions
    names = [_name(t, int(graph.source[edge])) for edge in ring]
    sentences = [_because(observed, graph, edge) for edge in ring]
    members = [int(graph.source[edge]) for edge in ring]
    members += [int(observed.reader[graph.read[e]]) for e in ring if graph.read[e] != NONE]
    indices = tuple(dict.fromkeys(t.index_of(m) for m in members if m < len(t)))
    message = f"{' < '.join([*names, names[0]])}: {'; '.join(sentences)}"
    details = {
        "commit order": [_evidence(observed, graph, edge) for edge in ring],
        "transactions": [
            {"name": t.name(m), "operation": t.index_of(m), "micro-operations": t.written(m)}
            for m in dict.fromkeys(members)
            if m < len(t)
        ],
    }
    return Anomaly(kind, message, indices, details, Shape.CYCLE)


def _evidence(observed: Observations, graph: _Graph, edge: int) -> dict[str, Any]:
    """What an edge rests on, by indices of invocations (None for the initial state)."""
    t = observed.transactions

    def index(transaction: int) -> int | None:
        return int(t.indices[t.invoked[transaction]]) if transaction < len(t) else None

    read = int(graph.read[edge])
    found: dict[str, Any] = {
        "type": _WHY[int(graph.why[edge])],
        "from": _name(t, int(graph.source[edge])),
        "to": _name(t, int(graph.target[edge])),
        "from operation": index(int(graph.source[edge])),
        "to operation": index(int(graph.target[edge])),
        "because": _because(observed, graph, edge),
    }
    if read != NONE:
        found["reader operation"] = index(int(observed.reader[read]))
        found["key"] = t.keys[int(observed.key[read])]
    return found


def _name(t: Transactions, transaction: int) -> str:
    return t.name(transaction) if transaction < len(t) else "the initial state"


def _because(observed: Observations, graph: _Graph, edge: int) -> str:
    """Why an edge's source must commit before its target."""
    t = observed.transactions
    first, second = int(graph.source[edge]), int(graph.target[edge])
    before, after = _name(t, first), _name(t, second)
    why = int(graph.why[edge])
    if why == _WR:
        at = np.flatnonzero((observed.source == first) & (observed.reader == second))[0]
        return f"{after} read {shown_key(t.keys[int(observed.key[at])])} from {before}"
    if why == _SESSION:
        return f"{after} followed {before} in process {int(t.process[first])}"
    if why == _VERSIONS:
        return f"{after} wrote a later version than {before}"
    if why == _FIRST:
        return f"{before} comes first"
    read = int(graph.read[edge])
    reader = t.name(int(observed.reader[read]))
    key = shown_key(t.keys[int(observed.key[read])])
    return f"{reader} read {key} from {after} although it saw {before}, which wrote {key} too"
