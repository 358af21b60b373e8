"""Is there a linearization? The search of Wing and Gong, made just in time.

*Property.* A history is linearizable if its completed operations, and some of the indeterminate
ones, can be put in an order that a single-threaded object allows and in which no operation comes
after one that was invoked only when it had completed (Herlihy and Wing, TOPLAS 1990).

*Algorithm.* Wing and Gong ("Testing and verifying concurrent objects", JPDC 1993) try, from each
state, every operation that may come next, and back out of dead ends. Lowe ("Testing for
linearizability", CCPE 2017) remembers configurations met before, and chooses *just in time*: the
events are walked in order and an operation is placed only when a completion forces it, that is,
when the event reached is the completion of an operation not yet placed. We then place open
operations, one after another, until that one is. A configuration is (position in the events, which
open operations are already placed, state): everything completed is placed by construction, so it
stays small however long the history.

*Reductions.* Each leaves at least one linearization if there was one. Take any linearization in
just-in-time form: at the forcing event of X, it places a sequence of open operations ending in X.

1. **Pure operations at once.** An open pure operation that fits the state is placed without trying
   anything else. In the given linearization move it to the front of what is left: it fits there, it
   changes no state, and everything that had to precede it has completed, so is already placed.
2. **Only writes that somebody is waiting for.** A *blind* operation W (it fits every state and
   leaves one that doesn't depend on it) other than X is tried only if some open operation that
   isn't blind would fit the state it leaves. Otherwise what follows W in the sequence must be
   blind itself, and overwrites it unobserved: see 3. (W isn't last, X is.) Nor is one tried that
   fits every state, like an append, and leaves one that nobody can observe (`UNSEEN`): until a
   blind one overwrites that, all that follows fits every state, so does without it.
3. **Overwritten writes, after the fact.** When X fits every state and was invoked before the event
   at which the last blind operation V was placed, X may be inserted just before V: nobody sees what
   it left, whatever completed before X's invocation was placed before that event, and X itself
   completes later. So a write that rule 2 refuses is placed when its completion forces it.
4. **Interchangeable optional operations.** Of optional operations that the model can't tell apart,
   only the first invoked and not yet used is tried: swap it with the one that a linearization uses.
5. **Dominated configurations.** Of two configurations that agree in position, placed operations and
   state, one that used a subset of the other's optional operations, and whose last blind operation
   was placed no earlier, can do whatever the other can.

*Complexity.* Deciding is NP-complete (Gibbons and Korach, SIAM J. Comput. 1997). In practice the
cost grows with the number of events times two to the number of operations open at a time; a budget
ends it with an honest "unknown". Memory grows with the configurations met, some 300 bytes each.

*Elsewhere.* Monitors of special cases (`monitors`); this search over arrays, compiled
(`compiled`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.kernels import clock
from splitbrain.checkers.linearizability.limits import Budget
from splitbrain.checkers.linearizability.outcome import Outcome, Stuck
from splitbrain.checkers.linearizability.problem import ANY, REFUSED, UNSEEN, Problem
from splitbrain.checkers.models import State

BYTES_A_CONFIGURATION = 400
"""What this search needs for one, roughly."""


# Placed operations, newest first: earlier ones, call, whether it was inserted by rule 3.
Trail = tuple[Any, int, bool] | None


@dataclass(slots=True)
class _Node:
    """A configuration, with what follows from it."""

    position: int
    placed: int  # slots of open required calls that are placed
    used: int  # optional calls that are placed, a bit each
    waiting: tuple[int, ...]  # open required calls that aren't placed
    spare: tuple[int, ...]  # open optional calls that aren't placed
    state: State
    last_blind: int  # event position at which the last blind call was placed
    trail: Trail


@dataclass(slots=True)
class _Frame:
    """A configuration on the stack and the calls still to be tried from it, best last."""

    node: _Node
    forcing: int
    choices: list[int]
    without: bool  # whether to try without: the forcing one expires, or goes in by rule 3


@dataclass(slots=True)
class Layout:
    """Events in order, as call numbers: i for an invocation, ~i for a completion."""

    events: list[int]
    bit: list[int]
    invoked_at: list[int]
    first_use: list[int]  # bit of the interchangeable optional call to use before this one


@dataclass(slots=True)
class _Search:
    problem: Problem
    layout: Layout
    deadline: float | None = None
    limit: int = 0
    memo: dict[tuple[int, int, State], list[tuple[int, int]]] = field(default_factory=dict)
    configurations: int = 0
    exhausted: bool = False
    furthest: tuple[int, int] = (-1, -1)
    dead_end: tuple[_Node, int] | None = None
    stack: list[_Frame] = field(default_factory=list)
    held: tuple[_Node, int] | None = None  # noted, but not explored: the budget ended there

    def run(self, initial: State) -> _Node | None:
        """The configuration at the end of a linearization, or None. Goes on where it was held."""
        node, stack = _Node(0, 0, 0, (), (), initial, -1, None), self.stack
        if self.held is None:
            self.memo.clear()
            stack.clear()
        while True:
            if self.held is None:
                forcing = self._advance(node)
                if forcing < 0:
                    return node
                self._note(node, forcing)
                fresh = self._fresh(node)
            else:
                node, forcing = self.held
                fresh, self.held, self.exhausted = True, None, False
            if fresh:
                if self._spent():
                    self.exhausted, self.held = True, (node, forcing)
                    return None
                self.configurations += 1
                stack.append(self._frame(node, forcing))
            following = None
            while stack and following is None:
                following = self._next(stack[-1])
                if following is None:
                    stack.pop()
            if following is None:
                return None
            node = following

    def _spent(self) -> bool:
        if self.configurations >= self.limit:
            return True
        # Looking at the clock costs as much as a configuration does.
        if self.deadline is None or self.configurations & 255:
            return False
        return clock() > self.deadline

    def _advance(self, node: _Node) -> int:
        """Walk to the next event that forces a choice; that call, or -1 at the end (rule 1)."""
        events, bit, optional = self.layout.events, self.layout.bit, self.problem.optional
        pure, step = self.problem.pure, self.problem.step
        waiting, spare, placed, position = (
            list(node.waiting),
            node.spare,
            node.placed,
            node.position,
        )
        state, trail, end = node.state, node.trail, len(events)
        while True:
            forcing = -1
            while position < end:
                event = events[position]
                if event < 0:
                    if not placed & bit[~event]:
                        forcing = ~event
                        break
                    placed ^= bit[~event]
                elif optional[event]:
                    spare = (*spare, event)
                else:
                    waiting.append(event)
                position += 1
            fitting = [i for i in waiting if pure[i] and step(state, i) is not REFUSED]
            for i in fitting:
                placed |= bit[i]
                trail = (trail, i, False)
            if fitting:
                waiting = [i for i in waiting if not placed & bit[i]]
            if forcing < 0 or not placed & bit[forcing]:
                break
        node.position, node.placed, node.trail = position, placed, trail
        node.waiting, node.spare = tuple(waiting), spare
        return forcing

    def _note(self, node: _Node, forcing: int) -> None:
        """Remember the furthest dead end: most events passed, then most operations placed."""
        if node.position < self.furthest[0]:
            return
        reached = (node.position, node.placed.bit_count() + node.used.bit_count())
        if reached > self.furthest:
            self.furthest = reached
            self.dead_end = (node, forcing)

    def _fresh(self, node: _Node) -> bool:
        """Whether no configuration met before dominates this one (rule 5)."""
        key = (node.position, node.placed, node.state)
        last, used = node.last_blind, node.used
        met = self.memo.get(key)
        if met is None:
            self.memo[key] = [(last, used)]
            return True
        if any(other >= last and not theirs & ~used for other, theirs in met):
            return False
        met[:] = [(o, theirs) for o, theirs in met if not (last >= o and not used & ~theirs)]
        met.append((last, used))
        return True

    def _frame(self, node: _Node, forcing: int) -> _Frame:
        """The calls to try from a configuration (rules 2 to 4), the most promising last."""
        problem, layout = self.problem, self.layout
        step, optional = problem.step, problem.optional
        blind, fitting = problem.blind, problem.fitting
        candidates = [*node.waiting]
        for i in node.spare:
            before = layout.first_use[i]
            if not before or node.used & before:
                candidates.append(i)
        waiting_for = [i for i in (*node.waiting, *node.spare) if not blind[i]]
        needs = problem.needs
        wanted = {needs[i] for i in waiting_for} if needs else None
        ranked = []
        for i in candidates:
            after = step(node.state, i)
            if after is REFUSED or problem.pure[i]:
                continue
            if i != forcing and fitting[i]:
                if after is UNSEEN:
                    continue
                if blind[i]:
                    if wanted is None:
                        awaited = any(step(after, other) is not REFUSED for other in waiting_for)
                    else:
                        awaited = after in wanted or ANY in wanted
                    if not awaited:
                        continue
            helps = i == forcing or step(after, forcing) is not REFUSED
            ranked.append((i == forcing, helps, not optional[i], -i))
        ranked.sort()
        without = (fitting[forcing] and layout.invoked_at[forcing] < node.last_blind) or (
            bool(problem.expires) and problem.expires[forcing]
        )
        return _Frame(node, forcing, [-rank[3] for rank in ranked], without)

    def _next(self, frame: _Frame) -> _Node | None:
        """The next configuration to try from this one, or None if all have failed."""
        node, bit = frame.node, self.layout.bit
        if frame.without:
            frame.without = False
            i, expires = frame.forcing, self.problem.expires
            return _Node(
                node.position,
                node.placed | bit[i],
                node.used,
                tuple(j for j in node.waiting if j != i),
                node.spare,
                node.state,
                node.last_blind,
                node.trail if expires and expires[i] else (node.trail, i, True),
            )
        if not frame.choices:
            return None
        i = frame.choices.pop()
        optional = self.problem.optional[i]
        return _Node(
            node.position,
            node.placed if optional else node.placed | bit[i],
            node.used | bit[i] if optional else node.used,
            node.waiting if optional else tuple(j for j in node.waiting if j != i),
            tuple(j for j in node.spare if j != i) if optional else node.spare,
            self.problem.step(node.state, i),
            node.position if self.problem.blind[i] else node.last_blind,
            (node.trail, i, False),
        )


class Search:
    """A search for a linearization, which can go on where a budget ended.

    Args:
        problem: what to linearize.
    """

    def __init__(self, problem: Problem) -> None:
        self._hunt = _Search(problem, layout_of(problem))
        self._initials = list(problem.initials)

    def within(self, budget: Budget, *, deadline: float | None = None) -> Outcome:
        """What is found within a budget.

        Args:
            budget: its ``configurations`` limit this search, over all initial states, and with
                what was explored before.
            deadline: when to give up, on `splitbrain.checkers.kernels.clock`.
        """
        hunt, initials = self._hunt, self._initials
        hunt.limit = min(budget.configurations, budget.memory // BYTES_A_CONFIGURATION)
        hunt.deadline = deadline
        total = sum(event < 0 for event in hunt.layout.events)
        interrupted, end = False, None
        while initials:
            try:
                end = hunt.run(initials[0])
            except KeyboardInterrupt:
                interrupted = True
            if end is not None:
                order = ordered(hunt.problem, end.trail)
                return Outcome(order, None, False, hunt.configurations, (total, total))
            if hunt.exhausted or interrupted:
                stuck = None if hunt.dead_end is None else _stuck(hunt)
                passed = _progress(hunt, total)
                return Outcome(None, stuck, True, hunt.configurations, passed, interrupted)
            initials.pop(0)
        return Outcome(None, _stuck(hunt), False, hunt.configurations, _progress(hunt, total))


def search(problem: Problem, budget: Budget, *, deadline: float | None = None) -> Outcome:
    """Look for a linearization; see `Search.within`."""
    return Search(problem).within(budget, deadline=deadline)


def _progress(hunt: _Search, total: int) -> tuple[int, int]:
    return sum(event < 0 for event in hunt.layout.events[: max(hunt.furthest[0], 0)]), total


def _stuck(hunt: _Search) -> Stuck:
    # A search without a linearization met a forcing event: without any, it runs to the end.
    assert hunt.dead_end is not None
    node, forcing = hunt.dead_end
    order = ordered(hunt.problem, node.trail)
    return Stuck(order, forcing, node.state, node.waiting, node.spare)


def ordered(problem: Problem, trail: Trail) -> tuple[int, ...]:
    """The calls in the order of the linearization: rule 3's go before the last blind one."""
    steps = []
    while trail is not None:
        trail, call, inserted = trail
        steps.append((call, inserted))
    stretches: list[tuple[list[int], list[int]]] = [([], [])]  # overwritten, then the rest
    for call, inserted in reversed(steps):
        if inserted:
            stretches[-1][0].append(call)
            continue
        if problem.blind[call]:
            stretches.append(([], []))
        stretches[-1][1].append(call)
    return tuple(call for stretch in stretches for part in stretch for call in part)


def layout_of(problem: Problem) -> Layout:
    """Events by position; slots are reused, so that masks stay as narrow as the concurrency."""
    calls, optional = problem.calls, problem.optional
    ordered = []
    for i, call in enumerate(calls):
        ordered.append((call.invoked, i))
        if not optional[i]:
            assert call.completed is not None
            ordered.append((call.completed, ~i))
    ordered.sort()
    events = [event for _, event in ordered]
    bit, invoked_at, first_use = [0] * len(calls), [0] * len(calls), [0] * len(calls)
    free: list[int] = []
    slots = optionals = 0
    latest: dict[Any, int] = {}
    for position, event in enumerate(events):
        if event < 0:
            free.append(bit[~event])
            continue
        invoked_at[event] = position
        if optional[event]:
            bit[event] = 1 << optionals
            optionals += 1
            first_use[event] = latest.get(problem.alike[event], 0)
            latest[problem.alike[event]] = bit[event]
        elif free:
            bit[event] = free.pop()
        else:
            bit[event] = 1 << slots
            slots += 1
    return Layout(events, bit, invoked_at, first_use)
