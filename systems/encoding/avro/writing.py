"""Values to bytes, and defaults to values."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from splitbrain.systems.encoding.avro.schemas import (
    NO_DEFAULT,
    Array,
    Enum,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    Schema,
    Union,
)
from splitbrain.systems.encoding.errors import EncodingError, told
from splitbrain.systems.encoding.text import utf8
from splitbrain.systems.encoding.varints import write_varint, zigzag

DEEPEST = 64
"""How many types may be within each other in a value."""

_BITS = {"int": 31, "long": 63}
_FLOATS = {"float": "<f", "double": "<d"}


def encode(schema: Schema, value: Any) -> bytes:
    """A value's bytes. A field that a record lacks has its default.

    Raises:
        EncodingError: the value doesn't fit.
    """
    return _encoded(schema, value, DEEPEST)


def _encoded(schema: Schema, value: Any, deeper: int) -> bytes:
    if deeper == 0:
        raise EncodingError(f"more than {DEEPEST} types are within each other")
    match schema:
        case Primitive(type):
            return _primitive(type, value)
        case Fixed(name, size):
            if not isinstance(value, bytes) or len(value) != size:
                raise EncodingError(f"{told(value)} is not {size} bytes, as {name} is")
            return value
        case Enum(name, symbols):
            if value not in symbols:
                raise EncodingError(f"{told(value)} is no symbol of {name}")
            return _long(symbols.index(value))
        case Array(items):
            return _list(items, value, deeper)
        case Map(values):
            return _map(values, value, deeper)
        case Union(branches):
            return _branch(branches, value, deeper)
        case Record():
            return _record(schema, value, deeper)


def _long(number: int) -> bytes:
    return write_varint(zigzag(number))


def _primitive(type: str, value: Any) -> bytes:
    match type, value:
        case "null", None:
            return b""
        case "boolean", bool():
            return b"\x01" if value else b"\x00"
        case (("int" | "long"), int()) if not isinstance(value, bool):
            if -(1 << _BITS[type]) <= value < 1 << _BITS[type]:
                return _long(value)
        case (("float" | "double"), (int() | float())) if not isinstance(value, bool):
            try:
                return struct.pack(_FLOATS[type], value)
            except OverflowError:
                raise EncodingError(f"{told(value)} is too large for a {type}") from None
        case "string", str():
            data = utf8(value)
            return _long(len(data)) + data
        case "bytes", bytes():
            return _long(len(value)) + value
    raise EncodingError(f"{told(value)} is no {type}")


def _list(items: Schema, value: Any, deeper: int) -> bytes:
    if not isinstance(value, list | tuple):
        raise EncodingError(f"{told(value)} is no list")
    parts = []
    for position, item in enumerate(value):
        try:
            parts.append(_encoded(items, item, deeper - 1))
        except EncodingError as error:
            raise error.inside(f"[{position}]") from None
    return (_long(len(parts)) + b"".join(parts) if parts else b"") + b"\x00"


def _map(values: Schema, value: Any, deeper: int) -> bytes:
    if not isinstance(value, Mapping):
        raise EncodingError(f"{told(value)} is no map")
    parts = []
    for key, item in value.items():
        try:
            parts.append(_primitive("string", key) + _encoded(values, item, deeper - 1))
        except EncodingError as error:
            raise error.inside(f"[{told(key)}]") from None
    return (_long(len(parts)) + b"".join(parts) if parts else b"") + b"\x00"


def _branch(branches: tuple[Schema, ...], value: Any, deeper: int) -> bytes:
    """The first branch that the value fits, or the one that it names."""
    named = isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)
    reasons = []
    for position, branch in enumerate(branches):
        held = value
        if named and isinstance(branch, Named):
            if branch.name != value[0]:
                continue
            held = value[1]
        try:
            return _long(position) + _encoded(branch, held, deeper - 1)
        except EncodingError as error:
            reasons.append(error)
    if len(reasons) == 1:
        raise reasons[0]
    raise EncodingError(f"{told(value)} fits none of the union's {len(branches)} types")


def _record(schema: Record, value: Any, deeper: int) -> bytes:
    if not isinstance(value, Mapping):
        raise EncodingError(f"{told(value)} is no record")
    known = {field.name for field in schema.fields}
    for name in value:
        if name not in known:
            raise EncodingError(f"{schema.name} has no such field", f".{name}")
    parts = []
    for field in schema.fields:
        try:
            if field.name in value:
                parts.append(_encoded(field.schema, value[field.name], deeper - 1))
            elif field.default is NO_DEFAULT:
                raise EncodingError("it is missing, and has no default")
            else:
                default = value_of_default(field.schema, field.default)
                parts.append(_encoded(field.schema, default, deeper - 1))
        except EncodingError as error:
            raise error.inside(f".{field.name}") from None
    return b"".join(parts)


def value_of_default(schema: Schema, default: Any, deeper: int = DEEPEST) -> Any:
    """The value that a field's default, which is JSON, stands for.

    A union's default is of its first type; bytes are text of the characters U+0000 to U+00FF.

    Args:
        schema: the field's.
        default: its default.
        deeper: how many types may be within each other.

    Raises:
        EncodingError: it doesn't fit, or has no end: a record's default that has the same default.
    """
    if deeper == 0:
        raise EncodingError(f"more than {DEEPEST} types are within each other")
    value = _of_default(schema, default, deeper - 1)
    encode(schema, value)
    return value


def _of_default(schema: Schema, default: Any, deeper: int) -> Any:
    match schema:
        case Union(branches):
            inner = value_of_default(branches[0], default, deeper)
            return (branches[0].name, inner) if isinstance(branches[0], Named) else inner
        case Primitive("bytes") | Fixed():
            if not isinstance(default, str) or any(ord(char) > 255 for char in default):
                raise EncodingError(f"{told(default)} is no text of bytes")
            return default.encode("latin-1")
        case Array(items) if isinstance(default, list | tuple):
            return [value_of_default(items, item, deeper) for item in default]
        case Map(values) if isinstance(default, Mapping):
            parts = default.items()
            return {key: value_of_default(values, item, deeper) for key, item in parts}
        case Record() if isinstance(default, Mapping):
            given = {f.name: default.get(f.name, f.default) for f in schema.fields}
            return {
                field.name: value_of_default(field.schema, given[field.name], deeper)
                for field in schema.fields
                if given[field.name] is not NO_DEFAULT
            }
    return default
