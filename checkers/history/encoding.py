"""The canonical line: the one JSON text of an operation.

Fields in the order index, time, type, process, f, value and, if there is one, error; keys of
objects in values sorted; no spaces; UTF-8; a newline at the end. Equal operations give equal
bytes, so that histories can be compared and hashed as text.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from splitbrain.checkers.history.operation import Operation, Process


class _Line(msgspec.Struct, omit_defaults=True):
    index: int
    time: int
    type: str
    process: Process
    f: str
    value: Any
    error: str | None = None


_PLAIN = frozenset((type(None), bool, int, str))
_NOT_JSON = (
    "which JSON cannot hold; record strings, finite numbers, booleans, null, lists or objects"
)

_encoder = msgspec.json.Encoder(order="deterministic")


def encode_line(operation: Operation) -> bytes:
    """The canonical line of an operation, with its newline.

    Tuples are written as lists.

    Raises:
        TypeError: the value is nothing that JSON can hold and give back; the message names the
            place within it.
    """
    try:
        misfit = _misfit(operation.value)
        if misfit is not None:
            raise TypeError(f"value{misfit[0]} {misfit[1]}")
        line = _Line(
            operation.index,
            operation.time,
            operation.type,
            operation.process,
            operation.f,
            operation.value,
            operation.error,
        )
        return _encoder.encode(line) + b"\n"
    except RecursionError:
        problem = "its value is nested too deeply; record something flatter"
    except UnicodeEncodeError:
        problem = "a string has half of a surrogate pair, which is no text; record it escaped"
    except TypeError as error:
        problem = str(error)
    raise TypeError(f"operation {operation.index}: {problem}")


def as_read_back(operation: Operation) -> Any:
    """The value of an operation as it will be read from its line.

    Tuples become lists, keys are in order, and nothing is shared that could change.

    Raises:
        TypeError: as `encode_line`.
    """
    value = operation.value
    if operation.f.isascii() and (operation.error is None or operation.error.isascii()):
        try:
            return _read_back(value)
        except (_NotSoSimpleError, RecursionError):
            pass  # what cannot be written at all is told there
    line = encode_line(operation)
    return msgspec.json.decode(line)["value"] if isinstance(value, list | tuple | dict) else value


class _NotSoSimpleError(Exception):
    """A value of which JSON has to be made to see how it is read."""


_EXACT = 1 << 53


def _read_back(value: Any) -> Any:
    """What becomes of small numbers, plain words, and lists and objects of them, as most values
    are: writing and reading them takes several times as long."""
    kind = type(value)
    if kind is int:
        if -_EXACT < value < _EXACT:
            return value
    elif kind is list or kind is tuple:
        return [None if each is None else _read_back(each) for each in value]
    elif value is None or kind is bool:
        return value
    elif kind is str:
        if value.isascii():
            return value
    elif kind is dict and all(type(key) is str and key.isascii() for key in value):
        return {key: _read_back(value[key]) for key in sorted(value)}
    raise _NotSoSimpleError


def _misfit(value: object) -> tuple[str, str] | None:
    """Where in a value something is that JSON cannot hold, and what; ``None`` if all is well."""
    kind = type(value)
    if kind in _PLAIN:
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else ("", f"is {value}, {_NOT_JSON}")
    if isinstance(value, list | tuple):
        for position, element in enumerate(value):
            # Most elements are plain; a call for each would take most of the time.
            if type(element) not in _PLAIN and (misfit := _misfit(element)):
                return f"[{position}]{misfit[0]}", misfit[1]
        return None
    if isinstance(value, dict):
        for key, element in value.items():
            if type(key) is not str:
                return "", (
                    f"has the key {key!r} of type {type(key).__name__}, but JSON's keys are "
                    "strings; record a list of pairs, or make the keys strings"
                )
            if misfit := _misfit(element):
                return f"[{key!r}]{misfit[0]}", misfit[1]
        return None
    return "", f"is of type {kind.__name__}, {_NOT_JSON}"
