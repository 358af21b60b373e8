"""Operations of a transaction, as clients send them and engines do them.

    ("read", key)                the key's value; None if it is absent
    ("scan", prefix)             ((key, value), ...) of all present keys that begin so, sorted
    ("write", key, value)        set it
    ("append", key, element)     add an element at the end of a list; an absent key counts as empty
    ("delete", key)              make it absent

Keys are strings; values are numbers, strings, booleans, None (absent) and tuples of them. A prefix
is the one kind of predicate here: it covers keys that do not exist yet, which is what phantoms are
made of (DDIA chapter 7, "Phantoms causing write skew").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Operation = tuple[Any, ...]
Value = Any
Rows = tuple[tuple[str, Value], ...]

_ARGUMENTS = {"read": 1, "scan": 1, "write": 2, "append": 2, "delete": 1}

READS = ("read", "scan")


def problem(operation: Operation) -> str | None:
    """Why this is no operation; None if it is one."""
    match operation:
        case (str(f), str(), *rest) if _ARGUMENTS.get(f) == 1 + len(rest):
            return None
    return f"{operation!r} is no operation: give {', '.join(_ARGUMENTS)} with a key as string"


def changed(operation: Operation, value: Value) -> Value:
    """What a key's value becomes by a write, append or delete."""
    match operation:
        case ("write", _, new):
            return new
        case ("append", _, element):
            return (*(value or ()), element)
        case ("delete", _):
            return None
    raise AssertionError(f"{operation!r} changes nothing")


def rows(values: Mapping[str, Value], prefix: str) -> Rows:
    """The present keys that begin with `prefix`, with their values, sorted."""
    found = (key for key, value in values.items() if key.startswith(prefix) and value is not None)
    return tuple((key, values[key]) for key in sorted(found))


def keys_with(keys: Iterable[str], prefix: str) -> list[str]:
    """Those keys that begin with `prefix`, each once, sorted."""
    return sorted({key for key in keys if key.startswith(prefix)})
