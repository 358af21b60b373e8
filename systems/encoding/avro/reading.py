"""Bytes to values: what the writer's schema says is there, as the reader's schema has it."""

from __future__ import annotations

import struct
from typing import Any

from splitbrain.systems.encoding.avro.matching import branch_for, field_for, matches
from splitbrain.systems.encoding.avro.schemas import (
    NO_DEFAULT,
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Primitive,
    Record,
    Schema,
    Union,
    kind,
)
from splitbrain.systems.encoding.avro.writing import DEEPEST, encode, value_of_default
from splitbrain.systems.encoding.errors import EncodingError, told
from splitbrain.systems.encoding.text import from_utf8, utf8
from splitbrain.systems.encoding.varints import read_varint, unzigzag

MOST_EMPTY = 10_000
"""How many items that take no bytes at all a list may have: nothing else bounds them."""


def decode(writer: Schema, reader: Schema, data: bytes) -> Any:
    """The value that bytes are the encoding of.

    Args:
        writer: the schema that it was written with.
        reader: the schema that it is wanted as.
        data: the bytes, and no more.

    Raises:
        EncodingError: they are no such encoding, or the schemas cannot be brought together.
    """
    cursor = _Cursor(data)
    value = _read(cursor, writer, reader, DEEPEST)
    if cursor.at < len(data):
        raise EncodingError(f"{len(data) - cursor.at} bytes are left over")
    return value


class _Cursor:
    """A place in bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def long(self) -> int:
        number, self.at = read_varint(self.data, self.at)
        return unzigzag(number)

    def take(self, length: int) -> bytes:
        if not 0 <= length <= len(self.data) - self.at:
            raise EncodingError(f"there are no {length} bytes at byte {self.at}")
        taken = self.data[self.at : self.at + length]
        self.at += length
        return taken


def _read(cursor: _Cursor, writer: Schema, reader: Schema, deeper: int) -> Any:
    if deeper == 0:
        raise EncodingError(f"more than {DEEPEST} types are within each other")
    if isinstance(writer, Union):
        position = cursor.long()
        if not 0 <= position < len(writer.branches):
            raise EncodingError(f"the union has no type number {position}")
        return _read(cursor, writer.branches[position], reader, deeper - 1)
    if isinstance(reader, Union):
        branch = branch_for(writer, reader)
        if branch is None:
            raise EncodingError(f"what was written as {kind(writer)} is none of the union's types")
        return _read(cursor, writer, branch, deeper - 1)
    if not matches(writer, reader):
        raise EncodingError(f"what was written as {named(writer)} is no {named(reader)}")
    match writer, reader:
        case Primitive(written), Primitive(wanted):
            return _promoted(_primitive(cursor, written), written, wanted)
        case Fixed(), _:
            return cursor.take(writer.size)
        case Enum(), Enum():
            return _symbol(cursor, writer, reader)
        case Array(items), Array(wanted_items):
            return _items(cursor, items, wanted_items, deeper)
        case Map(values), Map(wanted_values):
            return _entries(cursor, values, wanted_values, deeper)
        case Record(), Record():
            return _record(cursor, writer, reader, deeper)
    raise AssertionError(f"{kind(writer)} matches {kind(reader)}")


def named(schema: Schema) -> str:
    """A schema in a message: its kind, and its name if it has one."""
    name = getattr(schema, "name", None)
    return kind(schema) if name is None else f"{kind(schema)} {name}"


def _primitive(cursor: _Cursor, type: str) -> Any:
    match type:
        case "null":
            return None
        case "boolean":
            byte = cursor.take(1)
            if byte not in (b"\x00", b"\x01"):
                raise EncodingError(f"{told(byte)} is no boolean")
            return byte == b"\x01"
        case "float":
            return struct.unpack("<f", cursor.take(4))[0]
        case "double":
            return struct.unpack("<d", cursor.take(8))[0]
        case "bytes":
            return cursor.take(cursor.long())
        case "string":
            return from_utf8(cursor.take(cursor.long()))
    number = cursor.long()
    if type == "int" and not -(2**31) <= number < 2**31:
        raise EncodingError(f"{number} is no int")
    return number


def _promoted(value: Any, written: str, wanted: str) -> Any:
    if written == wanted:
        return value
    match wanted:
        case "float":
            # An int has more digits than a float: the nearest one is what it becomes.
            return struct.unpack("<f", struct.pack("<f", value))[0]
        case "double":
            return float(value)
        case "bytes":
            return utf8(value)
        case "string":
            return from_utf8(value)
    return value


def _symbol(cursor: _Cursor, writer: Enum, reader: Enum) -> str:
    position = cursor.long()
    if not 0 <= position < len(writer.symbols):
        raise EncodingError(f"{writer.name} has no symbol number {position}")
    symbol = writer.symbols[position]
    if symbol in reader.symbols:
        return symbol
    if reader.default is None:
        raise EncodingError(f"the reader doesn't know the symbol {symbol} of {writer.name}")
    return reader.default


def _blocks(cursor: _Cursor) -> Any:
    """How many items each block has, until the empty one. A negative count is followed by the
    block's length in bytes, which must be right: who skips the block believes it."""
    while (count := cursor.long()) != 0:
        if count > 0:
            yield count
            continue
        end = cursor.long() + cursor.at
        yield -count
        if cursor.at != end:
            raise EncodingError(f"a block ends at byte {cursor.at} that should end at {end}")


