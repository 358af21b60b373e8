"""Simple reasons why a register's history is not linearizable.

A search says that there is no order. Often there is a reason that needs no search and fits in a
sentence. Three such, each certain (it alone rules out every linearization), or not reported:

* **unwritten-read**: a read or cas found a value that was not the initial one, and that no
  operation invoked before it completed can have written (failed ones can't have).
* **stale-read**: let L be the last moment at which any operation may have put the value v there
  (its completion; for ever, if one is indeterminate). If another operation, invoked after L, left
  or saw a value other than v, and completed before a read of v was invoked, that read is stale.
* **lost-update**: every successful cas from v to another value ends one period in which the
  register held v. If there are more of them than operations that may have put v there (plus one if
  v is initial), two of them saw the same write, and one's update is lost.

For a few operations they are found by `certain_reason`, for histories in columns by
`_reason_kernels`; either way `unwritten_read`, `stale_read` and `lost_update` tell them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.wording import began, ended, object_name
from splitbrain.checkers.models import Register
from splitbrain.checkers.models.model import frozen, shown

_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Reason:
    """A certain reason.

    Attributes:
        kind: the anomaly's name.
        message: one sentence.
        calls: the operations that make it, in order of invocation.
    """

    kind: str
    message: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class _Access:
    """A call that happened or may have: the value it found and the one it left (if it did so)."""

    call: Call
    found: Hashable | None
    left: Hashable | None
    finds: bool
    leaves: bool

    @property
    def completed(self) -> float:
        return _FOREVER if self.call.completed is None else self.call.completed


def certain_reason(model: Register, key: Any, calls: Sequence[Call]) -> Reason | None:
    """The earliest certain reason that these calls of one key are not linearizable, if any."""
    accesses = [_access(call) for call in calls if call.outcome != "fail"]
    writers: dict[Hashable, _Writers] = {}
    for access in accesses:
        if access.leaves and not (access.finds and access.found == access.left):
            writers.setdefault(access.left, _Writers()).add(access)
    definite = [access for access in accesses if access.call.outcome == "ok"]
    latest = _Latest(definite)
    for access in sorted(definite, key=lambda a: a.completed):
        if not access.finds:
            continue
        writer, last_written = None, -1.0
        if access.found in writers:
            writer, last_written = writers[access.found].begun_before(access.completed)
        if access.found != model.initial and writer is None:
            return unwritten_read(key, access.call, *_attempts(access.call, calls))
        other = latest.before(access.call.invoked, access.found)
        if other is not None and other.call.invoked > last_written:
            return stale_read(key, access.call, other.call, writer)
    return _lost_update(model, key, definite, writers)


class _Writers:
    """The calls that may have put one value there, in order of invocation."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._invocations: list[int] = []
        self._last_completion: list[float] = []  # of all up to each

    def add(self, access: _Access) -> None:
        """Take note of the next one."""
        latest = self._last_completion[-1] if self.calls else -1.0
        self.calls.append(access.call)
        self._invocations.append(access.call.invoked)
        self._last_completion.append(max(latest, access.completed))

    def begun_before(self, position: float) -> tuple[Call | None, float]:
        """The last of those invoked before a position, and the last completion of any of them."""
        number = bisect_left(self._invocations, position)
        if not number:
            return None, -1.0
        return self.calls[number - 1], self._last_completion[number - 1]


def _access(call: Call) -> _Access:
    if call.f == "write":
        return _Access(call, None, frozen(call.argument), False, True)
    if call.f == "cas":
        return _Access(call, frozen(call.argument[0]), frozen(call.argument[1]), True, True)
    return _Access(call, frozen(call.result), None, call.outcome == "ok", False)


def _found(call: Call) -> Any:
    """The value an observer found, as recorded."""
    return call.argument[0] if call.f == "cas" else call.result


def _did(call: Call, key: Any) -> str:
    """What an observer did: ``read key "x" = 1``."""
    verb = "read" if call.f == "read" else f"compared-and-set to {shown(call.argument[1])}"
    return f"{verb} {object_name(key)} = {shown(_found(call))}"


def _attempts(call: Call, calls: Sequence[Call]) -> tuple[Call | None, Call | None]:
    """The first failed operation, and the first other write, of what an observer found."""
    value = frozen(_found(call))
    attempts = [
        other
        for other in calls
        if other is not call and other.f != "read" and _access(other).left == value
    ]
    refused = next((other for other in attempts if other.outcome == "fail"), None)
    late = (other for other in attempts if other.outcome != "fail" and other.f == "write")
    return refused, next(late, None)


