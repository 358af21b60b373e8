"""What the map of an operation in EDN means: where a keyword is a name, and where it is a value.

``:type``, ``:process``, ``:f`` and ``:error`` hold names, and so do micro-operations of
transactions in first place (``[:append :x 1]``); there ``:read`` is ``read``. Whatever else
``:value`` holds is a value: there ``:x`` is not ``"x"``.
"""

from __future__ import annotations

from typing import Any

from splitbrain.checkers.history.formats.edn_parser import name_of

_NAMED = ("type", "process", "f")
_MICRO_OPERATIONS = frozenset((":r", ":w", ":append", ":read", ":write", ":rp"))


def operation_of(record: Any) -> Any:
    """The fields of an operation, from the map that `edn_parser` made of it.

    Other things are given back as they are: the reader says what is wrong with them.
    """
    if type(record) is not dict:
        return record
    for field in _NAMED:
        if type(content := record.get(field)) is str:
            record[field] = name_of(content)
    if (error := record.get("error")) is not None:
        record["error"] = _named(error)
    if type(value := record.get("value")) is list:
        _name_micro_operations(value)
        if len(value) == 2 and type(value[1]) is list:  # [key, transaction]
            _name_micro_operations(value[1])
    return record


def _name_micro_operations(value: list[Any]) -> None:
    """Say what each micro-operation of a transaction does by its name; in place."""
    for micro in value:
        if type(micro) is list and len(micro) in (2, 3) and type(micro[0]) is str:
            if micro[0] in _MICRO_OPERATIONS:
                micro[0] = name_of(micro[0])
            if micro[0] == "rp":
                micro[1] = _predicate(micro[1])


def _predicate(value: Any) -> Any:
    """A predicate, ``:all`` or ``[:mod 10 0]``, with its name as such."""
    if type(value) is list and value and type(value[0]) is str:
        return [name_of(value[0]), *value[1:]]
    return name_of(value) if type(value) is str else value


def _named(error: Any) -> Any:
    """An error, whose keywords and symbols are names: ``[:no-client "refused"]``."""
    if type(error) is str:
        return name_of(error)
    return [_named(part) for part in error] if type(error) is list else error
