"""Records in a log file, each in a frame whose checksum continues that of the frame before.

    log     = frame*
    frame   = length:u32 checksum:u32 payload        (little endian; the payload is MessagePack)

The checksum is the CRC-32 of the payload continued from the previous frame's, the first one's from
a number that each kind of log has for itself: neither a run of zero bytes nor an old frame behind a
new one is taken for a frame.

>>> data, _ = encode([("vote", 3), ("entry", (1, 2))], start=7)
>>> records, end, _ = decode(data + b"torn", start=7)
>>> records, end == len(data)
([('vote', 3), ('entry', (1, 2))], True)
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any
from zlib import crc32

import msgspec

_HEADER = struct.Struct("<II")


def encode(records: Iterable[tuple[Any, ...]], start: int) -> tuple[bytes, int]:
    """The frames of some records, and the checksum that the next frame continues from `start`."""
    frames = []
    for record in records:
        payload = msgspec.msgpack.encode(record)
        start = crc32(payload, start)
        frames.append(_HEADER.pack(len(payload), start) + payload)
    return b"".join(frames), start


def decode(data: bytes, start: int) -> tuple[list[tuple[Any, ...]], int, int]:
    """The records up to the first frame that is not whole, where it begins (bytes), and the last
    good checksum.

    No sync ended after a frame that a crash tore was written, so nobody relies on it, or on
    anything behind it. Damage to what was synced looks the same from here.
    """
    records: list[tuple[Any, ...]] = []
    position = 0
    while position + _HEADER.size <= len(data):
        length, expected = _HEADER.unpack_from(data, position)
        payload = data[position + _HEADER.size : position + _HEADER.size + length]
        checksum = crc32(payload, start)
        if length == 0 or len(payload) < length or checksum != expected:
            break
        records.append(frozen(msgspec.msgpack.decode(payload)))
        start = checksum
        position += _HEADER.size + length
    return records, position, start


def frozen(value: Any) -> Any:
    """The value with tuples for lists, which is what messages and records hold."""
    return tuple(frozen(part) for part in value) if isinstance(value, list | tuple) else value
