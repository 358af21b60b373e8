"""Whether a reader's schema takes every text that a writer's schema lets be written.

A writer is taken to write the properties of its schema and no others.
"""

from __future__ import annotations

from math import inf
from typing import Any

from splitbrain.systems.encoding.json_text.schemas import Schema, types_of


def incompatibility(reader: Schema, writer: Schema, path: str = "$") -> str | None:
    """What the reader refuses of what the writer may write, in a sentence with its path; None if
    there is nothing."""
    types, written = types_of(reader), types_of(writer)
    for type in written:
        promoted = type == "integer" and "number" in types and writer.get("format") != "int64"
        if type not in types and not promoted:
            return f"{path}: the reader takes no {type}"
    if reader.get("format") != writer.get("format") and "integer" in types:
        return f"{path}: one of them writes integers as text"
    return (
        _range(reader, writer, path)
        or _symbols(reader, writer, path)
        or _properties(reader, writer, path)
        or _items(reader, writer, path)
    )


def _range(reader: Schema, writer: Schema, path: str) -> str | None:
    if reader.get("minimum", -inf) > writer.get("minimum", -inf):
        return f"{path}: the reader's minimum is higher"
    if reader.get("maximum", inf) < writer.get("maximum", inf):
        return f"{path}: the reader's maximum is lower"
    return None


def _symbols(reader: Schema, writer: Schema, path: str) -> str | None:
    if "enum" not in reader or "string" not in types_of(writer) or "default" in reader:
        return None
    unknown: list[Any] = [s for s in writer.get("enum", ["any text"]) if s not in reader["enum"]]
    return f"{path}: the reader doesn't know {', '.join(unknown)}" if unknown else None


def _properties(reader: Schema, writer: Schema, path: str) -> str | None:
    wanted, written = reader.get("properties", {}), writer.get("properties", {})
    for name in reader.get("required", ()):
        is_sure = name in writer.get("required", ()) and "default" not in written[name]
        if not is_sure and "default" not in wanted[name]:
            return f"{path}.{name}: the reader needs it, and the writer may leave it out"
    for name, part in written.items():
        if name in wanted:
            reason = incompatibility(wanted[name], part, f"{path}.{name}")
            if reason is not None:
                return reason
        elif not reader.get("additionalProperties", True):
            return f"{path}.{name}: the reader takes no other properties"
    return None


def _items(reader: Schema, writer: Schema, path: str) -> str | None:
    if "items" not in reader or "array" not in types_of(writer):
        return None
    return incompatibility(reader["items"], writer.get("items", {}), f"{path}[]")
