"""Is there a linearization of a register's history? Many are tried at once, and the best kept.

A search that goes into the depth learns late that it used up, long before, the one indeterminate
operation that it needs now; with many of them there are more wrong ways than it can back out of. So
here the events are walked once, with a few configurations at a time (a beam search: Lowerre, "The
Harpy speech recognition system", 1976). Where an operation completes, each configuration in which
it has no place yet is led to some in which it has. Of all, the cheapest are kept. What costs:

* each indeterminate operation that is placed: it can't be used later, and can be at any time;
* each value that waiting operations need and that no waiting one leaves: an indeterminate operation
  must bring it, or one that is yet to begin.

Where a waiting operation needs a value that nothing can bring before it completes, the
configuration is dropped: it has no future. An operation is placed only if it brings a value that a
waiting one needs, or one from which an indeterminate cas leads to such a value. Everything else is
as in `splitbrain.checkers.linearizability.searching`.

Where none is left, it goes back a stretch and keeps more for a while. What comes to the end is a
linearization. If nothing does, nothing follows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from splitbrain.checkers.kernels import clock
from splitbrain.checkers.linearizability.limits import Limits
from splitbrain.checkers.linearizability.outcome import Outcome
from splitbrain.checkers.linearizability.problem import Problem
from splitbrain.checkers.linearizability.searching import Layout, Trail, layout_of, ordered

_NARROW, _WIDE = 8, 512
"""How many configurations are kept, and how many at most where that was not enough."""

_STRIDE, _ATTEMPTS = 32, 7
"""After how many events configurations are kept to go back to, and how often that is done in a row,
each time twice as far, with four times as many configurations."""

_STEPS = 6
"""How many operations at most are placed because one completes."""


class _Node(NamedTuple):
    """A configuration; the event is the same for all."""

    state: Hashable
    placed: int  # slots of open required calls that are placed
    used: int  # optional calls that are placed, a bit each
    last_blind: int  # event position at which the last blind call was placed
    trail: Trail


@dataclass(slots=True)
class _Sweep:
    problem: Problem
    layout: Layout
    limit: int
    deadline: float | None
    needs: list[Hashable]
    leaves: list[Hashable]
    ends: dict[int, int]  # event position of required calls' completions
    brought: dict[Hashable, list[int]]  # event positions at which calls begin that leave a value
    open: list[int] = field(default_factory=list)  # required calls, placed or not
    # Optional calls that have begun: writes by value, cas by both values, all by value left.
    writes: dict[Hashable, list[int]] = field(default_factory=dict)
    swaps: dict[Hashable, dict[Hashable, list[int]]] = field(default_factory=dict)
    optional: dict[Hashable, list[int]] = field(default_factory=dict)
    configurations: int = 0
    width: int = _NARROW

    def run(self) -> list[_Node]:
        """The configurations that come to the end."""
        events, bit = self.layout.events, self.layout.bit
        nodes = [_Node(self.problem.initials[0], 0, 0, -1, None)]
        kept, position, furthest, failed = [(0, nodes)], 0, -1, 0
        while position < len(events):
            call = events[position]
            if call >= 0:
                self._begin(call)
                if not self.problem.optional[call]:
                    nodes = [self._settled(node, (call,)) for node in nodes]
                position += 1
                continue
            nodes = self._with_completed(nodes, ~call, position)
            if self._spent():
                return []
            if not nodes:
                failed, furthest = (
                    (1 if position > furthest else failed + 1),
                    max(furthest, position),
                )
                if failed > _ATTEMPTS:
                    return []
                del kept[max(len(kept) - (1 << failed) // 2, 1) :]
                self.width = min(_NARROW << 2 * failed, _WIDE)
                position, nodes = kept[-1]
                self._return_to(position)
                continue
            self.open.remove(~call)
            nodes = [node._replace(placed=node.placed & ~bit[~call]) for node in nodes]
            position += 1
            if position > furthest + _STRIDE:
                self.width = _NARROW
            if position > kept[-1][0] + _STRIDE:
                kept.append((position, nodes))
        return nodes

    def _return_to(self, position: int) -> None:
        """Make what has begun what had at an event."""
        self.open.clear()
        for begun in (self.writes, self.swaps, self.optional):
            begun.clear()
        for event in self.layout.events[:position]:
            if event >= 0:
                self._begin(event)
            else:
                self.open.remove(~event)

    def _spent(self) -> bool:
        if self.configurations >= self.limit:
            return True
        return self.deadline is not None and clock() > self.deadline

    def _begin(self, call: int) -> None:
        """Take note of an invocation."""
        need, leave = self.needs[call], self.leaves[call]
        if not self.problem.optional[call]:
            self.open.append(call)
            return
        self.optional.setdefault(leave, []).append(call)
        if self.problem.blind[call]:
            self.writes.setdefault(leave, []).append(call)
        else:
            self.swaps.setdefault(need, {}).setdefault(leave, []).append(call)

    def _settled(self, node: _Node, calls: Sequence[int]) -> _Node:
        """With those pure calls among some open ones placed that fit (rule 1)."""
        bit, pure = self.layout.bit, self.problem.pure
        placed, trail = node.placed, node.trail
        for i in calls:
            if pure[i] and self.needs[i] == node.state and not placed & bit[i]:
                placed |= bit[i]
                trail = trail, i, False
        return node._replace(placed=placed, trail=trail)

    def _with_completed(self, nodes: list[_Node], call: int, position: int) -> list[_Node]:
        """The cheapest configurations in which a call that completes has its place."""
        mine = self.layout.bit[call]
        done = [node for node in nodes if node.placed & mine]
        left = [node for node in nodes if not node.placed & mine]
        for _ in range(_STEPS):
            further: list[_Node] = []
            for node in left:
                for after in self._steps(node, call, position):
                    self.configurations += 1
                    (done if after.placed & mine else further).append(after)
            if not further or self._spent():
                break
            left = self._cheapest(further, position)
        return self._cheapest(done, position)

    def _cheapest(self, nodes: list[_Node], position: int) -> list[_Node]:
        """As many as are kept; of those that agree in state and what is placed only one."""
        priced = [(self._cost(node, position), -node.last_blind, node) for node in nodes]
        kept: dict[tuple[int, Hashable], _Node] = {}
        for cost, _, node in sorted(priced, key=lambda row: row[:2]):
            if cost < 0:
                continue
            kept.setdefault((node.placed, node.state), node)
            if len(kept) == self.width:
                break
        return list(kept.values())

    def _cost(self, node: _Node, position: int) -> int:
        """What a configuration costs; -1 if it has no future."""
        needs, blind, pure = self.needs, self.problem.blind, self.problem.pure
        waiting = self._waiting(node)
        left = {self.leaves[i] for i in waiting if not pure[i]}
        due: dict[Hashable, int] = {}
        for i in waiting:
            if not blind[i] and needs[i] != node.state and needs[i] not in left:
                due[needs[i]] = min(self.ends[i], due.get(needs[i], self.ends[i]))
        for value, end in due.items():
            if any(not node.used & self.layout.bit[i] for i in self.optional.get(value, ())):
                continue
            begins = self.brought.get(value, ())
            following = bisect_right(begins, position)
            if following == len(begins) or begins[following] > end:
                return -1
        return node.used.bit_count() + len(due)

    def _waiting(self, node: _Node) -> list[int]:
        bit, placed = self.layout.bit, node.placed
        return [i for i in self.open if not placed & bit[i]]

    def _steps(self, node: _Node, forcing: int, position: int) -> Iterator[_Node]:
        """The configurations one operation further."""
        bit, blind, needs = self.layout.bit, self.problem.blind, self.needs
        if blind[forcing] and self.layout.invoked_at[forcing] < node.last_blind:  # rule 3
            placed, trail = node.placed | bit[forcing], (node.trail, forcing, True)
            yield node._replace(placed=placed, trail=trail)
        waiting = self._waiting(node)
        wanted = {needs[i] for i in waiting if not blind[i]}
        for i in waiting:
            if blind[i]:
                tried = i == forcing or self._helps(self.leaves[i], wanted)
            else:
                tried = needs[i] == node.state
            if tried:
                placed = node.placed | bit[i]
                yield self._entered(node._replace(placed=placed), i, waiting, position)
        choices: list[Sequence[int]] = [self.writes.get(value, ()) for value in wanted]
        for value, some in self.swaps.get(node.state, {}).items():
            if self._helps(value, wanted):
                choices.append(some)
        for calls in choices:
            for i in calls:
                if not node.used & bit[i]:  # the others are interchangeable (rule 4)
                    used = node.used | bit[i]
                    yield self._entered(node._replace(used=used), i, waiting, position)
                    break

    def _helps(self, value: Hashable, wanted: set[Hashable]) -> bool:
        """Whether a value is wanted, or an optional cas leads from it to one that is."""
        return value in wanted or any(to in wanted for to in self.swaps.get(value, ()))

    def _entered(self, node: _Node, i: int, waiting: list[int], position: int) -> _Node:
        """With the effect of an operation that is placed, and what fits then."""
        last = position if self.problem.blind[i] else node.last_blind
        trail = node.trail, i, False
        after = node._replace(state=self.leaves[i], last_blind=last, trail=trail)
        return self._settled(after, waiting)


def search(problem: Problem, limits: Limits, configurations: int) -> Outcome | None:
    """A linearization of a register's calls, if this finds one; None otherwise.

    Args:
        problem: what `splitbrain.checkers.linearizability.problem.register_problem` gives.
        limits: when to stop.
        configurations: how many may be tried.
    """
    layout = layout_of(problem)
    ends = {~event: at for at, event in enumerate(layout.events) if event < 0}
    pairs = cast("list[tuple[Hashable, Hashable]]", problem.alike)
    needs, leaves = [need for need, _ in pairs], [leave for _, leave in pairs]
    brought: dict[Hashable, list[int]] = {}
    for i, leave in enumerate(leaves):
        if not problem.pure[i]:
            brought.setdefault(leave, []).append(layout.invoked_at[i])
    sweep = _Sweep(problem, layout, configurations, limits.deadline, needs, leaves, ends, brought)
    try:
        nodes = sweep.run()
    except KeyboardInterrupt:
        limits.interrupted = True
        return None
    if not nodes:
        limits.look()
        return None
    explored, passed = sweep.configurations, (len(ends), len(ends))
    return Outcome(ordered(problem, nodes[0].trail), None, False, explored, passed)
