"""Is there a linearization of a queue's history? A search over pairs of an enqueue and a dequeue.

In an order that a first-in first-out queue allows, the n-th element taken is the n-th put in. So a
linearization is a sequence of *pairs*, an enqueue and a dequeue of the same value, with dequeues
that met an empty queue between them, and enqueues that nobody took at the end. Which of several
enqueues of one value a dequeue took need not be known: identical elements are interchangeable.

The sequence is built from its beginning. Its next pair may be an enqueue and a dequeue such that
no other one that is left completed before its invocation (an empty dequeue counts as both). Each
happens as early as that allows: an enqueue at the latest invocation of those up to it, but not
before the last moment of emptiness; a dequeue at the latest invocation of those up to it, but not
before its enqueue. Such a sequence is a linearization if each comes before its completion; and any
linearization gives one.

A configuration is (which enqueues, which dequeues are placed), with the moments that both have come
to; of two that agree in what is placed, one with no later moments can do whatever the other can. As
many of each are placed, and these are closed under "completed before", so with k operations open at
a time there are at most some n 4^k configurations for n operations. Of two open enqueues of one
value, one that was invoked and completed no later goes first (exchange them); likewise of dequeues.
Hence a search that comes to its end without an order has refuted the history.

Indeterminate operations need not be placed, and never complete. Such a dequeue may have taken any
value. The search over states (`splitbrain.checkers.linearizability.searching`) tells orders of
enqueues apart as soon as they complete; this one only when they are taken, and then it knows which
value is wanted.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from splitbrain.checkers.kernels import clock
from splitbrain.checkers.linearizability.limits import Limits
from splitbrain.checkers.linearizability.outcome import Outcome, stuck_at
from splitbrain.checkers.linearizability.problem import Problem
from splitbrain.checkers.models import Queue
from splitbrain.checkers.models.model import frozen

ALGORITHM = "search over pairs of an enqueue and a dequeue"

BYTES_A_CONFIGURATION = 600
"""What this search needs for one, roughly."""

_NEVER = 1 << 62
_ANY = object()


class _Configuration(NamedTuple):
    """What is placed; sides as the first that isn't, and a bit for each from there on that is."""

    puts: tuple[int, int]
    takes: tuple[int, int]
    empties: tuple[int, int]
    free_puts: int
    free_takes: int
    put_at: int
    take_at: int


_Move = tuple[int, int]
"""Numbers of an enqueue and a dequeue in their sides, ~n for optional ones; or `_EMPTY`, n."""

_EMPTY = _NEVER


@dataclass(slots=True)
class _Side:
    """Operations of one kind, in order of invocation."""

    calls: list[int] = field(default_factory=list)
    values: list[Hashable] = field(default_factory=list)
    invoked: list[int] = field(default_factory=list)
    completed: list[int] = field(default_factory=list)

    def add(self, call: int, value: Hashable, invoked: int, completed: int) -> None:
        self.calls.append(call)
        self.values.append(value)
        self.invoked.append(invoked)
        self.completed.append(completed)

    def frontier(self, placed: tuple[int, int]) -> tuple[int, list[int]]:
        """The first completion of those left, and those left that were invoked before it."""
        at, mask = placed
        end, found = _NEVER, []
        for i in range(at, len(self.calls)):
            if self.invoked[i] > end:
                break
            if not mask & 1:
                found.append(i)
                end = min(end, self.completed[i])
            mask >>= 1
        return end, found

    def unused(self, used: int, before: int) -> list[int]:
        """Of optional operations, for each value the first that is left, if invoked by then."""
        found: dict[Hashable, int] = {}
        for i, invoked in enumerate(self.invoked):
            if invoked > before:
                break
            if not used >> i & 1:
                found.setdefault(self.values[i], i)
        return list(found.values())


@dataclass(slots=True)
class _Candidates:
    """Operations that may be next, by value; of these only such as no other can stand in for."""

    by_value: dict[Hashable, list[tuple[int, int, int]]] = field(default_factory=dict)

    def add(self, value: Hashable, completed: int, invoked: int, number: int) -> None:
        here = self.by_value.setdefault(value, [])
        if any(end <= completed and start <= invoked for end, start, _ in here):
            return
        here[:] = [c for c in here if not (completed <= c[0] and invoked <= c[1])]
        here.append((completed, invoked, number))


