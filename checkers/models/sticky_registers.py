"""Sticky registers: a value that is written once, by whoever comes first.

Plotkin, "Sticky Bits and Universality of Consensus", PODC 1989: an object as strong as consensus,
and as compare-and-set (Herlihy, "Wait-Free Synchronization", TOPLAS 13(1), 1991). A name that
users claim is one (Kleppmann, *Designing Data-Intensive Applications*, chapter 9, "Constraints and
uniqueness guarantees").

* ``claim v`` gives the value from then on: v if there was none before, else the one there was;
* ``read`` gives the value, or null.
"""

from __future__ import annotations

from dataclasses import dataclass

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

OPERATIONS = ("claim", "read")


@dataclass(frozen=True, slots=True)
class StickyRegister:
    """The sticky register model; see the module. Its state is the value, or None."""

    name: str = "sticky-register"
    per_key: bool = True

    @property
    def initial(self) -> State:
        """Nobody has claimed it."""
        return None

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        after = frozen(call.argument) if call.f == "claim" and state is None else state
        return call.outcome != "ok" or after == frozen(call.result), after

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return f == "read"

    def check(self, call: Call) -> None:
        """See `Model.check`. Null is no value to claim."""
        if call.f not in OPERATIONS:
            raise unknown(self.name, OPERATIONS, call)
        if call.f == "claim":
            readable(call.argument, call.invoke_index)
            if call.argument is None or (call.outcome == "ok" and call.result is None):
                said = f"claim gives who has it, not {shown(call.result)}; it is claimed by a value"
                raise ModelError(event_of(call), said)
        readable(call.result, event_of(call))

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        told = f" → {shown(call.result)}" if call.outcome == "ok" else ""
        return f"claim {shown(call.argument)}{told}" if call.f == "claim" else f"read{told}"


def sticky_register() -> StickyRegister:
    """A sticky register that nobody has claimed."""
    return StickyRegister()
