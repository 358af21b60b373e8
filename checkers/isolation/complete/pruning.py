"""The order of writers as far as it is certain: what the search for an order need not try.

Of two writers of a key, the first cannot come before the second if that closes a cycle with what is
known: if a way leads from the second to the first or to somebody who read what the first wrote.
Then the second comes before the first, which brings dependencies, which make more orders
impossible, and so on until nothing changes (PolySI, VLDB 2023, section 4.3; Viper, EuroSys 2023).
If neither can come first, there is no order.

What is reachable is known for all pairs at once, as a row of bits for each transaction
(`kernels.closing`). Every order that is found remembers why, so that a refutation can name the
cycles that it follows from.

*Complexity.* A round takes edges by transactions / 64, and pairs of writers by their readers; there
are few rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation.complete.refuting import Excluded
from splitbrain.checkers.isolation.complete.writers import Writers
from splitbrain.checkers.isolation.cycles import Step
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.kernels import closing, graphs
from splitbrain.checkers.isolation.kernels.codes import NONE, RW, WW
from splitbrain.checkers.isolation.schedule import PLAIN

Array = npt.NDArray[Any]

MEMORY = 400 << 20
"""Bytes that rows of bits may take; beyond, nothing is pruned and nobody knows."""

ROUNDS = 1000
"""Rounds after which pruning ends."""

FEW = 1000
"""Pruning ends when a round settles less than one in so many pairs: the search does the rest."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Dependencies, of which some rest on the order of a pair.

    Attributes:
        source: transactions or auxiliary nodes.
        target: the same.
        kind: one bit.
        literal: number of the pair from 1, negative if its second write comes first; 0 if the
            history alone brings the dependency.
        rounds: the round that brought it.
    """

    source: Array
    target: Array
    kind: Array
    literal: Array
    rounds: Array

    def __len__(self) -> int:
        return len(self.source)

    def part(self, chosen: Array) -> Edges:
        """Some of them."""
        return Edges(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def and_also(self, other: Edges) -> Edges:
        """These and others."""
        names = self.__dataclass_fields__
        return Edges(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))


@dataclass(frozen=True, slots=True)
class Events:
    """Edges between nodes of a graph of which a cycle is forbidden.

    Attributes:
        source: nodes.
        target: nodes.
        origin: the dependency that each is made of; -1 for a begin before its commit.
        nodes: how many there are.
        halves: nodes for each transaction.
    """

    source: Array
    target: Array
    origin: Array
    nodes: int
    halves: int

    @classmethod
    def of(cls, edges: Edges, transactions: int, nodes: int, snapshot: bool) -> Events:
        """Transactions themselves, or under snapshot isolation their begins and commits."""
        if not snapshot:
            return cls(edges.source, edges.target, np.arange(len(edges)), nodes, 1)
        compiled = kernels.of(graphs, size=len(edges))
        source, target = compiled.without_adjacent(
            edges.source, edges.target, edges.kind, PLAIN, RW, transactions
        )
        origin = np.repeat(np.arange(len(edges)), np.where(edges.kind & PLAIN != 0, 2, 1))
        begins = 2 * np.arange(transactions, dtype=np.int32)
        return cls(
            np.concatenate([source, begins]),
            np.concatenate([target, begins + 1]),
            np.concatenate([origin, np.full(transactions, NONE, np.int64)]),
            2 * nodes,
            2,
        )


class Pruning:
    """Orders of pairs that are certain.

    Attributes:
        writers: of the history.
        edges: what is known, and what follows from the orders found.
        one: the first write of each pair.
        other: the second.
        sign: 1 if the first comes first, -1 if the second does, 0 if nobody knows.
        rounds: how many there were.
        contradiction: if no order is left, cycles that say so.
        gave_up: why it ended early.
        reached: what is reachable by what is certain: see `kernels.closing`.
    """

    def __init__(
        self,
        known: Dependencies,
        writers: Writers,
        *,
        snapshot: bool,
        late: Callable[[], bool] = lambda: False,
    ) -> None:
        """Nothing is pruned yet.

        Args:
            known: dependencies that the history alone brings.
            writers: of the history.
            snapshot: whether two rw in a row make no cycle.
            late: whether the time is over.
        """
        self.writers = writers
        self.transactions, self.nodes = known.transactions, known.nodes
        self.snapshot, self.halves, self._late = snapshot, 2 if snapshot else 1, late
        nothing = np.zeros(len(known), np.int32)
        self.edges = Edges(
            known.source, known.target, known.kind, nothing, nothing.astype(np.int16)
        )
        self.one, self.other = writers.pairs()
        self.sign = np.zeros(len(self.one), np.int8)
        self.rounds = 0
        self.contradiction: list[Excluded] = []
        self.gave_up = ""
        self.reached: Array | None = None
        self._cause = np.full(len(self.one), NONE, np.int32)
        self._round = np.zeros(len(self.one), np.int16)
        self._before: dict[int, Ways] = {}

    def run(self) -> None:
        """Until nothing follows any more, no order is left, or the time or memory is over."""
        bits = self.halves**2 * self.nodes * self.transactions
        if bits // 8 > MEMORY:
            self.gave_up = (
                f"{self.transactions} transactions with {self.nodes - self.transactions} auxiliary "
                f"nodes are too many to know what each leads to within {MEMORY >> 20} MiB"
            )
            return
        compiled = kernels.of(closing, size=4 * (len(self.one) + len(self.edges)))
        while self.rounds < ROUNDS and not self._late():
            self.reached = None  # two of them would not fit
            self.reached = self._closure(compiled)
            if self.reached is None:
                return
            self.rounds += 1
            settled, torn, second = compiled.settle(
                *self._arrays(), self.sign, self._cause, self._round, self.rounds
            )
            if torn != NONE:
                self._torn(int(torn), int(second))
                return
            if not settled:
                return
            self._take(self.consequences(self.sign, self._round == self.rounds))
            if settled * FEW < np.count_nonzero(self.sign == 0):
                break
        if self._late():
            self.gave_up = "time ran out while orders of writers were pruned"
            return
        self.reached = None
        self.reached = self._closure(compiled)

    def _arrays(self) -> tuple[Any, ...]:
        w = self.writers
        return self.reached, self.one, self.other, w.owner, w.place, w.readers, self.halves

    def consequences(self, sign: Array, chosen: Array) -> Edges:
        """Dependencies that orders of some pairs bring, but for those that are ways already."""
        compiled = kernels.of(closing, size=4 * (len(self.one) + len(self.edges)))
        found = compiled.consequences(*self._arrays(), sign, np.flatnonzero(chosen))
        source, target, kind, literal = found
        return Edges(source, target, kind, literal, np.full(len(source), self.rounds, np.int16))

    def _take(self, found: Edges) -> None:
        self.edges = self.edges.and_also(found)

    def graph(self, more: Edges) -> Dependencies:
        """All dependencies, with others."""
        edges = self.edges.and_also(more)
        return Dependencies(self.transactions, self.nodes, edges.source, edges.target, edges.kind)

    def _closure(self, compiled: Any) -> Array | None:
        """What is reachable; None if there is a cycle. Needless edges of the last round go."""
        events = Events.of(self.edges, self.transactions, self.nodes, self.snapshot)
        ways = kernels.of(graphs, size=events.nodes + len(events.source))
        every = np.ones(len(events.source), np.uint8)
        offsets, targets = ways.adjacency(events.source, events.target, every, 1, events.nodes)
        component, components = ways.strong_components(offsets, targets)
        if components < events.nodes:
            self._cyclic(component, events)
            return None
        nearest = np.lexsort((-component[events.target], events.source))
        columns = self.halves * self.transactions
        reached, needed = compiled.closure(
            offsets, events.target[nearest], np.argsort(component), columns
        )
        # An edge goes only if none of what it was made into is needed, and only a new one: older
        # orders were found without what is new, and are explained without it.
        origin = events.origin[nearest[needed]]
        kept = self.edges.rounds < self.rounds
        kept[origin[origin != NONE]] = True
        if self.rounds:
            self.edges = self.edges.part(kept)
        return np.asarray(reached)

    def _cyclic(self, component: Array, events: Events) -> None:
        """A cycle of what is certain."""
        inside = np.flatnonzero(component[events.source] == component[events.target])
        sizes = np.bincount(component)
        inside = inside[sizes[component[events.source[inside]]] > 1]
        inside = inside[events.origin[inside] != NONE]
        ways = Ways(self.edges, self.transactions, self.nodes, self.snapshot)
        at = int(inside[0])
        path = ways.path(int(events.target[at]), int(events.source[at]))
        assert path is not None, "its ends are in one component"
        first = ways.part(at)
        assert first is not None
        self.contradiction = self.explained([cycle_of([first, *path], self.transactions)])

    def _torn(self, pair: int, second: int) -> None:
        """Neither order of a pair is possible."""
        now = self.rounds
        cycles = [
            self._why(pair, 1, int(self._cause[pair]), now),
            self._why(pair, -1, second, now),
        ]
        self.contradiction = self.explained(cycles)

    def explained(self, cycles: list[Excluded]) -> list[Excluded]:
        """These cycles, and those that explain every order that they rest on."""
        found = list(cycles)
        asked = {abs(x) for cycle in cycles for x in cycle.literals if x and self._sign_of(x)}
        unexplained = sorted(asked, reverse=True)
        while unexplained:
            literal = unexplained.pop()
            pair = literal - 1
            # What was excluded is the other order.
            wrong = -int(self.sign[pair])
            cycle = self._why(pair, wrong, int(self._cause[pair]), int(self._round[pair]))
            found.append(cycle)
            new = {abs(x) for x in cycle.literals if x and self._sign_of(x)} - asked
            asked |= new
            unexplained += sorted(new, reverse=True)
        return found

    def _sign_of(self, literal: int) -> int:
        return int(self.sign[abs(literal) - 1])

    def _why(self, pair: int, sign: int, cause: int, now: int) -> Excluded:
        """The cycle that an order of a pair closes with what was known before a round."""
        later = self.other[pair] if sign > 0 else self.one[pair]
        target = int(self.writers.owner[later])
        source, kind = cause // 2, RW if cause % 2 else WW
        last = self.halves - 1
        tail, head = (source * self.halves, target * self.halves)
        if kind == WW:
            tail += last
        else:
            head += last
        if now not in self._before:
            known = self.edges.part(self.edges.rounds < now)
            self._before[now] = Ways(known, self.transactions, self.nodes, self.snapshot)
        path = self._before[now].path(head, tail)
        assert path is not None, "what made the order impossible is there"
        closing = Part(source, target, kind, sign * (pair + 1))
        return cycle_of([closing, *path], self.transactions)


@dataclass(frozen=True, slots=True)
class Part:
    """An edge between transactions or auxiliary nodes."""

    source: int
    target: int
    kind: int
    literal: int


def cycle_of(ring: list[Part], transactions: int) -> Excluded:
    """A cycle between transactions: what enters an auxiliary node has the kind of the step."""
    first = next(i for i, part in enumerate(ring) if part.source < transactions)
    steps, literals = [], []
    entered = ring[first]
    for part in [*ring[first:], *ring[:first]]:
        if part.source < transactions:
            entered = part
        if part.target < transactions:
            steps.append(Step.of(entered.source, part.target, entered.kind))
            literals.append(entered.literal)
    return Excluded(tuple(steps), tuple(literals))


class Ways:
    """Shortest ways over some edges."""

    def __init__(
        self,
        edges: Edges,
        transactions: int,
        nodes: int,
        snapshot: bool,
        group: Array | None = None,
    ) -> None:
        """Take in the edges.

        Args:
            edges: the first of parallel ones is taken.
            transactions: nodes from there on are auxiliary.
            nodes: how many there are.
            snapshot: see `Events`.
            group: of each node of `Events`: a way stays within one.
        """
        self.edges = edges
        self.events = events = Events.of(edges, transactions, nodes, snapshot)
        self.first_auxiliary = events.halves * transactions
        self.kernels = kernels.of(graphs, size=4 * (events.nodes + len(events.source)))
        every = np.ones(len(events.source), np.uint8)
        self.ways = self.kernels.adjacency(events.source, events.target, every, 1, events.nodes)
        self.group = np.zeros(events.nodes, np.int32) if group is None else group
        number = events.source.astype(np.int64) * events.nodes + events.target
        self.order = np.argsort(number, kind="stable")
        self.number = number[self.order]
        self.scratch = np.zeros((4, events.nodes), np.int32)
        self.stamp = 0

    def path(self, start: int, end: int) -> list[Part] | None:
        """The edges of a shortest way; None if there is none."""
        self.stamp += 1
        no_limit = np.array([2**62], np.int64)
        length = self.kernels.way(
            *self.ways, self.group, self.group, self.first_auxiliary,
            start, end, self.scratch, self.stamp, no_limit,
        )  # fmt: skip
        if length < 0:
            return None
        back = [end]
        while back[-1] != start:
            back.append(int(self.scratch[1][back[-1]]))
        back.reverse()
        parts = []
        for tail, head in pairwise(back):
            at = np.searchsorted(self.number, tail * self.events.nodes + head)
            part = self.part(int(self.order[at]))
            if part is not None:
                parts.append(part)
        return parts

    def part(self, at: int) -> Part | None:
        """The dependency that an edge of `events` is made of; None for a begin and its commit."""
        origin, halves = int(self.events.origin[at]), self.events.halves
        if origin == NONE:
            return None
        tail, head = int(self.events.source[at]), int(self.events.target[at])
        kind, literal = int(self.edges.kind[origin]), int(self.edges.literal[origin])
        return Part(tail // halves, head // halves, kind, literal)
