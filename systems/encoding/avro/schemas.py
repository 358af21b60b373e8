"""Schemas, with names resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")

NO_DEFAULT = object()
"""In place of a default that there isn't; None is one."""


@dataclass(frozen=True, slots=True)
class Primitive:
    """A type without parts; `type` is one of `PRIMITIVES`."""

    type: str


@dataclass(frozen=True, slots=True)
class Array:
    """A list of items."""

    items: Schema


@dataclass(frozen=True, slots=True)
class Map:
    """A dictionary whose keys are text."""

    values: Schema


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types."""

    branches: tuple[Schema, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """So many bytes. Names and aliases are full ones, with their namespace."""

    name: str
    size: int
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Enum:
    """One of several symbols; the default stands for symbols that a reader doesn't know."""

    name: str
    symbols: tuple[str, ...]
    default: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record; `default` is JSON, or `NO_DEFAULT`."""

    name: str
    schema: Schema
    default: Any = NO_DEFAULT
    aliases: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class Record:
    """Named fields in order. It may contain itself, so its fields come after it."""

    name: str
    aliases: tuple[str, ...] = ()
    fields: list[Field] = field(default_factory=list)


Schema = Primitive | Array | Map | Union | Fixed | Enum | Record
Named = Fixed | Enum | Record


def kind(schema: Schema) -> str:
    """What a schema is, in a word: a primitive's type, or ``record``, ``array``, ..."""
    return schema.type if isinstance(schema, Primitive) else type(schema).__name__.lower()
