"""What stands around a record's bytes in the log: how to read them, and whether they are whole.

    envelope = form:u8 format:u8 schema:varint length:varint checksum:u32 payload

Form 1 has the payload's CRC-32, form 2 that of all that stands before it and the payload. The
newest version reads both, and writes the first: who writes what others cannot read yet takes it
away from them. The next version may write it, once no older one runs.
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

from splitbrain.systems.encoding import EncodingError
from splitbrain.systems.encoding.varints import read_varint, write_varint

FORMATS = ("json", "tagged", "avro")
"""By number, from 1."""

READS = {1: (1,), 2: (1,), 3: (1, 2)}
"""By version, the forms that it reads."""

WRITES = {1: 1, 2: 1, 3: 1}
"""By version, the form that it writes."""


class Sealed(NamedTuple):
    """What an envelope says.

    Attributes:
        format: a name of `FORMATS`.
        schema: the id of the schema that wrote the payload; 0 in formats that need none.
        payload: the record's bytes.
    """

    format: str
    schema: int
    payload: bytes


def seal(sealed: Sealed, form: int) -> bytes:
    """The envelope around a payload."""
    head = bytes([form, FORMATS.index(sealed.format) + 1])
    head += write_varint(sealed.schema) + write_varint(len(sealed.payload))
    return head + _checksum(form, head, sealed.payload) + sealed.payload


def opened(data: bytes, forms: tuple[int, ...]) -> Sealed:
    """What is in an envelope.

    Args:
        data: its bytes, and no more.
        forms: those that can be read.

    Raises:
        EncodingError: it has another form, or is not whole.
    """
    sealed, checksum = parts(data, forms)
    head = data[: len(data) - len(sealed.payload) - len(checksum)]
    length, _ = read_varint(head, read_varint(head, 2)[1])
    if length != len(sealed.payload):
        raise EncodingError(
            f"the payload has {len(sealed.payload)} bytes, and should have {length}"
        )
    if checksum != _checksum(data[0], head, sealed.payload):
        raise EncodingError("the checksum is wrong")
    return sealed


def parts(data: bytes, forms: tuple[int, ...]) -> tuple[Sealed, bytes]:
    """What an envelope seems to hold, and its checksum, which are not compared."""
    if len(data) < 2 or data[0] not in forms:
        form = data[0] if data else "nothing"
        raise EncodingError(f"an envelope of form {form} cannot be read here")
    if not 1 <= data[1] <= len(FORMATS):
        raise EncodingError(f"there is no format {data[1]}")
    schema, at = read_varint(data, 2)
    _, at = read_varint(data, at)
    if len(data) < at + 4:
        raise EncodingError("the envelope ends within its checksum")
    return Sealed(FORMATS[data[1] - 1], schema, data[at + 4 :]), data[at : at + 4]


def _checksum(form: int, head: bytes, payload: bytes) -> bytes:
    covered = payload if form == 1 else head + payload
    return crc32(covered).to_bytes(4, "little")
