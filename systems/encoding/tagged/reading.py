"""Bytes to records."""

from __future__ import annotations

import struct
from typing import Any

from splitbrain.systems.encoding.errors import EncodingError
from splitbrain.systems.encoding.tagged.types import (
    DEFAULTS,
    EGROUP,
    I32,
    I64,
    LEN,
    MOST_NUMBER,
    SGROUP,
    STRUCTS,
    UNKNOWN,
    VARINT,
    WIRE,
    Field,
    MessageType,
)
from splitbrain.systems.encoding.text import from_utf8
from splitbrain.systems.encoding.varints import read_varint, unzigzag

_DEEPEST = 100


def decode(type: MessageType, data: bytes) -> dict[str, Any]:
    """The record that bytes are the encoding of; see the module for fields that are not there.

    Raises:
        EncodingError: they end within a field, or are no message.
    """
    return _complete(type, _merged(type, {}, data))


def skim(data: bytes) -> None:
    """Look whether bytes are fields, of whatever type.

    Raises:
        EncodingError: they end within a field, or are none.
    """
    at = 0
    while at < len(data):
        number, wire, at = _tag(data, at)
        _, at = _taken(data, at, number, wire, _DEEPEST)


def _complete(type: MessageType, record: dict[str, Any]) -> dict[str, Any]:
    """The record in its type's order, with the defaults of what is not there."""
    made: dict[str, Any] = {}
    for field in type.fields:
        if field.name not in record:
            if field.repeated:
                made[field.name] = []
            elif not field.may_be_absent:
                made[field.name] = DEFAULTS[field.type]
            continue
        value = record[field.name]
        if field.message is not None:
            inner = field.message
            value = (
                [_complete(inner, v) for v in value] if field.repeated else _complete(inner, value)
            )
        made[field.name] = value
    return made | ({UNKNOWN: record[UNKNOWN]} if UNKNOWN in record else {})


def _merged(type: MessageType, record: dict[str, Any], data: bytes) -> dict[str, Any]:
    """The record with what the bytes say: the last of a field counts, lists and messages grow."""
    by_number = {field.number: field for field in type.fields}
    unknown = bytearray(record.pop(UNKNOWN, b""))
    at = 0
    while at < len(data):
        start = at
        number, wire, at = _tag(data, at)
        field = by_number.get(number)
        payload, at = _taken(data, at, number, wire, _DEEPEST)
        matches = field is not None and wire in (WIRE[field.type], LEN if field.packs else -1)
        if field is None or not matches:
            unknown += data[start:at]
            continue
        try:
            _put(field, record, wire, payload)
        except EncodingError as error:
            raise error.inside(f".{field.name}") from None
    if unknown:
        record[UNKNOWN] = bytes(unknown)
    return record


def _tag(data: bytes, at: int) -> tuple[int, int, int]:
    tag, behind = read_varint(data, at)
    number, wire = tag >> 3, tag & 7
    if not 1 <= number <= MOST_NUMBER or wire > I32:
        raise EncodingError(f"field {number} of wire type {wire} at byte {at} cannot be")
    return number, wire, behind


def _taken(data: bytes, at: int, number: int, wire: int, deeper: int) -> tuple[bytes, int]:
    """A field's payload, without its length if it has one, and the position behind it."""
    if wire == VARINT:
        _, behind = read_varint(data, at)
        return data[at:behind], behind
    if wire == SGROUP:
        while True:
            if deeper == 0:
                raise EncodingError(f"more than {_DEEPEST} groups within each other at byte {at}")
            inner, inner_wire, at = _tag(data, at)
            if inner_wire == EGROUP and inner == number:
                return b"", at
            _, at = _taken(data, at, inner, inner_wire, deeper - 1)
    if wire == EGROUP:
        raise EncodingError(f"a group ends at byte {at} that did not begin")
    if wire == LEN:
        length, at = read_varint(data, at)
    else:
        length = 8 if wire == I64 else 4
    if length > len(data) - at:
        raise EncodingError(f"the bytes end within field {number}, at byte {len(data)}")
    return data[at : at + length], at + length


def _put(field: Field, record: dict[str, Any], wire: int, payload: bytes) -> None:
    if field.type == "message":
        assert field.message is not None
        if field.repeated:
            record.setdefault(field.name, []).append(_merged(field.message, {}, payload))
        else:
            before = record.get(field.name, {})
            record[field.name] = _merged(field.message, before, payload)
    elif field.packs and wire == LEN:
        items = record.setdefault(field.name, [])
        at, step = 0, WIRE[field.type]
        while at < len(payload):
            one, at = _taken(payload, at, field.number, step, 0)
            items.append(_value(field.type, one))
    elif field.repeated:
        record.setdefault(field.name, []).append(_value(field.type, payload))
    else:
        record[field.name] = _value(field.type, payload)


def _value(type: str, payload: bytes) -> Any:
    if type in STRUCTS:
        return struct.unpack(STRUCTS[type], payload)[0]
    if type == "bytes":
        return payload
    if type == "string":
        return from_utf8(payload)
    number, _ = read_varint(payload, 0)
    if type == "bool":
        return number != 0
    bits = 64 if type.endswith("64") else 32
    number &= 2**bits - 1
    if type.startswith("sint"):
        return unzigzag(number)
    is_negative = not type.startswith("uint") and number >> (bits - 1)
    return number - 2**bits if is_negative else number
