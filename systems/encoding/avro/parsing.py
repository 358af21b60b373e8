"""Schemas from JSON: checked, with names resolved (specification, "Schema Declaration")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from splitbrain.systems.encoding.avro.schemas import (
    NO_DEFAULT,
    PRIMITIVES,
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    Schema,
    Union,
    kind,
)
from splitbrain.systems.encoding.avro.writing import DEEPEST, value_of_default
from splitbrain.systems.encoding.errors import SchemaError, told

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def parse(source: Any) -> Schema:
    """The schema that JSON (as Python has it) says.

    Raises:
        SchemaError: it is none; the message has the path to what is wrong.
    """
    return _Parser().schema(source, "")


class _Parser:
    """Keeps the named types that were defined so far, by full name, and how deep it is in them."""

    def __init__(self) -> None:
        self.known: dict[str, Named] = {}
        self.depth = 0

    def schema(self, source: Any, namespace: str) -> Schema:
        if self.depth > DEEPEST:
            raise SchemaError(f"more than {DEEPEST} types are within each other")
        self.depth += 1
        try:
            return self._schema(source, namespace)
        finally:
            self.depth -= 1

    def _schema(self, source: Any, namespace: str) -> Schema:
        if isinstance(source, str):
            return self._reference(source, namespace)
        if isinstance(source, list | tuple):
            return self._union(source, namespace)
        if not isinstance(source, Mapping) or "type" not in source:
            raise SchemaError(f"{told(source)} is no schema")
        type = source["type"]
        match type:
            case "record" | "error":
                return self._record(source, namespace)
            case "enum":
                return self._enum(source, namespace)
            case "fixed":
                return self._fixed(source, namespace)
            case "array":
                return Array(self._part(source, "items", namespace))
            case "map":
                return Map(self._part(source, "values", namespace))
        return self._part(source, "type", namespace)

    def _part(self, source: Mapping[str, Any], name: str, namespace: str) -> Schema:
        if name not in source:
            raise SchemaError(f"it has no {name!r}")
        try:
            return self.schema(source[name], namespace)
        except SchemaError as error:
            raise error.inside(f".{name}") from None

    def _reference(self, name: str, namespace: str) -> Schema:
        if name in PRIMITIVES:
            return Primitive(name)
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        if full not in self.known:
            raise SchemaError(f"there is no type {told(name)}")
        return self.known[full]

    def _union(self, source: list[Any] | tuple[Any, ...], namespace: str) -> Union:
        branches: list[Schema] = []
        kinds: set[str] = set()
        for position, part in enumerate(source):
            try:
                branch = self.schema(part, namespace)
            except SchemaError as error:
                raise error.inside(f"[{position}]") from None
            if isinstance(branch, Union):
                raise SchemaError("a union may not contain a union", f"[{position}]")
            what = branch.name if isinstance(branch, Named) else kind(branch)
            if what in kinds:
                raise SchemaError(f"the union has {what} twice", f"[{position}]")
            kinds.add(what)
            branches.append(branch)
        if not branches:
            raise SchemaError("the union is empty")
        return Union(tuple(branches))

    def _named(self, source: Mapping[str, Any], namespace: str) -> tuple[str, str, tuple[str, ...]]:
        """Full name, namespace of what is inside, full aliases."""
        name = source.get("name")
        if not isinstance(name, str) or not _is_full_name(name):
            raise SchemaError(f"{told(name)} is no name")
        if "." in name:
            space = name.rpartition(".")[0]
        else:
            space = source.get("namespace", namespace) or ""
            if not isinstance(space, str) or (space and not _is_full_name(space)):
                raise SchemaError(f"{told(space)} is no namespace")
            name = f"{space}.{name}" if space else name
        if name in self.known or name in PRIMITIVES:
            raise SchemaError(f"there is a type {name} already")
        aliases = _names(source, "aliases")
        return name, space, tuple(a if "." in a or not space else f"{space}.{a}" for a in aliases)

    def _fixed(self, source: Mapping[str, Any], namespace: str) -> Fixed:
        name, _, aliases = self._named(source, namespace)
        size = source.get("size")
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise SchemaError(f"{told(size)} is no size")
        made = self.known[name] = Fixed(name, size, aliases)
        return made

    def _enum(self, source: Mapping[str, Any], namespace: str) -> Enum:
        name, _, aliases = self._named(source, namespace)
        symbols = _names(source, "symbols")
        if dotted := [symbol for symbol in symbols if "." in symbol]:
            raise SchemaError(f"{told(dotted[0])} is no name", ".symbols")
        if len(set(symbols)) < len(symbols):
            raise SchemaError("a symbol is there twice", ".symbols")
        default = source.get("default")
        if default is not None and default not in symbols:
            raise SchemaError(f"{told(default)} is no symbol of it", ".default")
        made = self.known[name] = Enum(name, symbols, default, aliases)
        return made

    def _record(self, source: Mapping[str, Any], namespace: str) -> Record:
        name, space, aliases = self._named(source, namespace)
        made = Record(name, aliases)
        self.known[name] = made
        fields = source.get("fields")
        if not isinstance(fields, list | tuple):
            raise SchemaError(f"{told(fields)} is no list of fields")
        for position, part in enumerate(fields):
            try:
                made.fields.append(self._field(part, space, made))
            except SchemaError as error:
                raise error.inside(f".fields[{position}]") from None
        # Once more, now that all fields are known: a default may be a record of this type.
        for position, field in enumerate(made.fields):
            try:
                _check_default(field.schema, field.default)
            except SchemaError as error:
                raise error.inside(f".fields[{position}]") from None
        return made

    def _field(self, source: Any, namespace: str, record: Record) -> Field:
        if not isinstance(source, Mapping):
            raise SchemaError(f"{told(source)} is no field")
        name = source.get("name")
        if not isinstance(name, str) or not _NAME.match(name):
            raise SchemaError(f"{told(name)} is no name")
        if name in {other.name for other in record.fields}:
            raise SchemaError(f"there is a field {name} already")
        schema = self._part(source, "type", namespace)
        default = source.get("default", NO_DEFAULT)
        _check_default(schema, default)
        return Field(name, schema, default, _names(source, "aliases"))


def _check_default(schema: Schema, default: Any) -> None:
    if default is not NO_DEFAULT:
        try:
            value_of_default(schema, default)
        except ValueError as error:
            raise SchemaError(f"the default doesn't fit: {error}", ".default") from None


def _is_full_name(name: str) -> bool:
    return all(map(_NAME.match, name.split(".")))


def _names(source: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = source.get(name, ())
    if not isinstance(found, list | tuple):
        raise SchemaError(f"{told(found)} is no list of names", f".{name}")
    for part in found:
        if not isinstance(part, str) or not _is_full_name(part):
            raise SchemaError(f"{told(part)} is no name", f".{name}")
    return tuple(found)
