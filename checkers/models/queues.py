"""Queue, stack and priority queue: what goes in comes out, in one order or another.

* queue: ``enqueue v`` adds at the end, ``dequeue`` takes from the front (Herlihy and Wing 1990);
* stack: ``push v`` adds on top, ``pop`` takes from the top;
* priority queue: ``insert v`` adds, ``delete-min`` takes the least.

A removal's result is what it took; null means that there was nothing to take, so null can't be an
element. (A removal recorded as failed says nothing, as always.) An indeterminate removal took
something, or met an empty object.

Elements of a priority queue are numbers, or pairs ``[priority, item]`` of a number and a number or
string, in the order of priorities and, among equal ones, of items (numbers before strings), as
Python's heapq orders tuples. So what is least is always one element, and the model a function; a
history with both 1 and 1.0, two elements of one priority, is refused.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
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
    """The priority queue; see the module. A state is its elements in order, each with its rank."""

    name: str = "priority-queue"
    insertion: str = "insert"
    removal: str = "delete-min"

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        elements: tuple[_Order, ...] = state  # type: ignore[assignment]
        if call.f == self.insertion:
            inserted = list(elements)
            insort(inserted, rank(call.argument))
            return True, tuple(inserted)
        if not elements:
            return call.outcome != "ok" or call.result is None, state
        fits = call.outcome != "ok" or (
            call.result is not None and rank(call.result) == elements[0]
        )
        return fits, elements[1:]

    def adapted(self, calls: Sequence[Call]) -> PriorityQueue:
        """Itself, if no two elements have one place in the order, as 1 and 1.0 would.

        Raises:
            ModelError: two have; which of them goes first is for nobody to say.
        """
        first: dict[tuple[Any, ...], Any] = {}
        for call in calls:
            if call.f != self.insertion or call.outcome == "fail":
                continue
            element = rank(call.argument)
            other = first.setdefault(element[:3], element)
            if other != element:
                raise ModelError(
                    call.invoke_index,
                    f"{shown(call.argument)} is inserted, and elsewhere the same number of another "
                    "type, so that none goes before the other; write numbers in one way",
                )
        return self

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


def rank(value: Any) -> _Order:
    """An element's place in the order of priorities; equal for equal elements only."""
    if not isinstance(value, (list, tuple)):
        return value, -1, 0, (type(value) is float, False)
    priority, item = value
    floats = type(priority) is float, type(item) is float
    return priority, int(isinstance(item, str)), item, floats


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
