"""A set: elements are added, removed, looked for and listed.

* ``add e`` puts ``e`` in, ``remove e`` takes it out; both fit every state (adding what is there, or
  removing what is not, changes nothing);
* ``contains e`` gives true or false;
* ``read`` gives all elements as a list in any order, none of them twice.

Jepsen's set workloads have ``add`` and ``read``. A set in which elements may appear late or get
lost is judged more finely by `splitbrain.checkers.collections.full_sets`.
"""

from __future__ import annotations

from collections.abc import Hashable
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

OPERATIONS = ("add", "remove", "contains", "read")


@dataclass(frozen=True, slots=True)
class Set:
    """The set model; see the module. A state is the frozen set of its elements."""

    name: str = "set"
    per_key: bool = False

    @property
    def initial(self) -> State:
        """The empty set."""
        return frozenset()

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        elements: frozenset[Hashable] = state  # type: ignore[assignment]
        if call.f == "add":
            return True, elements | {frozen(call.argument)}
        if call.f == "remove":
            return True, elements - {frozen(call.argument)}
        if call.outcome != "ok":
            return True, state
        if call.f == "contains":
            return (frozen(call.argument) in elements) == call.result, state
        # Lengths first: a search asks this of long reads in states of every size.
        same = len(call.result) == len(elements)
        return same and all(frozen(element) in elements for element in call.result), state

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return f in ("contains", "read")

    def takes_value(self, f: str) -> bool:
        """See `splitbrain.checkers.models.model.TakesValue`."""
        return f in ("add", "remove")

    def unconditional(self, f: str) -> bool:
        """See `splitbrain.checkers.models.model.Unconditional`."""
        return f in ("add", "remove")

    def check(self, call: Call) -> None:
        """See `Model.check`."""
        if call.f not in OPERATIONS:
            raise unknown(self.name, OPERATIONS, call)
        if call.f != "read":
            readable(call.argument, call.invoke_index)
        if call.outcome != "ok":
            return
        if call.f == "contains" and not isinstance(call.result, bool):
            raise ModelError(
                event_of(call), f"contains gives true or false, not {shown(call.result)}"
            )
        if call.f == "read":
            _check_list(call)

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        if call.f == "read":
            return f"read → {shown(call.result)}" if call.outcome == "ok" else "read"
        answer = f" → {shown(call.result)}" if call.f == "contains" and call.outcome == "ok" else ""
        return f"{call.f} {shown(call.argument)}{answer}"


def _check_list(call: Call) -> None:
    """Make sure that a read gave a list of elements, each once."""
    at, result = event_of(call), call.result
    if not isinstance(result, (list, tuple)):
        raise ModelError(at, f"a read of a set gives a list of elements, not {shown(result)}")
    readable(result, at)
    if len({frozen(element) for element in result}) != len(result):
        raise ModelError(at, "a read of a set lists an element twice; a set has each once")


def a_set() -> Set:
    """A set, empty at first."""
    return Set()
