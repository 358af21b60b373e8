"""Entries of the log as they are on disk: of one size each, every one bound to all before it.

    entry  = position:u32 kind:u8 user:u16 subject:u32 request:u64 digest:8 bytes     (27 bytes)
    digest = BLAKE2b(digest of the entry before + the rest of this one)

Who reads the log from its beginning can tell whether it is the one that was written, whoever kept
or carried it: a chain of hashes, the simplest of the trees of Merkle (1987). The subject of a
change is a friend, that of a post its number.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import NamedTuple

_PLAIN = struct.Struct("<IBHIQ")
_DIGEST = 8

SIZE = _PLAIN.size + _DIGEST
"""Bytes of an entry."""

FIRST = bytes(_DIGEST)
"""What stands for the digest before the first entry."""

BEFRIEND, UNFRIEND, POST = 1, 2, 3


class Entry(NamedTuple):
    """What happened, and where in the log, from 1; `request` tells it from all others."""

    position: int
    kind: int
    user: int
    subject: int
    request: int


def packed(entry: Entry, before: bytes) -> tuple[bytes, bytes]:
    """An entry's bytes, and its digest."""
    plain = _PLAIN.pack(*entry)
    digest = blake2b(before + plain, digest_size=_DIGEST).digest()
    return plain + digest, digest


def unpacked(data: bytes) -> Entry:
    """What an entry's bytes say, right or not."""
    return Entry(*_PLAIN.unpack(data[: _PLAIN.size]))


def digest_of(data: bytes, before: bytes) -> bytes | None:
    """The digest of an entry, if it is the one that followed; else None."""
    digest = blake2b(before + data[: _PLAIN.size], digest_size=_DIGEST).digest()
    return digest if digest == data[_PLAIN.size :] else None
