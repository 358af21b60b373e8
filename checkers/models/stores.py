"""A key-value store of strings: get, put, append, cas and delete.

The object of MIT 6.5840's labs and of Porcupine's examples (get, put, append), with cas and delete
as etcd and Consul have them. Keys are independent, so a history is judged key by key; the state is
one key's string, or null while the key is absent.

* ``get`` gives the string; ``put s`` leaves ``s``; ``delete`` leaves null;
* ``append s`` leaves the old string followed by ``s`` (an absent key counts as empty);
* ``cas [old, new]`` needs the state to be ``old``; either may be null (absent);
* ``swap s`` is a put that gives the string before, null if there was none; it is judged as a cas,
  as that of `splitbrain.checkers.models.registers` is.

*Absent or empty.* Some stores (and Porcupine's recorded logs) answer the empty string for a key
that is absent. ``absent="auto"`` takes a history to be of that kind when some ok get gave "", none
gave null, and nobody wrote ""; say ``absent=None`` or ``absent=""`` to decide it yourself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from splitbrain.checkers.history import Call
from splitbrain.checkers.models.model import ModelError, State, Step, event_of, shown
from splitbrain.checkers.models.registers import cas_of_swap

OPERATIONS = ("get", "put", "append", "cas", "delete", "swap")


@dataclass(frozen=True, slots=True)
class KeyValue:
    """The key-value model, of one key; see the module.

    Attributes:
        name: ``kv``.
        absent: what a get of an absent key gives: None, ``""``, or ``"auto"`` to find out.
    """

    name: str = "kv"
    absent: str | None = "auto"
    per_key: bool = True

    @property
    def initial(self) -> State:
        """The state of an absent key."""
        return "" if self.absent == "" else None

    def adapted(self, calls: Sequence[Call]) -> KeyValue:
        """The dialect in which these operations are written; see the module."""
        if self.absent != "auto":
            return self
        answers = [c.result for c in calls if c.f in ("get", "swap") and c.outcome == "ok"]
        written = [value for call in calls for value in _written(call)]
        empty = "" in answers and None not in answers and "" not in written
        return replace(self, absent="" if empty else None)

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        f, argument = call.f, call.argument
        if f == "get":
            return call.outcome != "ok" or state == call.result, state
        if f == "put":
            return True, argument
        if f == "append":
            return True, f"{state or ''}{argument}"
        if f == "delete":
            return True, self.initial
        old, new = (self.initial if value is None else value for value in argument)
        return state == old, new

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return f == "get"

    def takes_value(self, f: str) -> bool:
        """See `splitbrain.checkers.models.model.TakesValue`."""
        return f in ("put", "append", "cas")

    def overwrites(self, f: str) -> bool:
        """See `splitbrain.checkers.models.model.Overwriting`."""
        return f in ("put", "delete")

    def unconditional(self, f: str) -> bool:
        """See `splitbrain.checkers.models.model.Unconditional`."""
        return f == "append"

    def check(self, call: Call) -> None:
        """See `Model.check`."""
        f, argument = call.f, call.argument
        if f not in OPERATIONS:
            raise ModelError(
                call.invoke_index,
                f"a kv store knows get, put, append, cas, delete and swap, not {shown(f)}; choose "
                "another model or record only operations of this one",
            )
        if f in ("put", "append", "swap") and not isinstance(argument, str):
            raise ModelError(
                call.invoke_index, f"the value of {f} is a string, not {shown(argument)}"
            )
        if f == "cas" and not _is_cas(argument):
            raise ModelError(
                call.invoke_index,
                f"the value of cas is [old, new], strings or null, not {shown(argument)}",
            )
        gives = f in ("get", "swap") and call.outcome == "ok"
        if gives and not isinstance(call.result, (str, type(None))):
            raise ModelError(
                event_of(call), f"a {f} gives a string or null, not {shown(call.result)}"
            )

    def rephrased(self, call: Call) -> Call:
        """See `splitbrain.checkers.models.model.Rephrasing`."""
        return cas_of_swap(call, "put") if call.f == "swap" else call

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        if call.f == "get":
            return f"get → {shown(call.result)}" if call.outcome == "ok" else "get"
        if call.f == "cas":
            return f"cas {shown(call.argument[0])} → {shown(call.argument[1])}"
        return "delete" if call.f == "delete" else f"{call.f} {shown(call.argument)}"


def _written(call: Call) -> tuple[object, ...]:
    """The string that the operation would write as it stands, if any."""
    if call.f in ("put", "append", "swap"):
        return (call.argument,)
    return (call.argument[1],) if call.f == "cas" else ()


def _is_cas(argument: object) -> bool:
    """Whether this is a pair of strings or nulls."""
    return (
        isinstance(argument, (list, tuple))
        and len(argument) == 2
        and all(isinstance(value, (str, type(None))) for value in argument)
    )


def kv(*, absent: str | None = "auto") -> KeyValue:
    """A key-value store; `absent` is what a get of an absent key gives.

    Raises:
        ValueError: `absent` is none of None, "" and "auto".
    """
    if absent not in (None, "", "auto"):
        raise ValueError(f'absent is {absent!r}: give None, "" or "auto"')
    return KeyValue(absent=absent)
