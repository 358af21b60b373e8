"""Versions: a total order of all writes of a key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Version(NamedTuple):
    """Which write a value is from. Versions are compared field by field; no two writes share one.

    Attributes:
        counter: one more than the greatest that a majority knew when the write began.
        coordinator: the server that did the write; tells apart writes that began at once.
        life: how often that server had started then; what it counted in memory, a crash erases.
    """

    counter: int
    coordinator: str
    life: int


NEVER = Version(0, "", 0)
"""The version of what was never written."""


class Cell(NamedTuple):
    """What a replica holds under a key: ``(kind, key)`` with kind `REGISTER` or `ELEMENT`."""

    kind: str
    key: Any
    version: Version
    value: Any


REGISTER = "register"
ELEMENT = "element"

ADDED = Version(1, "", 0)
"""The version of every element of the set: it is written once, with the same value by everybody."""


def newest(cells: Iterable[Cell]) -> dict[tuple[str, Any], Cell]:
    """By kind and key, the cell with the greatest version."""
    best: dict[tuple[str, Any], Cell] = {}
    for cell in cells:
        place = cell.kind, cell.key
        if place not in best or best[place].version < cell.version:
            best[place] = cell
    return best


def cell(raw: Iterable[Any]) -> Cell:
    """A cell from a message or a record, where it is a plain tuple."""
    kind, key, version, value = raw
    return Cell(kind, key, Version(*version), value)
