"""Running operations one after another on a model, in time linear in what they read and write.

A model's ``step`` makes a new state from an old one, which for a queue of a thousand elements takes
a thousand steps. Whoever only goes forward can change one object instead. What it answers is what
``step`` would; models without a form of their own here are run by ``step``.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable
from heapq import heappop, heappush
from typing import Any, Protocol

from splitbrain.checkers.history import Call
from splitbrain.checkers.models.logs import Log, offset_of
from splitbrain.checkers.models.model import Model, State, frozen
from splitbrain.checkers.models.multi_registers import READS, MultiRegister
from splitbrain.checkers.models.queues import PriorityQueue, Queue, Stack, place, rank
from splitbrain.checkers.models.sets import Set


class Replay(Protocol):
    """A model's object, changed by one operation after another."""

    @property
    def state(self) -> State:
        """The model's state now."""
        ...

    def apply(self, call: Call) -> bool:
        """Let an operation happen; False, and nothing changes, if it can't, with its result."""
        ...


class _ByStep:
    def __init__(self, model: Model, state: State) -> None:
        self._model, self.state = model, state

    def apply(self, call: Call) -> bool:
        fits, after = self._model.step(self.state, call)
        if fits:
            self.state = after
        return fits


class _Container:
    """A queue or a stack: ``elements`` in the order of the model's state."""

    def __init__(self, model: Queue | Stack) -> None:
        self._model, self._elements = model, deque[Hashable]()
        self._first = type(model) is Queue

    @property
    def state(self) -> State:
        return tuple(self._elements)

    def apply(self, call: Call) -> bool:
        elements = self._elements
        if call.f == self._model.insertion:
            elements.append(frozen(call.argument))
            return True
        if not elements:
            return call.outcome != "ok" or call.result is None
        if not self._model.taken(call, elements[0 if self._first else -1]):
            return False
        elements.popleft() if self._first else elements.pop()
        return True


class _Heap:
    """A priority queue: what is inside by its place in the order, and a heap of these places.

    Once nobody knows which of several elements of one place was taken, it goes on by ``step``.
    """

    def __init__(self, model: PriorityQueue) -> None:
        self._model = model
        self._places, self._inside = list[Any](), dict[Hashable, list[Any]]()
        self._unsure: _ByStep | None = None

    @property
    def state(self) -> State:
        if self._unsure is not None:
            return self._unsure.state
        inside = Counter(each for ranks in self._inside.values() for each in ranks)
        return tuple(sorted(inside.items()))

    def apply(self, call: Call) -> bool:
        if self._unsure is not None:
            return self._unsure.apply(call)
        if call.f == self._model.insertion:
            ranks = self._inside.setdefault(place(call.argument), [])
            if not ranks:
                heappush(self._places, place(call.argument))
            ranks.append(rank(call.argument))
            return True
        known = call.outcome == "ok"
        if not self._places or (known and call.result is None):
            return not self._places and (not known or call.result is None)
        least = self._inside[self._places[0]]
        if not known and len(set(least)) > 1:
            self._unsure = _ByStep(self._model, self.state)
            return self._unsure.apply(call)
        taken = rank(call.result) if known else least[0]
        if taken not in least:
            return False
        least.remove(taken)
        if not least:
            heappop(self._places)
        return True


class _Elements:
    """A set."""

    def __init__(self, model: Set) -> None:
        self._elements = set[Hashable]()

    @property
    def state(self) -> State:
        return frozenset(self._elements)

    def apply(self, call: Call) -> bool:
        elements = self._elements
        if call.f == "add":
            elements.add(frozen(call.argument))
        elif call.f == "remove":
            elements.discard(frozen(call.argument))
        elif call.outcome == "ok" and call.f == "contains":
            return bool((frozen(call.argument) in elements) == call.result)
        elif call.outcome == "ok":
            listed = call.result
            return len(listed) == len(elements) and elements.issuperset(map(frozen, listed))
        return True


class _Entries:
    """A log."""

    def __init__(self, model: Log) -> None:
        self._entries = list[Hashable]()

    @property
    def state(self) -> State:
        return tuple(self._entries)

    def apply(self, call: Call) -> bool:
        entries = self._entries
        if call.f == "append":
            if offset_of(call) not in (None, len(entries)):
                return False
            entries.append(frozen(call.argument))
            return True
        if call.outcome != "ok":
            return True
        if call.f == "length":
            return bool(call.result == len(entries))
        if call.argument is None:
            return [frozen(entry) for entry in call.result] == entries
        there = entries[call.argument] if call.argument < len(entries) else None
        return there == frozen(call.result)


class _Registers:
    """Several registers."""

    def __init__(self, model: MultiRegister) -> None:
        self._model = model
        self._values: dict[Hashable, Hashable] = dict(model.given)

    @property
    def state(self) -> State:
        return tuple(sorted(self._values.items(), key=repr))

    def apply(self, call: Call) -> bool:
        known, default = call.outcome == "ok", frozen(self._model.default)
        changed: dict[Hashable, Hashable] = {}
        for f, key, value in call.result if known and call.result else call.argument:
            register, value = frozen(key), frozen(value)
            there = register in changed or register in self._values
            if f not in READS or (known and self._model.unknown_initial and not there):
                changed[register] = value
            elif known:
                now = changed.get(register, self._values.get(register, default))
                if now != value:
                    return False
        self._values |= changed
        return True


_FORMS: dict[type, Callable[[Any], Replay]] = {
    Queue: _Container,
    Stack: _Container,
    PriorityQueue: _Heap,
    Set: _Elements,
    Log: _Entries,
    MultiRegister: _Registers,
}


def replay(model: Model) -> Replay:
    """The model's object in its initial state."""
    form = _FORMS.get(type(model))
    return _ByStep(model, model.initial) if form is None else form(model)
