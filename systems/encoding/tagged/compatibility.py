"""Whether one type of messages reads what another writes.

Everything can be read as something, for unknown fields are kept and absent ones have defaults; what
goes wrong is a number that means another thing. So a field that both types have must have a type of
the same group: within one the same bytes are the same value, if it fits (protobuf.dev, "Updating A
Message Type").
"""

from __future__ import annotations

from splitbrain.systems.encoding.tagged.types import Field, MessageType

_GROUPS = (
    ("int32", "int64", "uint32", "uint64", "bool", "enum"),
    ("sint32", "sint64"),
    ("string", "bytes"),
    ("fixed32", "sfixed32"),
    ("fixed64", "sfixed64"),
)


def incompatibility(reader: MessageType, writer: MessageType) -> str | None:
    """The first field that `reader` takes for something else than `writer` wrote, in a sentence;
    None if there is none. The same both ways."""
    written = {field.number: field for field in writer.fields}
    for field in reader.fields:
        other = written.get(field.number)
        if other is None:
            continue
        if field.repeated != other.repeated:
            return f"field {field.number} ({field.name}) is a list in one of them alone"
        if not _alike(field, other):
            return (
                f"field {field.number} is {other.type} {other.name} and {field.type} {field.name}"
            )
        if field.message is not None and other.message is not None:
            inner = incompatibility(field.message, other.message)
            if inner is not None:
                return f"{field.name}: {inner}"
    return None


def _alike(one: Field, other: Field) -> bool:
    return one.type == other.type or any({one.type, other.type} <= set(group) for group in _GROUPS)