@dataclass(slots=True)
class _Pairing:
    puts: _Side
    takes: _Side
    empties: _Side
    free_puts: _Side
    free_takes: _Side
    limit: int
    deadline: float | None
    configurations: int = 0
    exhausted: bool = False
    furthest: int = 0
    _met: dict[_Configuration, list[tuple[int, int]]] = field(default_factory=dict)

    def run(self) -> list[_Move] | None:
        """The moves of a linearization, or None."""
        here = _Configuration((0, 0), (0, 0), (0, 0), 0, 0, -1, -1)
        path: list[_Move] = []
        stack: list[tuple[_Configuration, list[_Move]]] = []
        while True:
            moves = self._moves(here)
            if moves is None:
                return path
            if self._spent():
                self.exhausted = True
                return None
            self.configurations += 1
            stack.append((here, moves))
            self.furthest = max(self.furthest, len(stack))
            while True:
                while stack and not stack[-1][1]:
                    stack.pop()
                if not stack:
                    return None
                before, left = stack[-1]
                del path[len(stack) - 1 :]
                path.append(left.pop())
                here = self._after(before, path[-1])
                if self._fresh(here):
                    break

    def _spent(self) -> bool:
        if self.configurations >= self.limit:
            return True
        if self.deadline is None or self.configurations & 255:
            return False
        return clock() > self.deadline

    def _fresh(self, here: _Configuration) -> bool:
        """Whether no configuration met before can do whatever this one can."""
        met = self._met.setdefault(here._replace(put_at=0, take_at=0), [])
        if any(put <= here.put_at and take <= here.take_at for put, take in met):
            return False
        met.append((here.put_at, here.take_at))
        return True

    def _moves(self, here: _Configuration) -> list[_Move] | None:
        """What may be next, the most urgent last; None if nothing needs to be."""
        put_end, puts = self.puts.frontier(here.puts)
        take_end, takes = self.takes.frontier(here.takes)
        empty_end, empties = self.empties.frontier(here.empties)
        if min(put_end, take_end) <= here.put_at or empty_end <= max(here.put_at, here.take_at):
            return []
        if not takes and not empties:
            return None
        insertions, removals = _Candidates(), _Candidates()
        # What is left of the empty ones holds up both kinds; they are held up by both.
        self._add(insertions, self.puts, puts, empty_end)
        self._add_free(insertions, self.free_puts, here.free_puts, min(put_end, empty_end))
        self._add(removals, self.takes, takes, empty_end)
        self._add_free(removals, self.free_takes, here.free_takes, min(take_end, empty_end))
        ranked: list[tuple[int, int, _Move]] = []
        for value, ends in removals.by_value.items():
            if value is _ANY:
                fitting = [c for found in insertions.by_value.values() for c in found]
            else:
                fitting = insertions.by_value.get(value, [])
            for put_ends, invoked, put in fitting:
                for take_ends, _, take in ends:
                    if max(here.put_at, invoked) < take_ends:
                        ranked.append((-take_ends, -put_ends, (put, take)))
        possible = [i for i in empties if self.empties.invoked[i] < min(put_end, take_end)]
        if possible:
            first = min(possible, key=self.empties.completed.__getitem__)
            ranked.append((-self.empties.completed[first], 0, (_EMPTY, first)))
        ranked.sort()
        return [move for _, _, move in ranked]

    def _add(self, to: _Candidates, side: _Side, numbers: Sequence[int], before: int) -> None:
        for i in numbers:
            if side.invoked[i] < before:
                to.add(side.values[i], side.completed[i], side.invoked[i], i)

    def _add_free(self, to: _Candidates, side: _Side, used: int, before: int) -> None:
        for i in side.unused(used, before):
            to.add(side.values[i], _NEVER, side.invoked[i], ~i)

    def _after(self, here: _Configuration, move: _Move) -> _Configuration:
        """The configuration after a move."""
        put, take = move
        if put == _EMPTY:
            at = max(here.put_at, here.take_at, self.empties.invoked[take])
            return here._replace(empties=_with(here.empties, take), put_at=at, take_at=at)
        if put >= 0:
            put_at = max(here.put_at, self.puts.invoked[put])
            here = here._replace(puts=_with(here.puts, put), put_at=put_at)
        else:
            put_at = max(here.put_at, self.free_puts.invoked[~put])
            here = here._replace(free_puts=here.free_puts | 1 << ~put, put_at=put_at)
        if take >= 0:
            at = max(here.take_at, self.takes.invoked[take])
            return here._replace(takes=_with(here.takes, take), take_at=at)
        at = max(here.take_at, self.free_takes.invoked[~take])
        return here._replace(free_takes=here.free_takes | 1 << ~take, take_at=at)

    def order(self, moves: Sequence[_Move]) -> tuple[int, ...]:
        """The calls of a sequence, each as early as it may be."""
        rows: list[tuple[int, int, int, int, int]] = []  # moment, stretch, kind, place, call
        put_at, take_at, stretch, placed = -1, -1, 0, set()
        for place, (put, take) in enumerate(moves):
            if put == _EMPTY:
                put_at = take_at = max(put_at, take_at, self.empties.invoked[take])
                rows.append((take_at, stretch, 1, place, self.empties.calls[take]))
                stretch += 1
                continue
            side, i = (self.puts, put) if put >= 0 else (self.free_puts, ~put)
            put_at = max(put_at, side.invoked[i])
            rows.append((put_at, stretch, 0, place, side.calls[i]))
            placed.add(side.calls[i])
            side, i = (self.takes, take) if take >= 0 else (self.free_takes, ~take)
            take_at = max(take_at, put_at, side.invoked[i])
            rows.append((take_at, stretch, 1, place, side.calls[i]))
        for i, call in enumerate(self.puts.calls):  # what nobody took
            if call not in placed:
                put_at = max(put_at, self.puts.invoked[i])
                rows.append((put_at, stretch, 0, len(moves) + i, call))
        return tuple(row[-1] for row in sorted(rows))