def unwritten_read(key: Any, call: Call, refused: Call | None, late: Call | None) -> Reason:
    """The observer found a value that nobody can have written.

    Args:
        key: the key, or None.
        call: the observer.
        refused: the first operation that would have written the value, and failed.
        late: the first write of the value that may have happened.
    """
    why, involved = "but no operation had written that value", [call]
    if refused is not None and refused.invoked < (call.completed or 0):
        why = (
            f"but only process {refused.process} tried to write that value, and its "
            f"{refused.f} failed at {ended(refused)}"
        )
        involved.append(refused)
    elif late is not None:
        why = (
            "but no operation that writes that value had begun; the first, by process "
            f"{late.process}, began at {began(late)}"
        )
        involved.append(late)
    message = f"process {call.process} {_did(call, key)}, completing at {ended(call)}, {why}"
    return Reason("unwritten-read", message, _in_order(involved))


class _Latest:
    """Finds the last invoked operation with another value among those completed by a moment."""

    def __init__(self, definite: Sequence[_Access]) -> None:
        self._ordered = sorted(definite, key=lambda access: access.completed)
        self._completions = [access.completed for access in self._ordered]
        self._best: list[tuple[_Access | None, _Access | None]] = [(None, None)]
        for access in self._ordered:
            self._best.append(_two_latest(*self._best[-1], access))

    def before(self, position: int, value: Hashable) -> _Access | None:
        """The last invoked of those that completed before a position and left another value."""
        first, second = self._best[bisect_left(self._completions, position)]
        return first if first is None or _value_after(first) != value else second


def _two_latest(
    first: _Access | None, second: _Access | None, access: _Access
) -> tuple[_Access | None, _Access | None]:
    """The last invoked of all, and the last invoked of those with another value than it."""
    if first is None or access.call.invoked > first.call.invoked:
        different = first is not None and _value_after(first) != _value_after(access)
        return access, first if different else second
    if _value_after(access) == _value_after(first):
        return first, second
    if second is None or access.call.invoked > second.call.invoked:
        return first, access
    return first, second


def _value_after(access: _Access) -> Hashable | None:
    return access.left if access.leaves else access.found


def stale_read(key: Any, call: Call, between: Call, writer: Call | None) -> Reason:
    """The observer found a value that was certainly gone.

    Args:
        key: the key, or None.
        call: the observer.
        between: an operation with another value, begun when no write of the value was left.
        writer: the last one that began to write the value; None if only the initial value is it.
    """
    value = shown(_found(call))
    if between.f == "read":
        how = (
            f"process {between.process} had read {shown(between.result)}, "
            f"which completed at {ended(between)}"
        )
        message = f"but that had been overwritten: {how}"
    else:
        new = between.argument[1] if between.f == "cas" else between.argument
        what = "cas to" if between.f == "cas" else "write of"
        message = (
            f"but {value} had been overwritten by process {between.process}'s {what} "
            f"{shown(new)}, which completed at {ended(between)}"
        )
    begun = "read" if call.f == "read" else call.f
    involved = [call, between] if writer is None else [writer, call, between]
    return Reason(
        "stale-read",
        f"process {call.process} {_did(call, key)} at {ended(call)}, {message}, before the "
        f"{begun} began",
        _in_order(involved),
    )


def _lost_update(
    model: Register,
    key: Any,
    definite: Sequence[_Access],
    writers: dict[Hashable, _Writers],
) -> Reason | None:
    """More updates from a value than times that it was there."""
    updates: dict[Hashable, list[Call]] = {}
    for access in definite:
        if access.call.f == "cas" and access.found != access.left:
            updates.setdefault(access.found, []).append(access.call)
    for value, calls in updates.items():
        origins = writers[value].calls if value in writers else []
        times = len(origins) + (value == model.initial)
        if len(calls) > times:
            return lost_update(key, calls, origins, times)
    return None


def lost_update(key: Any, updates: Sequence[Call], origins: Sequence[Call], times: int) -> Reason:
    """More updates from a value than times that it was there.

    Args:
        key: the key, or None.
        updates: cas from the value that succeeded.
        origins: operations that may have put it there.
        times: how many they are, plus one if it is the initial value.
    """
    new = ", ".join(f"process {c.process}'s to {shown(c.argument[1])}" for c in updates[:4])
    return Reason(
        "lost-update",
        f"{len(updates)} cas of {object_name(key)} from {shown(updates[0].argument[0])} succeeded "
        f"({new}{', …' if len(updates) > 4 else ''}), but it held that value at most {times} "
        f"time{'' if times == 1 else 's'}, so an update was lost",
        _in_order([*updates, *origins]),
    )


def _in_order(calls: Sequence[Call]) -> tuple[Call, ...]:
    return tuple(sorted(calls, key=lambda call: call.invoked))
