"""Types of messages: fields with numbers, names and scalar types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.systems.encoding.errors import SchemaError, told

UNKNOWN = ""
"""Where a record keeps the bytes of fields that its type doesn't know; no field has this name."""

VARINT, I64, LEN, SGROUP, EGROUP, I32 = range(6)

MOST_NUMBER = 2**29 - 1
_RESERVED = range(19_000, 20_000)

INTEGERS = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
    "sint32": (-(2**31), 2**31 - 1),
    "sint64": (-(2**63), 2**63 - 1),
    "enum": (-(2**31), 2**31 - 1),
    "fixed32": (0, 2**32 - 1),
    "sfixed32": (-(2**31), 2**31 - 1),
    "fixed64": (0, 2**64 - 1),
    "sfixed64": (-(2**63), 2**63 - 1),
}

STRUCTS = {
    "fixed32": "<I",
    "sfixed32": "<i",
    "float": "<f",
    "fixed64": "<Q",
    "sfixed64": "<q",
    "double": "<d",
}

WIRE = {
    **dict.fromkeys(INTEGERS, VARINT),
    "bool": VARINT,
    **dict.fromkeys(("fixed32", "sfixed32", "float"), I32),
    **dict.fromkeys(("fixed64", "sfixed64", "double"), I64),
    **dict.fromkeys(("string", "bytes", "message"), LEN),
}

DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(INTEGERS, 0),
    "bool": False,
    "float": 0.0,
    "double": 0.0,
    "string": "",
    "bytes": b"",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    Attributes:
        number: what it is known by, for ever.
        name: what programs call it.
        type: a scalar type of Protocol Buffers, ``enum`` (its values are integers), ``message``.
        repeated: whether it is a list; numbers are written packed.
        optional: whether its absence differs from its default. Messages always are.
        message: the type of a ``message``.
    """

    number: int
    name: str
    type: str
    repeated: bool = False
    optional: bool = False
    message: MessageType | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise SchemaError(f"{told(self.name)} is no name for a field")
        number: object = self.number  # which JSON may have said
        is_whole = isinstance(number, int) and not isinstance(number, bool)
        if not is_whole or not 1 <= self.number <= MOST_NUMBER or self.number in _RESERVED:
            raise SchemaError(f"{told(self.number)} is no number for a field", f".{self.name}")
        if not isinstance(self.type, str) or self.type not in WIRE:
            raise SchemaError(f"there is no type {told(self.type)}", f".{self.name}")
        if self.repeated and self.optional:
            raise SchemaError("a list is never absent, so it is not optional", f".{self.name}")
        if (self.message is not None) != (self.type == "message"):
            raise SchemaError("a message, and nothing else, has a type of its own", f".{self.name}")

    @property
    def packs(self) -> bool:
        """Whether it is a list of numbers, which are written into one payload."""
        return self.repeated and WIRE[self.type] != LEN

    @property
    def may_be_absent(self) -> bool:
        """Whether a record may lack it."""
        return not self.repeated and (self.optional or self.type == "message")


@dataclass(frozen=True, slots=True)
class MessageType:
    """A type of messages; its fields have different numbers and names.

    Raises:
        SchemaError: they don't.
    """

    name: str
    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        for what in ("number", "name"):
            seen: set[Any] = set()
            for field in self.fields:
                if getattr(field, what) in seen:
                    taken = told(getattr(field, what))
                    raise SchemaError(f"another field has the {what} {taken}", f".{field.name}")
                seen.add(getattr(field, what))
