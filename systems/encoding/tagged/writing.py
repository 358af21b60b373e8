"""Records to bytes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from splitbrain.systems.encoding.errors import EncodingError, told
from splitbrain.systems.encoding.tagged.reading import skim
from splitbrain.systems.encoding.tagged.types import (
    DEFAULTS,
    INTEGERS,
    LEN,
    STRUCTS,
    UNKNOWN,
    WIRE,
    Field,
    MessageType,
)
from splitbrain.systems.encoding.text import utf8
from splitbrain.systems.encoding.varints import write_varint, zigzag


def encode(type: MessageType, record: Mapping[str, Any]) -> bytes:
    """A record's bytes.

    Raises:
        EncodingError: the record doesn't fit.
    """
    if not isinstance(record, Mapping):
        raise EncodingError(f"{told(record)} is no record")
    known = {field.name for field in type.fields} | {UNKNOWN}
    for name in record:
        if name not in known:
            raise EncodingError(f"{type.name} has no such field", f".{name}")
    parts = []
    for field in sorted(type.fields, key=lambda field: field.number):
        value = record.get(field.name)
        if value is None:
            continue
        try:
            parts.append(_written(field, value))
        except EncodingError as error:
            raise error.inside(f".{field.name}") from None
    unknown = record.get(UNKNOWN, b"")
    if not isinstance(unknown, bytes):
        raise EncodingError(f"{told(unknown)} is no bytes of unknown fields")
    skim(unknown)
    return b"".join(parts) + unknown


def _written(field: Field, value: Any) -> bytes:
    wire = WIRE[field.type]
    tag = write_varint(field.number << 3 | wire)
    if not field.repeated:
        payload = _payload(field, value)
        # By its bytes: -0.0 equals 0.0 and is another value.
        is_default = not field.may_be_absent and payload == _payload(field, DEFAULTS[field.type])
        return b"" if is_default else tag + payload
    if not isinstance(value, list | tuple):
        raise EncodingError(f"{told(value)} is no list")
    payloads = []
    for position, item in enumerate(value):
        try:
            payloads.append(_payload(field, item))
        except EncodingError as error:
            raise error.inside(f"[{position}]") from None
    if not field.packs:
        return b"".join(tag + payload for payload in payloads)
    if not payloads:
        return b""
    packed = b"".join(payloads)
    return write_varint(field.number << 3 | LEN) + write_varint(len(packed)) + packed


def _payload(field: Field, value: Any) -> bytes:
    type = field.type
    if type in STRUCTS and type not in INTEGERS:
        return _float_payload(type, value)
    if type in INTEGERS:
        least, most = INTEGERS[type]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise EncodingError(f"{told(value)} is no {type}")
        if type in STRUCTS:
            return struct.pack(STRUCTS[type], value)
        return write_varint(zigzag(value) if type.startswith("sint") else value & (2**64 - 1))
    if type == "bool":
        if not isinstance(value, bool):
            raise EncodingError(f"{told(value)} is no bool")
        return b"\x01" if value else b"\x00"
    if type == "string":
        if not isinstance(value, str):
            raise EncodingError(f"{told(value)} is no string")
        data = utf8(value)
    elif type == "message":
        assert field.message is not None
        data = encode(field.message, value)
    elif isinstance(value, bytes):
        data = value
    else:
        raise EncodingError(f"{told(value)} is no bytes")
    return write_varint(len(data)) + data


def _float_payload(type: str, value: Any) -> bytes:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EncodingError(f"{told(value)} is no {type}")
    try:
        return struct.pack(STRUCTS[type], value)
    except OverflowError:
        raise EncodingError(f"{told(value)} is too large for a {type}") from None
