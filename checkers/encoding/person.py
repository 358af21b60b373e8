"""The record whose versions are read and written: who has which field, and what stands for one.

field    1   2   3          symbols of kind
number   x   x   x          1, 2: home, work
...                         3: home, work, other (which the others read as home)
fax      x   .   .
phone    .   x   x
city     .   .   x
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

VERSIONS = (1, 2, 3)


class Field(NamedTuple):
    """A field, the first and the last version that have it, and what others read in its place."""

    name: str
    first: int = 1
    last: int = 3
    default: Any = None


FIELDS = (
    Field("number"),
    Field("name"),
    Field("email"),
    Field("score"),
    Field("kind"),
    Field("tags"),
    Field("note"),
    Field("fax", last=1, default=""),
    Field("phone", first=2, default=""),
    Field("city", first=3, default="nowhere"),
)

NOTE = "note"
"""The field that edits change."""

SYMBOLS = {1: ("home", "work"), 2: ("home", "work"), 3: ("home", "work", "other")}
"""By version, what kind may be; the first stands for those that a version doesn't know."""


def names(version: int) -> tuple[str, ...]:
    """The fields that a version has."""
    return tuple(field.name for field in FIELDS if field.first <= version <= field.last)


def is_whole(record: Mapping[str, Any]) -> bool:
    """Whether a record has all fields, and a number."""
    return isinstance(record.get("number"), int) and all(f.name in record for f in FIELDS)


def seen(record: Mapping[str, Any], writer: int, reader: int) -> dict[str, Any]:
    """What code of one version sees of a record that code of another version wrote.

    Args:
        record: all fields, as they were to be written.
        writer: the version that wrote it.
        reader: the version that reads it.
    """
    written = names(writer)
    found = {
        field.name: record[field.name] if field.name in written else field.default
        for field in FIELDS
        if field.first <= reader <= field.last
    }
    if found["kind"] not in SYMBOLS[reader]:
        found["kind"] = SYMBOLS[reader][0]
    return found
