"""Deciding serializability and snapshot isolation of rw-register histories, by a bounded search.

Both are NP-hard here (Papadimitriou, JACM 1979; Biswas and Enea, "On the Complexity of Checking
Transactional Consistency", OOPSLA 2019). What is open is, for each two writers of a key, which
comes first; with it come the dependencies of those who read either. So: one Boolean variable for
each such pair, and a SAT solver that is told of a cycle only when it proposes one (as Viper,
EuroSys 2023, and PolySI, VLDB 2023, do with a solver for acyclicity).

An indeterminate transaction of which nobody saw anything may as well not have happened. Keys start
as null.

Needs python-sat; without it, or beyond the limit of cycles, the answer is that nobody knows.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation.consistency import implied
from splitbrain.checkers.isolation.cycles import Step
from splitbrain.checkers.isolation.dependencies import NAMES, Dependencies
from splitbrain.checkers.isolation.kernels import graphs
from splitbrain.checkers.isolation.kernels.codes import NONE, RW, WW
from splitbrain.checkers.isolation.refutation import Excluded, Pair, refutation, solver
from splitbrain.checkers.isolation.register_history import RegisterHistory, register_dependencies
from splitbrain.checkers.isolation.schedule import PLAIN, serial_schedule, snapshot_schedule

Array = npt.NDArray[Any]

PAIRS_LIMIT = 1_000_000
"""Pairs of writers beyond which the search does not begin."""

CYCLES_A_ROUND = 200
"""Cycles excluded before the solver is asked again."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the search found.

    Attributes:
        kind: the anomaly that it looked for.
        refuted: there is no order.
        reason: why there is none, or why nobody knows.
        order: invocation indices of transactions in an order that explains the history; under
            snapshot isolation, the order in which they commit.
        snapshots: under snapshot isolation, ``schedule``: see
            `splitbrain.checkers.isolation.recheck.verdicts`.
        refutation: if refuted, what proves it: see `splitbrain.checkers.isolation.refutation`.
        operations: indices of transactions of the cycles that leave no order.
        cost: what it took.
    """

    kind: str
    refuted: bool = False
    reason: str = ""
    order: list[int] | None = None
    snapshots: dict[str, Any] = field(default_factory=dict)
    refutation: dict[str, Any] = field(default_factory=dict)
    operations: tuple[int, ...] = ()
    cost: dict[str, Any] = field(default_factory=dict)


def solver_installed() -> bool:
    """Whether python-sat is there."""
    return importlib.util.find_spec("pysat") is not None


def decide(history: RegisterHistory, model: str, limit: int) -> Decision:
    """Whether the history satisfies a model.

    Args:
        history: without anomalies so far, and with ``initial`` assumed.
        model: serializable, snapshot-isolation, or their strong-session or strong form.
        limit: cycles excluded before the search gives up.
    """
    snapshot = "serializable" not in implied(model)
    suffix = ""
    if model.startswith("strong-"):
        suffix = "-process" if model.startswith("strong-session-") else "-realtime"
    kind = ("not-snapshot-isolated" if snapshot else "not-serializable") + suffix
    known = register_dependencies(history, process=suffix != "", realtime=suffix == "-realtime")
    open_pairs = _Pairs.of(history)
    cost: dict[str, Any] = {"pairs of writers": len(open_pairs.pairs), "cycles excluded": 0}
    if len(open_pairs.pairs) > PAIRS_LIMIT:
        reason = f"there are {len(open_pairs.pairs)} pairs of writers, more than {PAIRS_LIMIT}"
        return Decision(kind, reason=reason, cost=cost)
    search = _Search(history, known, open_pairs, snapshot, limit)
    chosen = search.run()
    cost["cycles excluded"] = len(search.excluded)
    if chosen is not None:
        return _found(history, kind, search.graph(chosen), snapshot, cost)
    if search.gave_up:
        return Decision(kind, reason=search.gave_up, cost=cost)
    return _refuted(history, kind, search, cost)


def _refuted(
    history: RegisterHistory, kind: str, search: _Search, cost: dict[str, Any]
) -> Decision:
    """The certificate of a refutation, and a sentence."""
    t = history.transactions
    certificate, needed = refutation(history, search.pairs.pairs, search.excluded)
    members = sorted({step.source for cycle in needed for step in cycle.steps})[:50]
    names = ", ".join(t.name(m) for m in members[:12]) + (" ..." if len(members) > 12 else "")
    what = "begins and commits" if search.snapshot else "transactions"
    return Decision(
        kind,
        refuted=True,
        reason=(
            f"no order of {what} explains every read: each order of the writes leads to a cycle, "
            f"among {names} ({len(search.excluded)} cycles were excluded; "
            f"{len(needed)} leave no order)"
        ),
        refutation=certificate,
        operations=tuple(t.index_of(m) for m in members),
        cost=cost,
    )


def _found(
    history: RegisterHistory, kind: str, graph: Dependencies, snapshot: bool, cost: dict[str, Any]
) -> Decision:
    """The certificate: an order, or a schedule of begins and commits."""
    t = history.transactions
    invoked = t.indices[t.invoked]
    if not snapshot:
        order = serial_schedule(graph)
        assert order is not None
        chosen = order[history.alive[order]]
        return Decision(kind, order=invoked[chosen].tolist(), cost=cost)
    events = snapshot_schedule(graph)
    assert events is not None
    events = events[history.alive[events // 2]]
    schedule = [[int(invoked[e // 2]), "commit" if e % 2 else "begin"] for e in events.tolist()]
    commits = invoked[events[events % 2 == 1] // 2].tolist()
    return Decision(kind, order=commits, snapshots={"schedule": schedule}, cost=cost)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs of writers of a key, and what follows from either order.

    Attributes:
        pairs: variable i + 1 says that the first of the i-th comes first.
        literals: of each conditional edge, the literal that brings it.
        source: where it begins.
        target: where it ends.
        kind: its kind.
    """

    pairs: list[Pair]
    literals: Array
    source: Array
    target: Array
    kind: Array

    @classmethod
    def of(cls, history: RegisterHistory) -> _Pairs:
        t = history.transactions
        writes = history.final_writes()
        by_key: dict[int, list[tuple[int, int]]] = {}
        for m, owner in zip(writes.tolist(), history.owners(writes).tolist(), strict=True):
            by_key.setdefault(int(t.key[m]), []).append((owner, int(t.element[m])))
        readers: dict[int, list[int]] = {}
        for m, owner in zip(
            history.external.tolist(), history.owners(history.external).tolist(), strict=True
        ):
            if t.element[m] != NONE:
                readers.setdefault(int(t.element[m]), []).append(owner)
        pairs: list[Pair] = []
        rows: list[tuple[int, int, int, int]] = []
        for key, written in by_key.items():
            for (one, first), (other, second) in combinations(written, 2):
                pairs.append(Pair(key, one, other, first, second))
                number = len(pairs)
                if number > PAIRS_LIMIT:
                    continue
                rows.append((number, one, other, WW))
                rows.append((-number, other, one, WW))
                rows += [(number, r, other, RW) for r in readers.get(first, ()) if r != other]
                rows += [(-number, r, one, RW) for r in readers.get(second, ()) if r != one]
        columns = np.array(rows, np.int64).reshape(-1, 4).T
        return cls(pairs, columns[0], columns[1], columns[2], columns[3].astype(np.uint8))


