"""Queue, stack and priority queue: what goes in comes out, in one order or another.

* queue: ``enqueue v`` adds at the end, ``dequeue`` takes from the front (Herlihy and Wing 1990);
* stack: ``push v`` adds on top, ``pop`` takes from the top;
* priority queue: ``insert v`` adds, ``delete-min`` takes the least.

A removal's result is what it took; null means that there was nothing to take, so null can't be an
element. (A removal recorded as failed says nothing, as always.) An indeterminate removal took
something, or met an empty object.

Elements of a priority queue are numbers, or pairs ``[priority, item]`` of a number and a number or
string, in the order of priorities and, among equal ones, of items (numbers before strings), as
Python's heapq orders tuples. Numbers of two types that are equal, 1 and 1.0, are two elements of
one place in the order: either may be taken first. An indeterminate removal took one of them, nobody
knows which; so a state is the set of contents that are possible.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.models.model import (
    ModelError,
    State,
    Step,
    event_of,
    frozen,
    readable,
    shown,
    unknown,
)

_Order = tuple[float | int, int, Any, tuple[bool, bool]]
_Contents = tuple[tuple[_Order, int], ...]


@dataclass(frozen=True, slots=True)
class _Container:
    """What the three have in common: one operation puts an element in, one takes one out.

    Attributes:
        name: the model's name.
        insertion: name of the operation that puts in.
        removal: name of the operation that takes out.
    """

    name: str
    insertion: str
    removal: str
    per_key: bool = False

    @property
    def initial(self) -> State:
        """Empty."""
        return ()

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return False

    def reads_only(self, call: Call) -> bool:
        """See `splitbrain.checkers.models.model.Discerning`: a removal from what is empty."""
        return call.f == self.removal and call.outcome == "ok" and call.result is None

    def takes_value(self, f: str) -> bool:
        """See `splitbrain.checkers.models.model.TakesValue`."""
        return f == self.insertion

    def unconditional(self, f: str) -> bool:
        """See `splitbrain.checkers.models.model.Unconditional`."""
        return f == self.insertion

    def check(self, call: Call) -> None:
        """See `Model.check`."""
        if call.f not in (self.insertion, self.removal):
            raise unknown(self.name, (self.insertion, self.removal), call)
        if call.f == self.insertion:
            at, value = call.invoke_index, call.argument
            if value is None:
                raise ModelError(
                    at, f"{call.f} null: null can't be an element, since it means empty"
                )
        else:
            at, value = event_of(call), call.result
        readable(value, at)
        if value is not None:
            self.check_element(value, at)

    def check_element(self, value: Any, at: int) -> None:
        """Make sure that a value can be an element.

        Raises:
            ModelError: it can't.
        """

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        if call.f == self.insertion:
            return f"{call.f} {shown(call.argument)}"
        if call.outcome != "ok":
            return call.f
        return f"{call.f} → {'empty' if call.result is None else shown(call.result)}"

    def taken(self, call: Call, element: Hashable) -> bool:
        """Whether a removal may have taken this element."""
        return call.outcome != "ok" or (call.result is not None and frozen(call.result) == element)


@dataclass(frozen=True, slots=True)
class Queue(_Container):
    """The first-in first-out queue; see the module. A state is its elements, front first."""

    name: str = "queue"
    insertion: str = "enqueue"
    removal: str = "dequeue"

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        elements: tuple[Hashable, ...] = state  # type: ignore[assignment]
        if call.f == self.insertion:
            return True, (*elements, frozen(call.argument))
        if not elements:
            return call.outcome != "ok" or call.result is None, state
        return self.taken(call, elements[0]), elements[1:]


@dataclass(frozen=True, slots=True)
class Stack(_Container):
    """The stack; see the module. A state is its elements, top last."""

    name: str = "stack"
    insertion: str = "push"
    removal: str = "pop"

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        elements: tuple[Hashable, ...] = state  # type: ignore[assignment]
        if call.f == self.insertion:
            return True, (*elements, frozen(call.argument))
        if not elements:
            return call.outcome != "ok" or call.result is None, state
        return self.taken(call, elements[-1]), elements[:-1]


@dataclass(frozen=True, slots=True)
class PriorityQueue(_Container):
    """The priority queue; see the module.

    A state is the elements in order, each as its rank and how many of it there are; where several
    contents are possible, the frozen set of them.
    """

    name: str = "priority-queue"
    insertion: str = "insert"
    removal: str = "delete-min"

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        contents: Iterable[_Contents] = (
            state if isinstance(state, frozenset) else (state,)  # type: ignore[assignment]
        )
        after = frozenset(left for elements in contents for left in self._after(elements, call))
        if not after:
            return False, state
        return True, next(iter(after)) if len(after) == 1 else after

    def _after(self, elements: _Contents, call: Call) -> Iterator[_Contents]:
        """What may be inside after an operation that met these elements."""
        if call.f == self.insertion:
            yield _one_more(elements, rank(call.argument))
        elif not elements:
            if call.outcome != "ok" or call.result is None:
                yield elements
        elif call.outcome != "ok" or call.result is not None:
            taken = rank(call.result) if call.outcome == "ok" else None
            for at, (element, times) in enumerate(elements):
                if element[:3] != elements[0][0][:3]:
                    break
                if taken in (None, element):
                    left = ((element, times - 1),) if times > 1 else ()
                    yield elements[:at] + left + elements[at + 1 :]

    def check_element(self, value: Any, at: int) -> None:
        """Make sure that a value has a priority.

        Raises:
            ModelError: it hasn't.
        """
        pair = isinstance(value, (list, tuple)) and len(value) == 2 and _is_number(value[0])
        if _is_number(value) or (pair and (_is_number(value[1]) or isinstance(value[1], str))):
            return
        raise ModelError(
            at,
            "an element of a priority queue is a number, or [priority, item] with a number and a "
            f"number or string, not {shown(value)}",
        )


def place(value: Any) -> tuple[Any, ...]:
    """An element's place in the order of priorities: one for 1 and 1.0."""
    return rank(value)[:3]


def rank(value: Any) -> _Order:
    """An element's `place`, and what tells it from others there."""
    if not isinstance(value, (list, tuple)):
        return value, -1, 0, (type(value) is float, False)
    priority, item = value
    floats = type(priority) is float, type(item) is float
    return priority, int(isinstance(item, str)), item, floats


def _one_more(elements: _Contents, element: _Order) -> _Contents:
    """The contents with an element inserted."""
    at = bisect_left(elements, element, key=itemgetter(0))
    if at < len(elements) and elements[at][0] == element:
        return (*elements[:at], (element, elements[at][1] + 1), *elements[at + 1 :])
    return (*elements[:at], (element, 1), *elements[at:])


def _is_number(value: object) -> bool:
    kind = type(value)
    return kind is int or (kind is float and not math.isnan(value))  # type: ignore[arg-type]


def queue() -> Queue:
    """A first-in first-out queue, empty at first."""
    return Queue()


def stack() -> Stack:
    """A stack, empty at first."""
    return Stack()


def priority_queue() -> PriorityQueue:
    """A priority queue, empty at first."""
    return PriorityQueue()
