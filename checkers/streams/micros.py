"""The operations of a partitioned log, as histories have them; see `partitioned_logs`.

Both the checker and the code that checks its verdicts again read operations by this module.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.models.model import ModelError, shown

SEND, POLL, TXN = "send", "poll", "txn"
ASSIGN, SUBSCRIBE, DRAIN = "assign", "subscribe", "drain"

BEGINNING = -1
"""Where a reader is that was assigned a log and was given nothing of it: offsets begin at 0."""

Key = Hashable
Record = tuple[int, Any]
"""An offset, and the value there."""


def sent(call: Call) -> Iterator[tuple[Key, Any]]:
    """The key and value of each send that an operation was to do."""
    for micro in _micros(call, call.argument):
        if micro[0] == SEND:
            if len(micro) != 3:
                raise _wrong(call, micro)
            yield _plain(call, micro[1]), _plain(call, micro[2])


def done(call: Call) -> list[tuple[str, Key, list[Any]]]:
    """What an operation that succeeded did, in order: ``send`` or ``poll``, a key, and records
    ``[offset, value]``; the offset of a send is None where it is not known. Records of polls are
    as they were found: `record` says whether one is one.

    Raises:
        ModelError: the result is none of such an operation.
    """
    result = call.result
    match result:
        case [["poll", given]]:  # nearly all there is in a long history
            return [(POLL, *each) for each in polled(call, given)]
    steps: list[tuple[str, Key, list[Any]]] = []
    for micro in _micros(call, result):
        if micro[0] == SEND:
            if len(micro) != 3:
                raise _wrong(call, micro)
            told = micro[2]
            steps.append((SEND, micro[1], [told if isinstance(told, list) else [None, told]]))
        elif len(micro) > 1:
            steps += [(POLL, key, records) for key, records in polled(call, micro[1])]
    return steps


def polled(call: Call, result: Any) -> list[tuple[Key, list[Any]]]:
    """Records by key, as a poll or a drain gave them, and as they were found."""
    if type(result) is not dict and not isinstance(result, Mapping):  # the former is quick
        raise _wrong(call, result)
    for records in result.values():
        if type(records) is not list:
            raise _wrong(call, records)
    return list(result.items())


def record(call: Call, found: Any) -> Record:
    """A record that a poll or a drain gave.

    Raises:
        ModelError: it is none.
    """
    if type(found) is not list or len(found) != 2 or type(found[0]) is not int:
        raise _wrong(call, found)
    return found[0], _plain(call, found[1])


def _micros(call: Call, value: Any) -> list[Any]:
    if type(value) is not list:
        raise _wrong(call, value)
    for micro in value:
        if type(micro) is not list or not micro or micro[0] not in (SEND, POLL):
            raise _wrong(call, value)
    return value


def _plain(call: Call, value: Any) -> Hashable:
    if type(value) is not int and type(value) is not str:
        raise ModelError(
            call.invoke_index, f"{shown(value)} is no key or value: give whole numbers or text"
        )
    return value


def _wrong(call: Call, value: Any) -> ModelError:
    return ModelError(
        call.invoke_index,
        f'{call.f} with {shown(value)}: give a list of ["send", key, value], which becomes '
        '["send", key, [offset, value]], and ["poll"], which becomes ["poll", {key: '
        "[[offset, value], ...]}]; a drain gives {key: [[offset, value], ...]}",
    )
