"""Integers in as many bytes as they need: base-128 varints, and zigzag for signed ones.

Seven bits a byte, the lowest first; the highest bit of a byte says that another follows. Protocol
Buffers and Avro share both ("Encoding", protobuf.dev/programming-guides/encoding; Apache Avro
specification, "Binary Encoding").

>>> write_varint(300).hex(), read_varint(bytes.fromhex("ac02"), 0)
('ac02', (300, 2))
>>> [zigzag(n) for n in (0, -1, 1, -2)]
[0, 1, 2, 3]
"""

from __future__ import annotations

from splitbrain.systems.encoding.errors import EncodingError

_MOST_BYTES = 10


def write_varint(number: int) -> bytes:
    """The shortest encoding of a number from 0 to 2**64 - 1."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(0x80 | number & 0x7F)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at a position, and the position behind it.

    Raises:
        EncodingError: the bytes end within it, or it has more than 64 bits.
    """
    number = 0
    for count in range(_MOST_BYTES):
        if at + count >= len(data):
            raise EncodingError(f"the bytes end within a number, at byte {at + count}")
        byte = data[at + count]
        number |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if number >> 64:
                break
            return number, at + count + 1
    raise EncodingError(f"the number at byte {at} has more than 64 bits")


def zigzag(number: int) -> int:
    """A signed 64-bit number as an unsigned one; those near zero stay small."""
    return number << 1 if number >= 0 else ((-number - 1) << 1) | 1


def unzigzag(number: int) -> int:
    """What `zigzag` was given."""
    return (number >> 1) ^ -(number & 1)
