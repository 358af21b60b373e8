"""One text for all ways to write the same schema, and a number that names it.

What a reader may do without (doc, aliases, defaults) is left out, names are full, and there is one
order and no space (specification, "Parsing Canonical Form for Schemas"; "Schema Fingerprints").

>>> from splitbrain.systems.encoding.avro import parse
>>> canonical_form(parse({"type": "int"})), hex(fingerprint(parse("int")))
('"int"', '0x7275d51a3f395c8f')
"""

from __future__ import annotations

import json
from typing import Any

from splitbrain.systems.encoding.avro.schemas import (
    Array,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Schema,
    Union,
)

_EMPTY = 0xC15D213AA4D7A795


def canonical_form(schema: Schema) -> str:
    """The schema's one text."""
    return json.dumps(_plain(schema, set()), separators=(",", ":"), ensure_ascii=False)


def _plain(schema: Schema, seen: set[str]) -> Any:
    match schema:
        case Primitive(type):
            return type
        case Array(items):
            return {"type": "array", "items": _plain(items, seen)}
        case Map(values):
            return {"type": "map", "values": _plain(values, seen)}
        case Union(branches):
            return [_plain(branch, seen) for branch in branches]
    if schema.name in seen:
        return schema.name
    seen.add(schema.name)
    match schema:
        case Fixed(name, size):
            return {"name": name, "type": "fixed", "size": size}
        case Enum(name, symbols):
            return {"name": name, "type": "enum", "symbols": list(symbols)}
        case Record():
            fields = [{"name": f.name, "type": _plain(f.schema, seen)} for f in schema.fields]
            return {"name": schema.name, "type": "record", "fields": fields}


def _table() -> list[int]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (_EMPTY & -(number & 1))
        table.append(number)
    return table


_TABLE = _table()


def fingerprint(schema: Schema) -> int:
    """The 64-bit Rabin fingerprint (CRC-64-AVRO) of the canonical form."""
    found = _EMPTY
    for byte in canonical_form(schema).encode():
        found = (found >> 8) ^ _TABLE[(found ^ byte) & 0xFF]
    return found