def _items(cursor: _Cursor, items: Schema, wanted: Schema, deeper: int) -> list[Any]:
    found: list[Any] = []
    for count in _blocks(cursor):
        for _ in range(count):
            _bounded(cursor, len(found))
            try:
                found.append(_read(cursor, items, wanted, deeper - 1))
            except EncodingError as error:
                raise error.inside(f"[{len(found)}]") from None
    return found


def _bounded(cursor: _Cursor, items: int) -> None:
    if items >= MOST_EMPTY and items >= len(cursor.data):
        raise EncodingError(f"{items} items are more than {len(cursor.data)} bytes can have")


def _entries(cursor: _Cursor, values: Schema, wanted: Schema, deeper: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for count in _blocks(cursor):
        for _ in range(count):
            key = _primitive(cursor, "string")
            if key in found:
                raise EncodingError("the key is there twice", f"[{told(key)}]")
            try:
                found[key] = _read(cursor, values, wanted, deeper - 1)
            except EncodingError as error:
                raise error.inside(f"[{told(key)}]") from None
    return found


def _record(cursor: _Cursor, writer: Record, reader: Record, deeper: int) -> dict[str, Any]:
    """The writer's fields in their order, those that the reader wants kept; then its defaults."""
    sources = [(field, field_for(writer, field)) for field in reader.fields]
    takers: dict[str, list[Field]] = {}
    for field, source in sources:
        if source is not None:
            takers.setdefault(source.name, []).append(field)
    found: dict[str, Any] = {}
    for source in writer.fields:
        try:
            start = cursor.at
            for field in takers.get(source.name, ()):
                cursor.at = start
                found[field.name] = _read(cursor, source.schema, field.schema, deeper - 1)
            if source.name not in takers:
                _read(cursor, source.schema, source.schema, deeper - 1)
        except EncodingError as error:
            raise error.inside(f".{source.name}") from None
    return {
        field.name: found[field.name] if source is not None else default_of(field, writer)
        for field, source in sources
    }


def default_of(field: Field, writer: Record) -> Any:
    """What a reader has for a field that the writer didn't have.

    Raises:
        EncodingError: it has nothing.
    """
    if field.default is NO_DEFAULT:
        raise EncodingError(
            f"{writer.name} was written without it, and it has no default", f".{field.name}"
        )
    value = value_of_default(field.schema, field.default)
    return decode(field.schema, field.schema, encode(field.schema, value))
