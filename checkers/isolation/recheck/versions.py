"""Values that come with their versions, taken apart for code that re-checks verdicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from splitbrain.checkers.history import Call

_FIELD = "version_field="


def version_field(assumptions: Collection[str]) -> str | None:
    """The field of values in which their versions are; None if there is none."""
    named = [name for name in assumptions if name.startswith(_FIELD)]
    return named[0].removeprefix(_FIELD) if named else None


def without_versions(
    call: Call, field: str | None, versions: dict[tuple[Any, Any], set[int]]
) -> Call:
    """A transaction with plain values.

    Args:
        call: with values ``[version, value]``, or objects with a field ``value``.
        field: where the version is in an object; None for pairs.
        versions: takes by key and value what the version was said to be.
    """

    def plain(micros: Any) -> Any:
        found = []
        for function, key, value in micros or ():
            number = None
            if field is None and isinstance(value, list) and len(value) == 2:
                number, value = value
            elif field is not None and isinstance(value, Mapping):
                number, value = value.get(field), value.get("value")
            if type(number) is int and value is not None:
                versions.setdefault((key, value), set()).add(number)
            found.append([function, key, value])
        return found

    return replace(call, argument=plain(call.argument), result=plain(call.result))