class _Search:
    """Proposes orders of writers until one has no cycle, or none is left."""

    def __init__(
        self,
        history: RegisterHistory,
        known: Dependencies,
        pairs: _Pairs,
        snapshot: bool,
        limit: int,
    ) -> None:
        self.history = history
        self.known = known
        self.pairs = pairs
        self.snapshot = snapshot
        self.limit = limit
        self.excluded: list[Excluded] = []
        self.gave_up = ""

    def run(self) -> Array | None:
        """Whether the first of each pair comes first; None if no choice works or nobody knows."""
        guess = self._guess()
        if not self._exclude(guess, None):
            return guess
        if not solver_installed():
            self.gave_up = (
                "deciding needs python-sat, which is not installed: pip install python-sat"
            )
            return None
        judge = solver()
        try:
            signs = np.where(guess, 1, -1)
            judge.set_phases((signs * np.arange(1, len(guess) + 1)).tolist())
            return self._solve(judge, guess)
        finally:
            judge.delete()

    def _solve(self, judge: Any, guess: Array) -> Array | None:
        chosen = guess
        while self._exclude(chosen, judge):
            if len(self.excluded) > self.limit:
                self.gave_up = (
                    f"the search ended after it had excluded {len(self.excluded)} cycles; "
                    "give it more clauses"
                )
                return None
            if not judge.solve():
                return None
            chosen = guess.copy()
            model = np.array(judge.get_model(), np.int64)
            model = model[np.abs(model) <= len(guess)]
            chosen[np.abs(model) - 1] = model > 0
        return chosen

    def _guess(self) -> Array:
        """Whoever is earlier in an order of what is known comes first."""
        columns = [(pair.first, pair.second) for pair in self.pairs.pairs]
        first, second = np.array(columns, np.int64).reshape(-1, 2).T
        order = serial_schedule(self.known)
        if order is None:
            return np.asarray(first < second)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        return np.asarray(rank[first] < rank[second])

    def graph(self, chosen: Array) -> Dependencies:
        """The dependencies of a choice."""
        active = self._active(chosen)
        known, pairs = self.known, self.pairs
        return Dependencies(
            known.transactions,
            known.nodes,
            np.concatenate([known.source, pairs.source[active]]).astype(np.int32),
            np.concatenate([known.target, pairs.target[active]]).astype(np.int32),
            np.concatenate([known.kind, pairs.kind[active]]),
        )

    def _active(self, chosen: Array) -> Array:
        literals = self.pairs.literals
        return np.asarray(chosen[np.abs(literals) - 1] == (literals > 0))

    def _exclude(self, chosen: Array, judge: Any) -> bool:
        """Whether the choice has cycles; if there is a solver, it is told of some of them."""
        graph = self.graph(chosen)
        literals = np.zeros(len(graph), np.int64)
        literals[len(self.known) :] = self.pairs.literals[self._active(chosen)]
        source, target, origin = graph.source, graph.target, np.arange(len(graph))
        nodes, first_auxiliary, halves = graph.nodes, graph.transactions, 1
        if self.snapshot:
            source, target, origin = _doubled(graph)
            nodes, first_auxiliary, halves = 2 * nodes, 2 * first_auxiliary, 2
        compiled = kernels.of(graphs, size=4 * (nodes + len(source)))
        every = np.ones(len(source), np.uint8)
        offsets, targets = compiled.adjacency(source, target, every, 1, nodes)
        component, components = compiled.strong_components(offsets, targets)
        if components == nodes:
            return False
        if judge is not None:
            inside = np.flatnonzero(component[source] == component[target])
            origin = origin[inside]
            edges = _Edges(source[inside], target[inside], graph.kind[origin], literals[origin])
            ways = (offsets, targets, component, component, first_auxiliary)
            for ring in _cycles(compiled, ways, edges, nodes):
                cycle = _without_auxiliary(ring, edges, graph.transactions, halves)
                judge.add_clause(cycle.clause())
                self.excluded.append(cycle)
        return True


