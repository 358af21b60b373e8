"""Registers: one value that is read, written, and compared-and-set.

The object of nearly all of Jepsen's linearizability tests (knossos.model ``register`` and
``cas-register``). Both names are the same model here, for files called "register" do contain cas.

* ``write v`` fits every state and leaves ``v``;
* ``read`` gives the state;
* ``cas [old, new]`` needs the state to be ``old`` and leaves ``new``;
* ``swap v`` leaves ``v`` and gives the state before (get-and-set). One that is acknowledged is
  judged as the cas that it is, from what it gave to ``v``; an indeterminate one as a write.

A cas that did not match is recorded as a failure, hence never happened: as in Jepsen, it says
nothing of the state it met.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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

OPERATIONS = ("read", "write", "cas", "swap")


@dataclass(frozen=True, slots=True)
class Register:
    """The register model; see the module.

    Attributes:
        name: ``register`` or ``cas-register``.
        initial_value: its value before any operation.
    """

    name: str = "cas-register"
    initial_value: Any = None
    per_key: bool = True

    @property
    def initial(self) -> State:
        """The initial value, hashable."""
        return frozen(self.initial_value)

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        if call.f == "write":
            return True, frozen(call.argument)
        if call.f == "cas":
            return state == frozen(call.argument[0]), frozen(call.argument[1])
        return call.outcome != "ok" or state == frozen(call.result), state

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return f == "read"

    def takes_value(self, f: str) -> bool:
        """See `splitbrain.checkers.models.model.TakesValue`."""
        return f in ("write", "cas")

    def overwrites(self, f: str) -> bool:
        """See `splitbrain.checkers.models.model.Overwriting`."""
        return f == "write"

    def check(self, call: Call) -> None:
        """See `Model.check`. A read of null is a read: null is the usual initial value."""
        if call.f not in OPERATIONS:
            raise unknown(self.name, OPERATIONS, call)
        if call.f == "cas":
            argument = call.argument
            if not isinstance(argument, (list, tuple)) or len(argument) != 2:
                raise ModelError(
                    call.invoke_index, f"the value of cas is [old, new], not {shown(argument)}"
                )
        if call.f != "read":
            readable(call.argument, call.invoke_index)
        if call.f in ("read", "swap"):
            readable(call.result, event_of(call))

    def rephrased(self, call: Call) -> Call:
        """See `splitbrain.checkers.models.model.Rephrasing`."""
        return cas_of_swap(call, "write") if call.f == "swap" else call

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        if call.f == "write":
            return f"write {shown(call.argument)}"
        if call.f == "cas":
            return f"cas {shown(call.argument[0])} → {shown(call.argument[1])}"
        return f"read → {shown(call.result)}" if call.outcome == "ok" else "read"


def cas_of_swap(call: Call, blind: str) -> Call:
    """A swap as the cas that it is, or as the write it is if nobody was told what it found.

    Args:
        call: the swap.
        blind: the operation that writes and says nothing.
    """
    if call.outcome != "ok":
        return replace(call, f=blind)
    return replace(call, f="cas", argument=[call.result, call.argument], result=None)


def register(*, initial: Any = None) -> Register:
    """A register with the given initial value."""
    return Register("register", initial)


def cas_register(*, initial: Any = None) -> Register:
    """A register with compare-and-set."""
    return Register("cas-register", initial)
