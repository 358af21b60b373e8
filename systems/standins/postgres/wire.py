"""PostgreSQL's wire protocol, version 3: messages in, messages out.

Source: chapter "Frontend/Backend Protocol" of PostgreSQL's documentation, "Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from splitbrain.systems.standins.postgres.errors import PROTOCOL, SqlError
from splitbrain.systems.standins.postgres.types import BY_OID, Type

PROTOCOL_3 = 196608
CANCEL = 80877102
SSL, GSS = 80877103, 80877104

BINARY = 1


class Fields:
    """Reads the fields of a message, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, form: str) -> int:
        """A number of this form (`struct`)."""
        (found,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return int(found)

    def numbers(self, form: str) -> list[int]:
        """Numbers, with how many of them before."""
        return [self.number(form) for _ in range(self.number(">h"))]

    def text(self) -> str:
        """A text that ends with a zero."""
        end = self._data.index(b"\0", self._at)
        found, self._at = self._data[self._at : end], end + 1
        return found.decode()

    def value(self) -> bytes | None:
        """The bytes of a value, with their number before; None for NULL."""
        size = self.number(">i")
        if size < 0:
            return None
        self._at += size
        return self._data[self._at - size : self._at]

    def byte(self) -> bytes:
        """One byte."""
        self._at += 1
        return self._data[self._at - 1 : self._at]

    @property
    def over(self) -> bool:
        """Whether all is read."""
        return self._at >= len(self._data)


def message(kind: bytes, *parts: bytes) -> bytes:
    """A message of the server's."""
    body = b"".join(parts)
    return kind + struct.pack(">i", 4 + len(body)) + body


def text(value: str) -> bytes:
    """A text that ends with a zero."""
    return value.encode() + b"\0"


def error(problem: SqlError) -> bytes:
    """``ErrorResponse``."""
    fields = {"S": "ERROR", "V": "ERROR", "C": problem.code, "M": str(problem)}
    return message(b"E", *(key.encode() + text(value) for key, value in fields.items()), b"\0")


def parameters(types: Sequence[Type]) -> bytes:
    """``ParameterDescription``."""
    oids = b"".join(struct.pack(">i", each.oid) for each in types)
    return message(b"t", struct.pack(">h", len(types)), oids)


def columns(described: Sequence[tuple[str, Type]], formats: Sequence[int]) -> bytes:
    """``RowDescription``, or ``NoData``."""
    if not described:
        return message(b"n")
    made = [
        text(name) + struct.pack(">ihihih", 0, 0, kind.oid, kind.size, -1, _format(formats, at))
        for at, (name, kind) in enumerate(described)
    ]
    return message(b"T", struct.pack(">h", len(made)), *made)


def row(values: Sequence[Any], types: Sequence[Type], formats: Sequence[int]) -> bytes:
    """``DataRow``."""
    made = []
    for at, (value, kind) in enumerate(zip(values, types, strict=True)):
        if value is None:
            made.append(struct.pack(">i", -1))
            continue
        binary = _format(formats, at) == BINARY
        data = kind.packed(value) if binary else kind.text(value).encode()
        made.append(struct.pack(">i", len(data)) + data)
    return message(b"D", struct.pack(">h", len(values)), *made)


def read_parameters(fields: Fields, types: Sequence[Type]) -> list[Any]:
    """The values of a ``Bind``, as its formats say.

    Raises:
        SqlError: there are more or fewer than the statement has.
    """
    formats = fields.numbers(">h")
    given = [fields.value() for _ in range(fields.number(">h"))]
    if len(given) != len(types):
        raise SqlError(
            PROTOCOL, f"bind message supplies {len(given)} parameters, but {len(types)} are needed"
        )
    return [
        None
        if data is None
        else kind.unpacked(data)
        if _format(formats, at) == BINARY
        else kind.of_text(data.decode())
        for at, (data, kind) in enumerate(zip(given, types, strict=True))
    ]


def known_type(oid: int) -> Type | None:
    """The type of a parameter that a client names; None where it leaves that to the server.

    Raises:
        SqlError: the stand-in has no such type.
    """
    if oid == 0:
        return None
    if oid not in BY_OID:
        raise SqlError(PROTOCOL, f"the stand-in for PostgreSQL has no type with the number {oid}")
    return BY_OID[oid]


def _format(formats: Sequence[int], at: int) -> int:
    """A value's format: all have the one that is given, or each its own; text unless given."""
    if not formats:
        return 0
    return formats[0] if len(formats) == 1 else formats[at]
