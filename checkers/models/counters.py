"""A counter: ``add n`` adds ``n`` (which may be negative), ``read`` gives the sum.

``fetch-add n`` adds, and gives the sum before; ``add-fetch n`` adds, and gives the sum after.

Jepsen's counter workload. Additions commute, and the state is one number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from splitbrain.checkers.history import Call
from splitbrain.checkers.models.model import ModelError, State, Step, event_of, shown, unknown

OPERATIONS = ("add", "read", "fetch-add", "add-fetch")
ADDITIONS = ("add", "fetch-add")
"""What adds, once `Counter.rephrased` has had its way."""


@dataclass(frozen=True, slots=True)
class Counter:
    """The counter model; see the module.

    Attributes:
        name: ``counter``.
        initial_value: its value before any operation.
    """

    name: str = "counter"
    initial_value: int = 0
    per_key: bool = True

    @property
    def initial(self) -> State:
        """The initial value."""
        return self.initial_value

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        if call.f == "add":
            return True, state + call.argument
        fits = call.outcome != "ok" or state == call.result
        return fits, state if call.f == "read" else state + call.argument

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return f == "read"

    def takes_value(self, f: str) -> bool:
        """See `splitbrain.checkers.models.model.TakesValue`."""
        return f == "add"

    def check(self, call: Call) -> None:
        """See `Model.check`."""
        if call.f not in OPERATIONS:
            raise unknown(self.name, OPERATIONS, call)
        if call.f != "read" and type(call.argument) is not int:
            raise ModelError(
                call.invoke_index,
                f"the value of {call.f} is an integer, not {shown(call.argument)}",
            )
        if call.f != "add" and call.outcome == "ok" and type(call.result) is not int:
            raise ModelError(
                event_of(call),
                f"a {call.f} of a counter gives an integer, not {shown(call.result)}",
            )

    def rephrased(self, call: Call) -> Call:
        """See `splitbrain.checkers.models.model.Rephrasing`: as fetch-add, or as add."""
        if call.f not in ("fetch-add", "add-fetch"):
            return call
        if call.outcome != "ok":
            return replace(call, f="add")
        if call.f == "fetch-add":
            return call
        return replace(call, f="fetch-add", result=call.result - call.argument)

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        if call.f == "add":
            return f"add {call.argument}"
        told = f" → {shown(call.result)}" if call.outcome == "ok" else ""
        return f"read{told}" if call.f == "read" else f"{call.f} {call.argument}{told}"


def counter(*, initial: int = 0) -> Counter:
    """A counter with the given initial value.

    Raises:
        ValueError: `initial` is no integer.
    """
    if type(initial) is not int:
        raise ValueError(f"initial is {initial!r}: give an integer")
    return Counter(initial_value=initial)