@dataclass(frozen=True, slots=True)
class _Edges:
    source: Array
    target: Array
    kind: Array
    literals: Array


def _cycles(
    compiled: Any, ways: tuple[Array, Array, Array, Array, int], edges: _Edges, nodes: int
) -> list[list[int]]:
    """Some short cycles, as places of edges. No two rest on the same assumptions."""
    # Of parallel edges the one without a literal says most.
    edge_of: dict[tuple[int, int], int] = {}
    literals = edges.literals.tolist()
    ends = zip(edges.source.tolist(), edges.target.tolist(), strict=True)
    for at, pair in enumerate(ends):
        if literals[edge_of.get(pair, at)]:
            edge_of[pair] = at
        else:
            edge_of.setdefault(pair, at)
    open_edges = [pair for pair, at in edge_of.items() if literals[at]]
    step = max(1, len(open_edges) // CYCLES_A_ROUND)
    scratch = np.zeros((4, nodes), np.int32)
    found: dict[tuple[int, ...], list[int]] = {}
    for stamp, (a, b) in enumerate(open_edges[::step] or list(edge_of), 1):
        way = compiled.way(*ways, b, a, scratch, stamp, np.array([2**62], np.int64))
        if way < 0:
            continue
        nodes_back = [a]
        while nodes_back[-1] != b:
            nodes_back.append(int(scratch[1][nodes_back[-1]]))
        ring = [edge_of[pair] for pair in pairwise([a, *reversed(nodes_back)])]
        brought = {literals[at] for at in ring} - {0}
        found.setdefault(tuple(sorted(brought)), ring)
    return list(found.values())


def _without_auxiliary(ring: list[int], edges: _Edges, transactions: int, halves: int) -> Excluded:
    """A cycle between transactions: what enters an auxiliary node has the kind of the step."""
    tails = [int(edges.source[at]) // halves for at in ring]
    heads = [int(edges.target[at]) // halves for at in ring]
    first = next(i for i, tail in enumerate(tails) if tail < transactions)
    steps, literals = [], []
    source, entered = 0, 0
    for i in [*range(first, len(ring)), *range(first)]:
        if tails[i] < transactions:
            source, entered = tails[i], ring[i]
        if heads[i] < transactions:
            steps.append(Step(source, heads[i], NAMES[int(edges.kind[entered])]))
            literals.append(int(edges.literals[entered]))
    return Excluded(tuple(steps), tuple(literals))


def _doubled(graph: Dependencies) -> tuple[Array, Array, Array]:
    """Edges between begins and commits, and the place of the dependency that each is made of."""
    compiled = kernels.of(graphs, size=len(graph))
    source, target = compiled.without_adjacent(
        graph.source, graph.target, graph.kind, PLAIN, RW, graph.transactions
    )
    times = np.where(graph.kind & PLAIN != 0, 2, 1)
    return source, target, np.repeat(np.arange(len(graph)), times)
