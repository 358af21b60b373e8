"""Is there a linearization of a stack's history? A search in which histories share their stacks.

The search over states (`splitbrain.checkers.linearizability.searching`) keeps what is placed and
the whole stack. Which of two pushes that overlap came first shows only when they are popped, which
may be thousands of operations later; until then each such pair doubles the number of stacks. But
what happens above an element does not depend on what lies below it. So a stack's history is a word
of a context-free language, and the search a parser of one: a pushdown automaton whose control is
(how far in the events, which open operations are placed), and whose stacks are shared in a graph
(the graph-structured stack of Tomita, *Efficient Parsing for Natural Language*, 1986; in the form
of Scott and Johnstone, "GLL parsing", LDTA 2009).

A *cell* of the graph is an element together with the control at which it was pushed, and lies
upon every cell that was on top when that happened. A configuration is a control and the cell on
top. What was found to be possible above a cell, up to the removal of its element, is remembered
there, and holds for whatever the cell comes to lie upon later.

Identical elements are interchangeable, since a cell has a value and no identity. An element pushed
by an indeterminate operation is of use only to an acknowledged pop of its value: otherwise it can
be left out, with the indeterminate pop that took it.

*Complexity.* With k operations open at a time and n in all there are at most n 2^k controls, so
n^2 4^k configurations (an indeterminate operation stays open for ever). Where the search comes to
its end without an order there is none.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from splitbrain.checkers.history import Call
from splitbrain.checkers.kernels import clock
from splitbrain.checkers.linearizability.limits import Limits
from splitbrain.checkers.linearizability.outcome import Outcome, stuck_at
from splitbrain.checkers.linearizability.problem import Problem
from splitbrain.checkers.linearizability.searching import Layout, layout_of
from splitbrain.checkers.models import Stack
from splitbrain.checkers.models.model import frozen

ALGORITHM = "search over shared stacks"

BYTES_A_CONFIGURATION = 900
"""What this search needs for one, roughly."""

_ANY = object()
_NEVER = 1 << 62

_PATIENCE = 20
"""Configurations for each event that are explored in depth first."""


class _Control(NamedTuple):
    """How far in the events, and what is placed of what is open: required and optional calls."""

    position: int
    placed: int
    used: int


@dataclass(slots=True)
class _Cell:
    """An element on the stack, or its bottom.

    Attributes:
        value: the element.
        below: the cells it lies upon, each with the configuration in which its push was placed,
            and that push.
        popped: the configurations in which it was removed, the pop, and the control after it.
        reached: the controls with which it lay on top: which optional calls were placed, by all
            else.
    """

    value: Hashable
    below: dict[int, tuple[_Cell, int, int]] = field(default_factory=dict)
    popped: list[tuple[int, int, _Control]] = field(default_factory=list)
    reached: dict[tuple[int, int], list[int]] = field(default_factory=dict)


class _Configuration(NamedTuple):
    """A control and the cell on top; and how it came about without touching what is below.

    Attributes:
        before: the configuration before, with the same cell on top; -1 if its element has only
            just been pushed.
        push: the push of an element that lay on top in between; -1 if there was none.
        within: the configuration in which that element was removed.
        last: the operation placed last.
    """

    control: _Control
    cell: _Cell
    before: int
    push: int
    within: int
    last: int


@dataclass(slots=True)
class _Nesting:
    problem: Problem
    layout: Layout
    limit: int
    deadline: float | None
    values: list[Hashable]  # pushed, or to be popped; None of a pop that met nothing
    puts: list[bool]
    ends: list[int]  # event position of each completion
    open: list[tuple[int, ...]]  # required calls open before each event
    free: list[int]  # optional calls
    wanted: dict[Hashable, int]  # event position of the last completion of a pop of a value
    found: list[_Configuration] = field(default_factory=list)
    work: list[int] = field(default_factory=list)
    cells: dict[tuple[_Control, Hashable], _Cell] = field(default_factory=dict)
    explored: int = 0
    exhausted: bool = False
    furthest: tuple[int, int] = (-1, 0)

    def run(self) -> int:
        """The configuration at the end of a linearization; -1 if there is none.

        First in depth, which is quick where the first choice mostly is a good one. If that takes
        long, from the first events to the last, so that nothing is explored above a cell that is
        to be found once more.
        """
        self._add(self._advanced(0, 0, 0), _Cell(None), -1, -1, -1, -1)
        events, found = self.layout.events, self.found
        patience, waiting = _PATIENCE * len(events), list[tuple[int, int]]()
        while self.work or waiting:
            if len(found) > patience:
                for number in self.work:
                    heappush(waiting, (found[number].control.position, number))
                self.work.clear()
                number = heappop(waiting)[1]
            else:
                number = self.work.pop()
            position = found[number].control.position
            if position > self.furthest[0]:
                self.furthest = position, number
                if position == len(events):
                    return number
            if self._spent():
                self.exhausted = True
                return -1
            self._explore(number, ~events[position])
        return -1

    def _spent(self) -> bool:
        self.explored += 1
        if len(self.found) >= self.limit:
            return True
        if self.deadline is None or self.explored & 255:
            return False
        return clock() > self.deadline

    def _advanced(self, position: int, placed: int, used: int) -> _Control:
        """Walk to the next completion of a call that is not placed."""
        events, bit = self.layout.events, self.layout.bit
        while position < len(events):
            event = events[position]
            if event < 0:
                if not placed & bit[~event]:
                    break
                placed ^= bit[~event]
            position += 1
        return _Control(position, placed, used)

    def _add(
        self, control: _Control, cell: _Cell, before: int, push: int, within: int, last: int
    ) -> None:
        here = cell.reached.setdefault((control.position, control.placed), [])
        if all(used & ~control.used for used in here):
            here.append(control.used)
            self.work.append(len(self.found))
            self.found.append(_Configuration(control, cell, before, push, within, last))

    def _explore(self, number: int, forcing: int) -> None:
        """Place one more operation, each that may be next, the most promising one last."""
        control, cell = self.found[number].control, self.found[number].cell
        for i in self._candidates(control, cell, forcing):
            if self.problem.optional[i]:
                after = self._advanced(
                    control.position, control.placed, control.used | self.layout.bit[i]
                )
            else:
                after = self._advanced(
                    control.position, control.placed | self.layout.bit[i], control.used
                )
            if self.puts[i]:
                self._push(number, cell, i, after)
            elif self.values[i] is None:  # it met nothing
                self._add(after, cell, number, -1, -1, i)
            else:
                self._pop(number, cell, i, after)

    def _push(self, number: int, cell: _Cell, call: int, after: _Control) -> None:
        key = after, self.values[call]
        above = self.cells.get(key)
        if above is None:
            above = self.cells[key] = _Cell(self.values[call])
        if id(cell) in above.below:
            return
        above.below[id(cell)] = cell, number, call
        self._add(after, above, -1, -1, -1, -1)
        for within, pop, control in above.popped:
            self._add(control, cell, number, call, within, pop)

    def _pop(self, number: int, cell: _Cell, call: int, after: _Control) -> None:
        cell.popped.append((number, call, after))
        for below, before, push in cell.below.values():
            self._add(after, below, before, push, number, call)

    def _candidates(self, control: _Control, cell: _Cell, forcing: int) -> list[int]:
        """Calls that fit, the most promising last."""
        values, puts = self.values, self.puts
        wanted = None if puts[forcing] else values[forcing]
        # Of open operations that do the same, the first to complete goes first: exchange them.
        first: dict[tuple[bool, Hashable], int] = {}
        for i in self._unplaced(control):
            if not puts[i] and values[i] is None:
                if not cell.below:
                    return [i]  # it changes nothing
                continue
            if not puts[i] and not (cell.below and values[i] in (_ANY, cell.value)):
                continue
            in_vain = self.wanted.get(values[i], -1) < control.position
            if puts[i] and self.problem.optional[i] and in_vain:
                continue
            here = first.setdefault((puts[i], values[i]), i)
            if self.ends[i] < self.ends[here]:
                first[puts[i], values[i]] = i
        if (False, cell.value) in first:
            first.pop((False, _ANY), None)
        ranked = []
        for (put, value), i in first.items():
            if self.problem.optional[i]:
                rank = 0 if not put else 2 if value == wanted else 1
            elif put:
                rank = 4 if i == forcing else 3 if value == wanted else 2
            else:
                rank = 5
            ranked.append((rank, -self.ends[i], i))
        ranked.sort()
        return [i for _, _, i in ranked]

    def _unplaced(self, control: _Control) -> Iterator[int]:
        """Calls that are open and not placed."""
        bit = self.layout.bit
        for i in self.open[control.position]:
            if not control.placed & bit[i]:
                yield i
        for i in self.free:
            if self.layout.invoked_at[i] >= control.position:
                break
            if not control.used & bit[i]:
                yield i

    def order(self, number: int) -> tuple[int, ...]:
        """The calls of a configuration's history, in their order."""
        calls: list[int] = []
        # What is still to be told, the latest last: calls as ~i, configurations with whether what
        # lies below belongs to it.
        left: list[tuple[int, bool]] = [(number, True)]
        while left:
            at, whole = left.pop()
            if at < 0:
                calls.append(~at)
                continue
            one = self.found[at]
            if one.before >= 0:
                left.append((one.before, whole))
                if one.push >= 0:
                    left += ((~one.push, False), (one.within, False))
                left.append((~one.last, False))
            elif whole and one.cell.below:
                _, before, push = next(iter(one.cell.below.values()))
                left += ((before, True), (~push, False))
        return tuple(reversed(calls))


