"""The search for an order of operations that keeps the order of each process.

A configuration is how far each process is, with the objects' states. From each, operations that
change nothing and fit are taken at once: whatever order follows, they fit here too and nobody
notices. Then each next operation that fits is tried, those first that somebody waits for;
configurations met before are dead ends.

For registers two more, which leave an order if there was one:

* **Unread indeterminate writes are left out.** Without real time, one whose value no ok read or
  possible cas needs can be taken out of any order.
* **The last of a value is kept while it is needed.** If nobody left can write v any more, and some
  read or ok cas of v is still to come, overwriting v is a dead end.

Deciding is NP-complete (Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 1997, for
sequential consistency, section 3), so there is a budget.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from splitbrain.checkers.history import Call
from splitbrain.checkers.kernels import clock as kernel_clock
from splitbrain.checkers.linearizability import Budget
from splitbrain.checkers.models import Model, Register, State
from splitbrain.checkers.models.model import frozen, is_pure

_LOOK_AT_CLOCK = 1_000
_FOREVER = 1 << 60


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a process, on one of several objects.

    Attributes:
        call: the operation.
        key: number of the object.
        pure: whether it never changes the state.
        optional: whether it need not have happened.
        need: ``(key, value)`` that a register's operation must find, or None.
        leave: ``(key, value)`` that a register's operation leaves, or None.
        after: for an indeterminate operation its process and how many operations precede it there.
            It has no followers, even where its process went on, so it stands by itself.
    """

    call: Call
    key: int
    pure: bool
    optional: bool
    need: Hashable | None = None
    leave: Hashable | None = None
    after: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Interleaving:
    """What the search found.

    Attributes:
        order: the operations of an order, or None.
        exhausted: whether the budget ended before the answer was known.
        configurations: how many were explored.
        furthest: the longest sequence of operations found that fits.
        heads: of each process that was not done after `furthest` the next operation.
        states: the objects' states after `furthest`.
        overwriting: those of `heads` that would overwrite the last of a value still needed.
    """

    order: tuple[Operation, ...] | None
    exhausted: bool
    configurations: int
    furthest: tuple[Operation, ...] = ()
    heads: tuple[Operation, ...] = ()
    states: tuple[State, ...] = ()
    overwriting: tuple[Operation, ...] = ()


def threads_of(
    model: Model, calls: Sequence[tuple[int, Call]], without: frozenset[int] = frozenset()
) -> list[list[Operation]]:
    """The operations of each process in order, then every indeterminate one by itself.

    Args:
        model: the model of every object.
        calls: (object, call) in order of invocation.
        without: ``invoke_index`` of operations to leave out.
    """
    registers = type(model) is Register
    operations = []
    for key, call in calls:
        optional = call.outcome == "info"
        pure = is_pure(model, call)
        if call.outcome == "fail" or (optional and pure) or call.invoke_index in without:
            continue
        need, leave = _accesses(key, call) if registers else (None, None)
        operations.append(Operation(call, key, pure, optional, need, leave))
    if registers:
        operations = _without_unread(operations)
    threads: dict[int, list[Operation]] = {}
    numbers: dict[int, int] = {}
    alone = []
    for operation in operations:
        number = numbers.setdefault(operation.call.process, len(numbers))
        thread = threads.setdefault(operation.call.process, [])
        if operation.optional:
            alone.append([replace(operation, after=(number, len(thread)))])
        else:
            thread.append(operation)
    return [*threads.values(), *alone]  # a process may have nothing but an indeterminate one


def _accesses(key: int, call: Call) -> tuple[Hashable | None, Hashable | None]:
    """What a register's operation must find and what it leaves."""
    if call.f == "write":
        return None, (key, frozen(call.argument))
    if call.f == "cas":
        return (key, frozen(call.argument[0])), (key, frozen(call.argument[1]))
    return (key, frozen(call.result)), None


def _without_unread(operations: list[Operation]) -> list[Operation]:
    """Without indeterminate operations whose value nobody else needs."""
    while True:
        needed = {o.need: None for o in operations if o.need is not None and o.need != o.leave}
        needed |= {o.need: None for o in operations if o.need is not None and not o.optional}
        kept = [o for o in operations if not o.optional or o.leave in needed]
        if len(kept) == len(operations):
            return kept
        operations = kept


