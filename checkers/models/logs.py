"""A log: entries are appended, get offsets 0, 1, 2, ... and never change.

The object of CORFU, of Kafka's partitions and of the replicated log itself.

* ``append v`` puts ``v`` at the next offset. Its result is ``[offset, v]``, or ``v`` or null from a
  system that doesn't tell offsets;
* ``read i`` gives the entry at offset ``i``, null if there is none yet (so null can't be an entry);
* ``read`` (null) gives all entries as a list;
* ``length`` gives the number of entries.
"""

from __future__ import annotations

from collections.abc import Hashable
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

OPERATIONS = ("append", "read", "length")


@dataclass(frozen=True, slots=True)
class Log:
    """The log model; see the module. A state is its entries."""

    name: str = "log"
    per_key: bool = False

    @property
    def initial(self) -> State:
        """No entries."""
        return ()

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        entries: tuple[Hashable, ...] = state  # type: ignore[assignment]
        if call.f == "append":
            offset = offset_of(call)
            fits = offset is None or offset == len(entries)
            return fits, (*entries, frozen(call.argument))
        if call.outcome != "ok":
            return True, state
        if call.f == "length":
            return call.result == len(entries), state
        if call.argument is None:
            listed = tuple(frozen(entry) for entry in call.result)
            return listed == entries, state
        there = entries[call.argument] if call.argument < len(entries) else None
        return there == frozen(call.result), state

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return f in ("read", "length")

    def filled(self, call: Call) -> Any:
        """See `splitbrain.checkers.models.model.FillsIn`."""
        if call.f != "append" or call.argument is not None:
            return call.argument
        return call.result[1] if _is_told(call.result) else call.result

    def check(self, call: Call) -> None:
        """See `Model.check`."""
        if call.f not in OPERATIONS:
            raise unknown(self.name, OPERATIONS, call)
        if call.f == "append":
            _check_append(call)
            return
        if call.f == "read" and call.argument is not None and not _is_offset(call.argument):
            raise ModelError(
                call.invoke_index,
                f"the value of read is an offset (0, 1, ...) or null, not {shown(call.argument)}",
            )
        if call.outcome != "ok":
            return
        readable(call.result, event_of(call))
        if call.f == "length" and not _is_offset(call.result):
            raise ModelError(
                event_of(call), f"length gives a number of entries, not {shown(call.result)}"
            )
        whole = call.f == "read" and call.argument is None
        if whole and not isinstance(call.result, (list, tuple)):
            raise ModelError(
                event_of(call), f"a read of the whole log gives a list, not {shown(call.result)}"
            )

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        if call.f == "append":
            offset = offset_of(call)
            return f"append {shown(call.argument)}" + ("" if offset is None else f" at {offset}")
        asked = "" if call.argument is None or call.f == "length" else f" {call.argument}"
        answer = f" → {shown(call.result)}" if call.outcome == "ok" else ""
        return f"{call.f}{asked}{answer}"


def offset_of(call: Call) -> int | None:
    """The offset that an append was told, if any."""
    if call.outcome != "ok" or call.result is None:
        return None
    if frozen(call.result) == frozen(call.argument):
        return None
    offset: int = call.result[0]
    return offset


def _check_append(call: Call) -> None:
    readable(call.argument, call.invoke_index)
    if call.argument is None:
        raise ModelError(
            call.invoke_index, "append null: null can't be an entry, since it means none"
        )
    if call.outcome != "ok" or call.result is None:
        return
    readable(call.result, event_of(call))
    argument, result = frozen(call.argument), call.result
    if frozen(result) == argument:
        return
    if not _is_told(result) or frozen(result[1]) != argument:
        raise ModelError(
            event_of(call),
            f"an append of {shown(call.argument)} gives [offset, {shown(call.argument)}], "
            f"{shown(call.argument)} or null, not {shown(result)}",
        )


def _is_told(result: Any) -> bool:
    """Whether a result is an offset and something."""
    return isinstance(result, (list, tuple)) and len(result) == 2 and _is_offset(result[0])


def _is_offset(value: Any) -> bool:
    return type(value) is int and value >= 0


def log() -> Log:
    """A log without entries."""
    return Log()
