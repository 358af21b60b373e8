"""The search for an order of writers that closes no cycle, where pruning leaves some open.

One Boolean variable for each pair of writers whose order is open. The solver proposes an order of
all of them; cycles in what it brings are clauses (one of the orders that a cycle rests on is
wrong), and it is asked again, with all it has learned. Few of the many cycles ever come up, so
that they are told as they do.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation.complete.deadline import Deadline
from splitbrain.checkers.isolation.complete.pruning import Edges, Events, Pruning, Ways, cycle_of
from splitbrain.checkers.isolation.complete.refuting import Excluded, solver, solver_installed
from splitbrain.checkers.isolation.dependencies import Dependencies
from splitbrain.checkers.isolation.kernels import graphs
from splitbrain.checkers.isolation.kernels.codes import NONE

Array = npt.NDArray[Any]

OPEN_LIMIT = 2_000_000
"""Open pairs beyond which the solver is not asked."""

CYCLES_A_ROUND = 400
"""Cycles excluded before the solver is asked again."""

CONFLICTS = 20_000
"""Conflicts after which the solver comes back to see whether the time is over."""


class Ordering:
    """Prunes, and proposes orders until one has no cycle or none is left.

    Attributes:
        pruning: what is certain.
        excluded: cycles that the solver was told of.
        gave_up: why nobody knows.
    """

    def __init__(self, pruning: Pruning, ended: Array, limit: int, deadline: Deadline) -> None:
        """Nothing is done yet.

        Args:
            pruning: not run yet.
            ended: when each transaction ended; the first guess is that they took effect so.
            limit: cycles excluded before it gives up.
            deadline: when it gives up.
        """
        self.pruning = pruning
        self.excluded: list[Excluded] = []
        self.gave_up = ""
        self._ended, self._limit, self._deadline = ended, limit, deadline
        self._open = np.empty(0, np.int64)
        self._brought: Edges

    @property
    def cost(self) -> dict[str, Any]:
        """What it took, for the verdict."""
        return {
            "pairs left open by pruning": len(self._open),
            "rounds of pruning": self.pruning.rounds,
            "cycles excluded": len(self.excluded),
        }

    def run(self) -> Dependencies | None:
        """Dependencies without a cycle; None if there are none or nobody knows."""
        pruning = self.pruning
        pruning.run()
        self.gave_up = pruning.gave_up
        if self.gave_up or pruning.contradiction:
            return None
        self._open = np.flatnonzero(pruning.sign == 0)
        if len(self._open) > OPEN_LIMIT:
            self.gave_up = (
                f"the order of {len(self._open)} pairs of writers is open, more than {OPEN_LIMIT}"
            )
            return None
        sign = pruning.sign.copy()
        sign[self._open] = 1
        forward = pruning.consequences(sign, pruning.sign == 0)
        sign[self._open] = -1
        self._brought = forward.and_also(pruning.consequences(sign, pruning.sign == 0))
        pruning.reached = None
        guess = self._guess()
        if not self._cycles(guess, None):
            return self._graph(guess)
        if not solver_installed():
            self.gave_up = (
                "deciding needs python-sat, which is not installed: pip install python-sat"
            )
            return None
        judge = solver()
        try:
            judge.set_phases((np.where(guess, 1, -1) * np.arange(1, len(guess) + 1)).tolist())
            return self._solve(judge, guess)
        finally:
            judge.delete()

    def refuting(self) -> list[Excluded]:
        """If there is no order: cycles of which one closes whatever is chosen."""
        return self.pruning.contradiction or self.pruning.explained(self.excluded)

    def _solve(self, judge: Any, guess: Array) -> Dependencies | None:
        chosen = guess
        while self._cycles(chosen, judge):
            if len(self.excluded) > self._limit:
                self.gave_up = (
                    f"the search ended after it had excluded {len(self.excluded)} cycles; "
                    "give it more clauses"
                )
                return None
            answer = None
            while answer is None:
                if self._deadline.passed():
                    self.gave_up = (
                        f"the search ended after {self._deadline.seconds:g} s, when it had "
                        f"excluded {len(self.excluded)} cycles; give it a larger budget"
                    )
                    return None
                judge.conf_budget(CONFLICTS)
                answer = judge.solve_limited()
            if not answer:
                return None
            chosen = guess.copy()
            model = np.array(judge.get_model(), np.int64)
            model = model[np.abs(model) <= len(guess)]
            chosen[np.abs(model) - 1] = model > 0
        return self._graph(chosen)

    def _guess(self) -> Array:
        """Whoever ended earlier comes first, as far as what is known allows."""
        pruning = self.pruning
        order = _sorted(pruning, self._ended)
        rank = np.empty(pruning.nodes, np.int64)
        rank[order] = np.arange(len(order))
        owner = pruning.writers.owner
        first, second = pruning.one[self._open], pruning.other[self._open]
        return np.asarray(rank[owner[first]] < rank[owner[second]])

    def _active(self, chosen: Array) -> Edges:
        literal = self._brought.literal
        sign = chosen[np.searchsorted(self._open, np.abs(literal) - 1)]
        return self._brought.part(sign == (literal > 0))

    def _graph(self, chosen: Array) -> Dependencies:
        return self.pruning.graph(self._active(chosen))

    def _cycles(self, chosen: Array, judge: Any) -> bool:
        """Whether a choice has cycles; a solver is told of some."""
        pruning = self.pruning
        edges = pruning.edges.and_also(self._active(chosen))
        shape = (pruning.transactions, pruning.nodes, pruning.snapshot)
        events = Events.of(edges, *shape)
        compiled = kernels.of(graphs, size=4 * (events.nodes + len(events.source)))
        every = np.ones(len(events.source), np.uint8)
        ways = compiled.adjacency(events.source, events.target, every, 1, events.nodes)
        component, components = compiled.strong_components(*ways)
        if components == events.nodes:
            return False
        if judge is None:
            return True
        inside = component[events.source] == component[events.target]
        origins = np.unique(events.origin[inside])
        ways_back = Ways(edges.part(origins[origins != NONE]), *shape, component)
        for cycle in self._short_cycles(ways_back):
            judge.add_clause(self._clause(cycle))
            self.excluded.append(cycle)
        return True

    def _short_cycles(self, ways: Ways) -> Iterator[Excluded]:
        """Some short cycles, no two of which rest on the same open orders."""
        events, literal = ways.events, ways.edges.literal
        sign = self.pruning.sign
        rests = np.zeros(len(events.source), np.bool_)
        made = events.origin != NONE
        brought = literal[events.origin[made]]
        rests[made] = (brought != 0) & (sign[np.abs(brought) - 1] == 0)
        group = ways.group
        candidates = np.flatnonzero(rests & (group[events.source] == group[events.target]))
        step = max(1, len(candidates) // CYCLES_A_ROUND)
        found: set[tuple[int, ...]] = set()
        for at in candidates[::step].tolist():
            path = ways.path(int(events.target[at]), int(events.source[at]))
            first = ways.part(at)
            if path is None or first is None:
                continue
            cycle = cycle_of([first, *path], self.pruning.transactions)
            clause = tuple(self._clause(cycle))
            if clause not in found:
                found.add(clause)
                yield cycle

    def _clause(self, cycle: Excluded) -> list[int]:
        """What a cycle says of the open pairs, as the solver numbers them."""
        sign = self.pruning.sign
        opened = sorted({x for x in cycle.literals if x and not sign[abs(x) - 1]}, key=abs)
        return [
            -int(np.searchsorted(self._open, abs(x) - 1) + 1) * (1 if x > 0 else -1) for x in opened
        ]


def _sorted(pruning: Pruning, ended: Array) -> Array:
    """Nodes in an order that agrees with what is certain, those that ended earlier first."""
    edges, snapshot = pruning.edges, pruning.snapshot
    events = Events.of(edges, pruning.transactions, pruning.nodes, snapshot)
    compiled = kernels.of(graphs, size=len(events.source))
    every = np.ones(len(events.source), np.uint8)
    adjacent = compiled.adjacency(events.source, events.target, every, 1, events.nodes)
    offsets, targets = (array.tolist() for array in adjacent)
    left = np.bincount(events.target, minlength=events.nodes).tolist()
    moments = np.full(pruning.nodes, -1, np.int64)
    moments[: pruning.transactions] = ended
    when = np.repeat(moments, events.halves).tolist()
    ready = [(when[node], node) for node in range(events.nodes) if not left[node]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, node = heapq.heappop(ready)
        # A transaction stands where it commits.
        if node % events.halves == events.halves - 1:
            order.append(node // events.halves)
        for target in targets[offsets[node] : offsets[node + 1]]:
            left[target] -= 1
            if not left[target]:
                heapq.heappush(ready, (when[target], target))
    return np.array(order, np.int64)