def search(model: Stack, problem: Problem, limits: Limits) -> Outcome:
    """Search for a linearization of a stack's calls; where there is none, for the last dead end.

    Args:
        model: the stack.
        problem: its calls.
        limits: when to stop.
    """
    nesting = _nesting(model, problem, limits)
    events = nesting.layout.events
    total = sum(event < 0 for event in events)
    interrupted, last = False, -1
    try:
        last = nesting.run()
    except KeyboardInterrupt:
        interrupted = limits.interrupted = True
    explored = len(nesting.found)
    if last >= 0:
        return Outcome(nesting.order(last), None, False, explored, (total, total))
    position, number = nesting.furthest
    passed = sum(event < 0 for event in events[: max(position, 0)]), total
    if nesting.exhausted:
        limits.look()
    if nesting.exhausted or interrupted:
        return Outcome(None, None, True, explored, passed, interrupted)
    stuck = stuck_at(problem, nesting.order(number), ~events[position])
    return Outcome(None, stuck, False, explored, passed)


def _nesting(model: Stack, problem: Problem, limits: Limits) -> _Nesting:
    layout = layout_of(problem)
    puts = [call.f == model.insertion for call in problem.calls]
    values = [_value(model, call) for call in problem.calls]
    ends, wanted = [_NEVER] * len(puts), dict[Hashable, int]()
    for position, event in enumerate(layout.events):
        if event < 0:
            ends[~event] = position
            if not puts[~event]:
                wanted[values[~event]] = position
    budget = limits.budget
    return _Nesting(
        problem,
        layout,
        min(budget.configurations, budget.memory // BYTES_A_CONFIGURATION),
        limits.deadline,
        values,
        puts,
        ends,
        _open_before(problem, layout.events),
        [i for i, free in enumerate(problem.optional) if free],
        wanted,
    )


def _value(model: Stack, call: Call) -> Hashable:
    """What is pushed, or popped; None of a pop that met nothing."""
    if call.f == model.insertion:
        return frozen(call.argument)
    if call.outcome == "info":
        return _ANY
    return None if call.result is None else frozen(call.result)


def _open_before(problem: Problem, events: Sequence[int]) -> list[tuple[int, ...]]:
    """The required calls that have begun and not completed, before each event and at the end."""
    now: dict[int, None] = {}
    found = []
    for event in events:
        found.append(tuple(now))
        if event < 0:
            del now[~event]
        elif not problem.optional[event]:
            now[event] = None
    return [*found, ()]
