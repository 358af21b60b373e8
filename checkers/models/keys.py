"""Histories over independent keys.

A history over several independent objects is linearizable exactly when each object's part is
(locality: Herlihy and Wing 1990, theorem 1; called P-compositionality by Horn and Kroening, "Faster
linearizability checking via P-compositionality", FORTE 2015). Checking key by key turns one search
over everything into many small ones.

Jepsen's convention (jepsen.independent): every value is ``[key, value]``; a read invokes
``[key, null]``, a cas ``[key, [old, new]]``.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.models.model import Model, ModelError, event_of, frozen, shown

_READS = ("read", "get")


@dataclass(frozen=True, slots=True)
class KeyPart:
    """The part of a history that concerns one key.

    Attributes:
        key: the key as recorded; None for a history without keys.
        calls: its operations in order of invocation, their values without the key.
    """

    key: Any
    calls: list[Call]


def looks_keyed(calls: Sequence[Call]) -> bool:
    """Whether a history is one over keys.

    It is if every operation is invoked with a pair ``[key, value]``, or one reads ``[key, null]``,
    which means nothing without keys. Then every value must be a pair; `split` refuses those that
    aren't.

    A cas must be ``[key, [old, new]]``: otherwise an unkeyed history of nothing but cas
    (``[1, 2]``) would look keyed. An unkeyed history whose values are themselves pairs can't be
    told apart; say ``keyed=False`` for it.
    """
    if any(c.f in _READS and _is_pair(c.argument) and c.argument[1] is None for c in calls):
        return True
    return bool(calls) and all(
        _is_pair(call.argument) and (call.f != "cas" or _is_pair(call.argument[1]))
        for call in calls
    )


def split(calls: Sequence[Call], *, keyed: bool) -> list[KeyPart]:
    """The parts of a history, in order of each key's first invocation.

    Raises:
        ModelError: `keyed`, and a value is not ``[key, value]``, a key can't be compared, or an
            operation completes with another key than it was invoked with.
    """
    if not keyed:
        return [KeyPart(None, list(calls))]
    parts: dict[Hashable, KeyPart] = {}
    for call in calls:
        key, argument = _pair(call.argument, call.invoke_index)
        identity = _identity(key, call.invoke_index)
        result = call.result
        if call.outcome == "ok":
            if result is None:
                if call.f in _READS:
                    raise ModelError(event_of(call), f"an ok {call.f} has no result [key, value]")
            else:
                completed, result = _pair(result, event_of(call))
                if _identity(completed, event_of(call)) != identity:
                    raise ModelError(
                        event_of(call),
                        f"completes with key {shown(completed)} an operation on key {shown(key)}",
                    )
        part = parts.get(identity)
        if part is None:
            part = parts[identity] = KeyPart(key, [])
        part.calls.append(_with_values(call, argument, result))
    return list(parts.values())


def _with_values(call: Call, argument: Any, result: Any) -> Call:
    return Call(
        call.process,
        call.f,
        argument,
        result,
        call.outcome,
        call.invoked,
        call.completed,
        call.start,
        call.end,
        call.invoke_index,
        call.complete_index,
    )


def _is_pair(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2


def _pair(value: Any, index: int) -> tuple[Any, Any]:
    """The key and the value of ``[key, value]``."""
    if not _is_pair(value):
        raise ModelError(
            index,
            f"in a history over keys a value is [key, value], not {shown(value)}; if it is not one "
            "over keys, say so (--not-keyed)",
        )
    return value[0], value[1]


def _identity(key: Any, index: int) -> Hashable:
    """What tells this key from others."""
    try:
        return frozen(key)
    except TypeError:
        raise ModelError(index, f"{key!r} can't be a key: it is not a JSON-like value") from None


def completed(model: Model, call: Call) -> Call:
    """The operation with the value that its two events give it together.

    An operation that is given a value, such as a write, may have it recorded at its invocation, at
    its completion, or at both (`splitbrain.checkers.models.model.TakesValue`, and
    `splitbrain.checkers.models.model.FillsIn` where a completion says more than the value).

    Raises:
        ModelError: two values are recorded that differ.
    """
    if call.outcome != "ok" or call.result is None:
        return call
    filled = getattr(model, "filled", None)  # isinstance of a protocol takes long
    if filled is not None:
        return replace(call, argument=filled(call))
    takes_value = getattr(model, "takes_value", None)
    if takes_value is None:
        return call
    if not takes_value(call.f):
        return call
    if call.argument is None:
        return replace(call, argument=call.result)
    try:
        same = frozen(call.argument) == frozen(call.result)
    except TypeError:
        return call  # the model refuses it
    if not same:
        raise ModelError(
            event_of(call),
            f"{call.f} was invoked with {shown(call.argument)} and completes with "
            f"{shown(call.result)}: record at the completion what was invoked, or null",
        )
    return call