@dataclass(slots=True)
class _Search:
    """Where the search is.

    Attributes:
        model: the model of every object.
        threads: the operations of each process.
        states: the objects' states.
        at: how far each process is.
        trail: what was done: process, and the object's state before.
        left: how many operations must still be done.
        processes: how many of the threads are processes; the others are indeterminate operations.
        writers: how many operations left can write a value.
        readers: how many operations left must find it.
    """

    model: Model
    threads: list[list[Operation]]
    states: list[State]
    at: list[int]
    trail: list[tuple[int, State]]
    left: int
    processes: int
    writers: dict[Hashable, int] = field(default_factory=dict)
    readers: dict[Hashable, int] = field(default_factory=dict)

    def head(self, thread: int) -> Operation | None:
        """The next operation of a process, if it has one."""
        operations = self.threads[thread]
        at = self.at[thread]
        if at >= len(operations):
            return None
        after = operations[at].after
        return operations[at] if after is None or self.at[after[0]] >= after[1] else None

    def do(self, thread: int, operation: Operation, after: State) -> None:
        """Let a process take its next operation."""
        self.trail.append((thread, self.states[operation.key]))
        self.states[operation.key] = after
        self.at[thread] += 1
        self._count(operation, -1)

    def undo(self, length: int) -> None:
        """Go back to when the trail was this long."""
        while len(self.trail) > length:
            thread, before = self.trail.pop()
            self.at[thread] -= 1
            operation = self.threads[thread][self.at[thread]]
            self.states[operation.key] = before
            self._count(operation, 1)

    def _count(self, operation: Operation, amount: int) -> None:
        if operation.leave is not None:
            self.writers[operation.leave] = self.writers.get(operation.leave, 0) + amount
        if not operation.optional:
            self.left += amount
            if operation.need is not None:
                self.readers[operation.need] = self.readers.get(operation.need, 0) + amount

    def take_pure(self) -> None:
        """Take every pure operation that fits, and those behind it."""
        changed = True
        while changed:
            changed = False
            for thread in range(self.processes):
                operation = self.head(thread)
                while operation is not None and operation.pure:
                    fits, after = self.model.step(self.states[operation.key], operation.call)
                    if not fits:
                        break
                    self.do(thread, operation, after)
                    changed = True
                    operation = self.head(thread)

    def choices(self) -> Iterator[tuple[int, Operation, State]]:
        """Next operations that fit, the most promising first."""
        ranked = []
        heads = [head for head in map(self.head, range(self.processes)) if head is not None]
        waiting = [head for head in heads if head.pure]
        needed = {head.need: None for head in waiting}
        for thread in range(len(self.threads)):
            operation = self.head(thread)
            if operation is None or operation.pure:
                continue
            fits, after = self.model.step(self.states[operation.key], operation.call)
            if not fits or self._kills(operation):
                continue
            if operation.leave is not None:
                awaited = operation.leave in needed
            else:
                awaited = any(
                    other.key == operation.key and self.model.step(after, other.call)[0]
                    for other in waiting
                )
            completed = operation.call.completed
            end = _FOREVER if completed is None else completed
            ranked.append((operation.optional, not awaited, end, thread, operation, after))
        ranked.sort(key=lambda entry: entry[:4])
        return iter([(thread, operation, after) for *_, thread, operation, after in ranked])

    def _kills(self, operation: Operation) -> bool:
        """Whether it overwrites the last of a value that somebody still needs."""
        if operation.leave is None:
            return False
        value = (operation.key, self.states[operation.key])
        if value == operation.leave or self.writers.get(value, 0) > 0:
            return False
        own = operation.need == value and not operation.optional
        return self.readers.get(value, 0) > own

    def stuck(self) -> Interleaving:
        """How far the search is, should it get no farther."""
        found = [self.head(thread) for thread in range(len(self.threads))]
        heads = tuple(head for head in found if head is not None)
        overwriting = tuple(head for head in heads if not head.pure and self._kills(head))
        return Interleaving(None, False, 0, self.done(), heads, tuple(self.states), overwriting)

    def done(self) -> tuple[Operation, ...]:
        """The operations done, in order."""
        at = [0] * len(self.threads)
        order = []
        for thread, _ in self.trail:
            order.append(self.threads[thread][at[thread]])
            at[thread] += 1
        return tuple(order)


@dataclass(slots=True)
class _Furthest:
    """How far the search got: looked at only when it turns back, since looking takes a while."""

    search: _Search
    length: int = -1
    found: Interleaving | None = None

    def advance(self) -> None:
        """Note that the search may be farther than ever."""
        if len(self.search.trail) > self.length:
            self.length, self.found = len(self.search.trail), None

    def retreat(self, length: int) -> None:
        """Let the search go back to when its trail was this long."""
        if length < len(self.search.trail) == self.length:
            self.best()
        self.search.undo(length)

    def best(self) -> Interleaving:
        """How far it got."""
        if self.found is None:
            self.found = self.search.stuck()
        return self.found


def interleave(
    model: Model,
    threads: list[list[Operation]],
    objects: int,
    budget: Budget,
    clock: Callable[[], float] = kernel_clock,
) -> Interleaving:
    """Look for an order of all operations of these processes; see the module.

    Args:
        model: the model of every object.
        threads: from `threads_of`.
        objects: how many objects there are.
        budget: limits.
        clock: for the budget's seconds.
    """
    processes = sum(1 for thread in threads if not thread or thread[0].after is None)
    states = [model.initial] * objects
    search = _Search(model, threads, states, [0] * len(threads), [], 0, processes)
    for thread in threads:
        for operation in thread:
            search._count(operation, 1)
    deadline = None if budget.seconds is None else clock() + budget.seconds
    most = min(budget.configurations, budget.memory // (200 + 16 * (len(threads) + objects)))
    seen: dict[Hashable, None] = {}
    frames: list[tuple[int, Iterator[tuple[int, Operation, State]]]] = []
    furthest = _Furthest(search)
    while True:
        search.take_pure()
        if search.left == 0:
            return Interleaving(search.done(), False, len(seen))
        furthest.advance()
        configuration = (tuple(search.at), tuple(search.states))
        if configuration not in seen:
            late = deadline is not None and len(seen) % _LOOK_AT_CLOCK == 0 and clock() > deadline
            if len(seen) >= most or late:
                return replace(furthest.best(), exhausted=True, configurations=len(seen))
            seen[configuration] = None
            frames.append((len(search.trail), search.choices()))
        choice = None
        while frames and choice is None:
            length, choices = frames[-1]
            furthest.retreat(length)
            choice = next(choices, None)
            if choice is None:
                frames.pop()
        if choice is None:
            return replace(furthest.best(), configurations=len(seen))
        search.do(*choice)