def _with(placed: tuple[int, int], number: int) -> tuple[int, int]:
    """A side with one more operation placed."""
    at, mask = placed
    mask |= 1 << (number - at)
    passed = (~mask & (mask + 1)).bit_length() - 1  # how many bits from the lowest on are set
    return at + passed, mask >> passed


def search(model: Queue, problem: Problem, limits: Limits) -> Outcome:
    """Search for a linearization of a queue's calls; where there is none, for the first dead end.

    Args:
        model: the queue.
        problem: its calls.
        limits: when to stop.
    """
    outcome = attempt(model, problem, limits)
    if outcome.order is not None or outcome.exhausted:
        return outcome
    completions = _completions(problem)
    # How many completions can be passed: more of them are never easier.
    best: tuple[int, ...] = ()
    low, high = 0, len(completions)
    explored = outcome.configurations
    while high - low > 1:
        middle = (low + high) // 2
        trial = attempt(model, problem, limits, end=completions[middle][0], explored=explored)
        explored = trial.configurations
        if trial.exhausted:
            return trial
        if trial.order is None:
            high = middle
        else:
            low, best = middle, trial.order
    stuck = stuck_at(problem, best, completions[low][1])
    return Outcome(None, stuck, False, explored, (low, len(completions)))


def attempt(
    model: Queue, problem: Problem, limits: Limits, *, end: int = _NEVER, explored: int = 0
) -> Outcome:
    """Whether there is a linearization, and no more: the outcome has no dead end.

    Args:
        model: the queue.
        problem: its calls.
        limits: when to stop.
        end: what began then or later is left out, and what completed then or later may happen.
        explored: how many configurations were explored before.
    """
    pairing = _pairing(model, problem, end, limits, explored)
    total = len(_completions(problem))
    interrupted, moves = False, None
    try:
        moves = pairing.run()
    except KeyboardInterrupt:
        interrupted = limits.interrupted = True
    explored += pairing.configurations
    if moves is not None:
        return Outcome(pairing.order(moves), None, False, explored, (total, total))
    if pairing.exhausted:
        limits.look()
    passed = max(min(2 * pairing.furthest, total) - 1, 0), total
    return Outcome(None, None, pairing.exhausted or interrupted, explored, passed, interrupted)


def _completions(problem: Problem) -> list[tuple[int, int]]:
    """When required calls complete, and which."""
    return sorted(
        (call.completed, i)
        for i, call in enumerate(problem.calls)
        if not problem.optional[i] and call.completed is not None
    )


def _pairing(model: Queue, problem: Problem, end: int, limits: Limits, explored: int) -> _Pairing:
    """The search over the calls that began before a moment; what ends there or later may happen."""
    puts, takes, empties, free_puts, free_takes = (_Side() for _ in range(5))
    for i, call in enumerate(problem.calls):
        if call.invoked >= end:
            break
        free = problem.optional[i] or call.completed is None or call.completed >= end
        completed = _NEVER if free or call.completed is None else call.completed
        if call.f == model.insertion:
            side, value = (free_puts if free else puts), frozen(call.argument)
        elif call.outcome == "info":
            side, value = free_takes, _ANY
        elif call.result is not None:
            side, value = (free_takes if free else takes), frozen(call.result)
        elif free:
            continue
        else:
            side, value = empties, None
        side.add(i, value, call.invoked, completed)
    budget = limits.budget
    limit = min(budget.configurations, budget.memory // BYTES_A_CONFIGURATION) - explored
    return _Pairing(puts, takes, empties, free_puts, free_takes, limit, limits.deadline)
