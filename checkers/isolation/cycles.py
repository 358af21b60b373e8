"""Cycles of dependencies, by the anomaly that they are.

`cycle_kinds` says which kinds there are.

*Algorithm.* Tarjan's components of the whole graph; whatever is on a cycle is in one of two nodes
or more, and all later work stays inside these, of which there are few. Then for each kind the graph
with just its edges: a closing edge (an rw for G-single, say), and breadth-first the shortest way
back from its head to its tail. In a component where a kind was found, those it implies are not
looked for: the same with a suffix, and for rw cycles those with more rw, or with predicates.

*Bounded.* Looking for ways back can take a step for each pair of edges of a component; beyond a
budget, the kind is left open, and `Cycles.timed_out` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation.cycle_kinds import (
    SPECIFICATIONS,
    SUFFIXES,
    WEAKER,
    Anti,
    Specification,
)
from splitbrain.checkers.isolation.dependencies import NAMES, Dependencies
from splitbrain.checkers.isolation.kernels import graphs
from splitbrain.checkers.isolation.kernels.codes import (
    ANTI,
    EVERY,
    INFERRED,
    TIME,
    WR,
    WW,
)

Array = npt.NDArray[Any]

SEARCH_BUDGET = 200_000_000
"""Edges looked at in the search for one kind of cycle, at most: about a second of compiled code."""

TRIES = 16
"""How many more closing edges of a component are tried for a shorter cycle, once there is one."""


@dataclass(frozen=True, slots=True)
class Step:
    """One dependency of a cycle.

    Attributes:
        source: a transaction.
        target: the transaction that depends on it.
        kind: ``ww``, ``wr``, ``rw``, ``rw-predicate``, ``process``, ``realtime`` or
            ``per-key``.
        rests_on: ``process``, ``realtime`` or ``per-key`` if it was inferred from that; else empty.
    """

    source: int
    target: int
    kind: str
    rests_on: str = ""

    @classmethod
    def of(cls, source: int, target: int, kind: int) -> Step:
        """A step along an edge of a kind."""
        if kind & INFERRED:
            time = kind & TIME
            return cls(source, target, NAMES[kind ^ INFERRED ^ time], NAMES[time])
        return cls(source, target, NAMES[kind])


@dataclass(frozen=True, slots=True)
class Cycle:
    """A cycle: each step's target is the next one's source, and the last one's the first one's.

    Attributes:
        kind: the anomaly's name.
        steps: its dependencies.
    """

    kind: str
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Cycles:
    """What was found.

    Attributes:
        witnesses: a short cycle of each component and kind, up to a limit for each kind.
        counts: number of components with a cycle of each kind.
        components: number of components with any cycle.
        timed_out: kinds for which the budget ran out, so that there may be more.
        order: transactions in an order that all dependencies agree with; None if there is none.
    """

    witnesses: list[Cycle] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    components: int = 0
    timed_out: list[str] = field(default_factory=list)
    order: Array | None = None


def find_cycles(
    graph: Dependencies,
    *,
    limit: int = 8,
    budget: int = SEARCH_BUDGET,
    late: Callable[[], bool] = lambda: False,
) -> Cycles:
    """Cycles of a graph, by kind.

    Args:
        graph: dependencies; suffixed kinds are found if it has process and real-time edges.
        limit: how many cycles of each kind are returned. All are counted.
        budget: see `SEARCH_BUDGET`.
        late: whether the time is over; kinds not looked for by then count as timed out.
    """
    compiled = kernels.of(graphs, size=graph.nodes + len(graph))
    everything = int(np.bitwise_or.reduce(graph.kind)) if len(graph) else 0
    offsets, targets = compiled.adjacency(
        graph.source, graph.target, graph.kind, everything, graph.nodes
    )
    component, components = compiled.strong_components(offsets, targets)
    found = Cycles()
    if components == graph.nodes:
        del offsets, targets  # of a large history some half of what the edges take
        found.order = np.argsort(-component[: graph.transactions], kind="stable")
        return found
    _Search(graph, component, components, found, limit, budget, late).run(everything)
    return found


class _Search:
    """The search within the components that have cycles."""

    def __init__(
        self,
        graph: Dependencies,
        component: Array,
        components: int,
        found: Cycles,
        limit: int,
        budget: int,
        late: Callable[[], bool],
    ) -> None:
        sizes = np.bincount(component, minlength=components)
        inside = component[graph.source] == component[graph.target]
        inside &= sizes[component[graph.source]] > 1
        source, target = graph.source[inside], graph.target[inside]
        # Only these nodes matter from here on. Numbers keep their order: auxiliary ones stay last.
        self.nodes = np.unique(np.concatenate([source, target]))
        self.source = np.searchsorted(self.nodes, source).astype(np.int32)
        self.target = np.searchsorted(self.nodes, target).astype(np.int32)
        self.kind = graph.kind[inside]
        self.first_auxiliary = int(np.searchsorted(self.nodes, graph.transactions))
        self.kernels = kernels.of(graphs, size=8 * len(self.source))
        self.found = found
        self.limit = limit
        self.budget = budget
        self.late = late
        self.timed_out = False
        # Component of each node, among edges of the suffix at hand.
        self.home: Array = component
        self.homes = 0
        # For each kind found, which nodes are in a component that has it.
        self.has: dict[str, Array] = {}
        found.components = int(np.count_nonzero(sizes > 1))

    def run(self, everything: int) -> None:
        """Look for all kinds, with each suffix of which the graph has the edges."""
        for suffix, added in SUFFIXES.items():
            if added and not everything & _needed(added):
                continue
            self.home, self.homes = self.kernels.strong_components(
                *self.kernels.adjacency(
                    self.source,
                    self.target,
                    self.kind,
                    WW | WR | ANTI | INFERRED | added,
                    len(self.nodes),
                )
            )
            for wanted in SPECIFICATIONS:
                if everything & wanted.closing:
                    self._search(wanted, suffix, added)

    def _search(self, kind: Specification, suffix: str, added: int) -> None:
        """Look for one kind in components that are not known to have it, or one that implies it."""
        wanted = np.ones(self.homes, np.bool_)
        for worse in kind.implied_by:
            for weaker in WEAKER[suffix]:
                if worse + weaker in self.has:
                    wanted[self.home[self.has[worse + weaker]]] = False
        if not wanted.any():
            return
        if self.late():
            self.found.timed_out.append(kind.name + suffix)
            return
        plain = kind.plain | added
        # Time counts as far as the suffix says, and only where a cycle needs no other kind.
        closing = kind.closing & (plain | kind.of)
        if kind.anti is Anti.APART:
            cycles = self._nonadjacent(plain, kind.of, closing, wanted)
        else:
            # With exactly one rw the way back has none; with any number it may have more.
            way = plain | kind.of if kind.anti is Anti.ANY else plain
            cycles = self._closing(way, way | closing, closing, wanted)
        self._keep(kind.name + suffix, cycles)

    def _closing(
        self, way_mask: int, group_mask: int, closing: int, wanted: Array
    ) -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
        """Components, and cycles of one closing edge and a way back over edges of ``way_mask``."""
        active = wanted[self.home[self.source]]
        source, target, kind = self.source[active], self.target[active], self.kind[active]
        count = len(self.nodes)
        offsets, targets = self.kernels.adjacency(source, target, kind, way_mask, count)
        rank, _ = self.kernels.strong_components(offsets, targets)
        group = rank
        if group_mask != way_mask:
            group, _ = self.kernels.strong_components(
                *self.kernels.adjacency(source, target, kind, group_mask, count)
            )
        closes = (kind & closing != 0) & _within(kind, group_mask)
        edges = np.flatnonzero(closes & (group[source] == group[target]))
        yield from self._ways_back(
            _Ways(offsets, targets, group, rank, self.first_auxiliary),
            source[edges],
            target[edges],
            kind[edges],
            (source, target, kind, way_mask),
        )

    def _nonadjacent(
        self, plain: int, anti: int, closing: int, wanted: Array
    ) -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
        """Components, and cycles in which no two rw follow each other."""
        active = wanted[self.home[self.source]]
        source, target, kind = self.source[active], self.target[active], self.kind[active]
        twice, heads = self.kernels.without_adjacent(
            source, target, kind, plain, anti, self.first_auxiliary
        )
        # A plain edge became two, an rw one.
        times = np.where(_within(kind, plain), 2, np.where(_within(kind, plain | anti), 1, 0))
        kinds = np.repeat(kind, times)
        every = np.ones(len(twice), np.uint8)
        offsets, targets = self.kernels.adjacency(twice, heads, every, 1, 2 * len(self.nodes))
        group, _ = self.kernels.strong_components(offsets, targets)
        # Only an rw leads from an even node to an odd one (out of auxiliary nodes, odd to odd).
        marked = (twice % 2 == 0) & (heads % 2 == 1) & (kinds & closing != 0)
        edges = np.flatnonzero((group[twice] == group[heads]) & marked)
        for home, path in self._ways_back(
            _Ways(offsets, targets, group, group, 2 * self.first_auxiliary),
            twice[edges],
            heads[edges],
            kinds[edges],
            None,
        ):
            halved = []
            for a, b, known in path:
                marked = a % 2 == 0 and b % 2 == 1
                among = source, target, kind, plain | (anti if marked else 0)
                found = known or _kind_of(a // 2, b // 2, *among, anti if marked else EVERY)
                halved.append((a // 2, b // 2, found))
            yield home, halved

    def _ways_back(
        self,
        ways: _Ways,
        tails: Array,
        heads: Array,
        kinds: Array,
        edges: tuple[Array, Array, Array, int] | None,
    ) -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
        """For each component with one, the shortest cycle found, as (tail, head, kind)."""
        if not len(tails):
            return
        homes = self.home[tails if edges is not None else tails // 2]
        budget = np.array([self.budget], np.int64)
        best, _ = self.kernels.best_closing_edges(
            *ways.arrays(), tails, heads, homes, self.homes, TRIES, budget
        )
        if budget[0] < 0:
            self.timed_out = True
        for home in np.flatnonzero(best >= 0).tolist():
            edge = int(best[home])
            yield (
                home,
                self._cycle(ways, int(tails[edge]), int(heads[edge]), int(kinds[edge]), edges),
            )

    def _cycle(
        self,
        ways: _Ways,
        tail: int,
        head: int,
        kind: int,
        edges: tuple[Array, Array, Array, int] | None,
    ) -> list[tuple[int, int, int]]:
        scratch = np.zeros((4, len(ways.offsets) - 1), np.int32)
        self.kernels.way(*ways.arrays(), head, tail, scratch, 1, np.array([2**62], np.int64))
        nodes = [tail]
        while nodes[-1] != head:
            nodes.append(int(scratch[1][nodes[-1]]))
        nodes.reverse()
        path = [(tail, head, kind)]
        for a, b in pairwise(nodes):
            path.append((a, b, _kind_of(a, b, *edges) if edges is not None else 0))
        return path

    def _keep(self, name: str, cycles: Iterator[tuple[int, list[tuple[int, int, int]]]]) -> None:
        self.timed_out = False
        has = np.zeros(self.homes, np.bool_)
        kept = sum(cycle.kind == name for cycle in self.found.witnesses)
        for home, path in cycles:
            has[home] = True
            if kept < self.limit:
                kept += 1
                self.found.witnesses.append(Cycle(name, tuple(self._steps(path))))
        if self.timed_out:
            self.found.timed_out.append(name)
        if has.any():
            before = self.has.get(name, np.zeros(len(self.nodes), np.bool_))
            self.has[name] = before | has[self.home]
            self.found.counts[name] = self.found.counts.get(name, 0) + int(has.sum())

    def _steps(self, path: list[tuple[int, int, int]]) -> Iterator[Step]:
        """Steps between transactions: auxiliary nodes are passed over."""
        first = next(i for i, (tail, _, _) in enumerate(path) if tail < self.first_auxiliary)
        entered: tuple[int, int] | None = None
        for tail, head, kind in path[first:] + path[:first]:
            if tail < self.first_auxiliary:
                entered = (tail, kind)
            if head < self.first_auxiliary and entered is not None:
                source, named = entered
                yield Step.of(int(self.nodes[source]), int(self.nodes[head]), named)


@dataclass(frozen=True, slots=True)
class _Ways:
    """A graph to look for ways in; see `graphs.way`."""

    offsets: Array
    targets: Array
    group: Array
    rank: Array
    first_auxiliary: int

    def arrays(self) -> tuple[Array, Array, Array, Array, int]:
        return self.offsets, self.targets, self.group, self.rank, self.first_auxiliary


def _kind_of(
    a: int, b: int, source: Array, target: Array, kind: Array, mask: int, one_of: int = EVERY
) -> int:
    """The strongest kind within the mask, and with one of some bits, of an edge from a to b."""
    kinds = kind[(source == a) & (target == b)]
    return int(kinds[_within(kinds, mask) & (kinds & one_of != 0)].min())


def _within(kind: Array, mask: int) -> Array:
    """Which kinds have no bit that a mask has not."""
    return np.asarray(kind & (EVERY ^ mask) == 0)


def _needed(added: int) -> int:
    """Of the kinds of time that a suffix adds, the one without which it is another suffix."""
    return 1 << (added.bit_length() - 1)
