"""The types of values: what they are called, and what they look like as text and on the wire.

A value is kept as what Python has for it: integers, floats, booleans, strings. A point in time is
microseconds since 2000-01-01 UTC, an interval microseconds; ``bytea``, ``uuid`` and ``json`` are
their texts. So each can stand in a log, and values of one type compare as they should.

Object identifiers and binary forms: ``pg_type.dat`` and the functions ``*send`` of PostgreSQL.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from splitbrain.systems.standins.postgres.errors import (
    BAD_TEXT,
    OUT_OF_RANGE,
    SqlError,
    unsupported,
)

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""From when points in time count."""

_UNITS = {"microsecond": 1, "millisecond": 1000, "second": 10**6, "minute": 60 * 10**6}
_UNITS |= {"hour": 3600 * 10**6, "day": 86400 * 10**6, "week": 7 * 86400 * 10**6}
_DAY = _UNITS["day"]


@dataclass(frozen=True, slots=True)
class Type:
    """A type.

    Attributes:
        name: as messages tell it.
        oid: its object identifier.
        size: of its binary form in bytes; -1 if that varies.
        family: values of types of one family may stand for each other.
        text, parsed: between a value and its text form.
        packed, unpacked: between a value and its binary form.
    """

    name: str
    oid: int
    size: int
    family: str
    text: Callable[[Any], str]
    parsed: Callable[[str], Any]
    packed: Callable[[Any], bytes]
    unpacked: Callable[[bytes], Any]

    def of_text(self, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            SqlError: it stands for none.
        """
        try:
            return self.parsed(text)
        except ValueError:
            raise SqlError(
                BAD_TEXT, f'invalid input syntax for type {self.name}: "{text}"'
            ) from None

    def fitting(self, value: Any) -> Any:
        """A value of another type of the family, as one of this.

        Raises:
            SqlError: it is too large.
        """
        if value is None or self.family != "number":
            return value
        if self.name == "double precision":
            return float(value)
        whole = round(value)
        if not -(1 << 8 * self.size - 1) <= whole < 1 << 8 * self.size - 1:
            raise SqlError(OUT_OF_RANGE, f"{self.name} out of range")
        return whole


def _number(name: str, oid: int, size: int, form: str, read: Callable[[str], Any] = int) -> Type:
    return Type(
        name,
        oid,
        size,
        "number",
        str,
        read,
        lambda value: struct.pack(form, value),
        lambda data: struct.unpack(form, data)[0],
    )


def _letters(name: str, oid: int, family: str = "text", read: Callable[[str], str] = str) -> Type:
    return Type(name, oid, -1, family, str, read, str.encode, bytes.decode)


def _truth(text: str) -> bool:
    known = {"t": True, "true": True, "on": True, "1": True, "yes": True}
    known |= {"f": False, "false": False, "off": False, "0": False, "no": False}
    if text.strip().lower() not in known:
        raise ValueError(text)
    return known[text.strip().lower()]


def _moment(text: str) -> int:
    made = datetime.fromisoformat(text.strip())
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    return (made - EPOCH) // timedelta(microseconds=1)


def _told(micros: int) -> str:
    return (EPOCH + timedelta(microseconds=micros)).isoformat(sep=" ").removesuffix(":00")


def _interval(text: str) -> int:
    total, rest = 0, text.strip()
    for amount, unit in re.findall(r"(-?[\d.]+)\s*([a-z]+)", rest):
        singular = {"sec": "second", "secs": "second", "min": "minute", "mins": "minute"}.get(
            unit, unit.removesuffix("s")
        )
        if singular not in _UNITS:
            raise ValueError(text)
        total += round(float(amount) * _UNITS[singular])
    clock = re.search(r"(-?)(\d+):(\d\d):(\d\d(?:\.\d+)?)", rest)
    if clock:
        hours, minutes, seconds = int(clock[2]), int(clock[3]), float(clock[4])
        total += (-1 if clock[1] else 1) * round((hours * 3600 + minutes * 60 + seconds) * 10**6)
    elif not re.search(r"\d\s*[a-z]", rest):
        total = round(float(rest) * _UNITS["second"])
    return total


def _interval_text(micros: int) -> str:
    seconds, rest = divmod(abs(micros), 10**6)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return ("-" if micros < 0 else "") + clock + (f".{rest:06}".rstrip("0") if rest else "")


def _bytes_text(text: str) -> str:
    return "\\x" + bytes.fromhex(text.removeprefix("\\x")).hex()


BOOL = Type(
    "boolean",
    16,
    1,
    "boolean",
    lambda value: "t" if value else "f",
    _truth,
    lambda value: b"\1" if value else b"\0",
    lambda data: data != b"\0",
)
INT2 = _number("smallint", 21, 2, ">h")
INT4 = _number("integer", 23, 4, ">i")
INT8 = _number("bigint", 20, 8, ">q")
FLOAT8 = _number("double precision", 701, 8, ">d", float)
TEXT = _letters("text", 25)
VARCHAR = _letters("character varying", 1043)
JSON = _letters("json", 114, "json")
JSONB = Type(
    "jsonb", 3802, -1, "json", str, str, lambda v: b"\1" + v.encode(), lambda d: d[1:].decode()
)
UUID_TYPE = Type(
    "uuid",
    2950,
    16,
    "uuid",
    str,
    lambda text: str(UUID(text)),
    lambda value: UUID(value).bytes,
    lambda data: str(UUID(bytes=data)),
)
BYTEA = Type(
    "bytea",
    17,
    -1,
    "bytea",
    str,
    _bytes_text,
    lambda value: bytes.fromhex(value[2:]),
    lambda data: "\\x" + data.hex(),
)
TIMESTAMPTZ = Type(
    "timestamp with time zone",
    1184,
    8,
    "moment",
    _told,
    _moment,
    lambda value: struct.pack(">q", value),
    lambda data: struct.unpack(">q", data)[0],
)
INTERVAL = Type(
    "interval",
    1186,
    16,
    "interval",
    _interval_text,
    _interval,
    lambda value: struct.pack(">qii", value, 0, 0),
    lambda data: (lambda us, days, months: us + (days + 30 * months) * _DAY)(
        *struct.unpack(">qii", data)
    ),
)
VOID = _letters("void", 2278)

_NAMES = {
    "bool": BOOL,
    "boolean": BOOL,
    "int2": INT2,
    "smallint": INT2,
    "int": INT4,
    "int4": INT4,
    "integer": INT4,
    "serial": INT4,
    "int8": INT8,
    "bigint": INT8,
    "bigserial": INT8,
    "float8": FLOAT8,
    "text": TEXT,
    "varchar": VARCHAR,
    "json": JSON,
    "jsonb": JSONB,
    "uuid": UUID_TYPE,
    "bytea": BYTEA,
    "timestamptz": TIMESTAMPTZ,
    "interval": INTERVAL,
}

BY_OID = {each.oid: each for each in [*_NAMES.values(), VOID]}
"""Types by their object identifiers."""


def type_named(name: str) -> Type:
    """The type that a name stands for.

    Raises:
        SqlError: the stand-in has no such type.
    """
    found = _NAMES.get(name.lower())
    if found is None:
        raise unsupported(f"the type {name}: it has {', '.join(_NAMES)}")
    return found
