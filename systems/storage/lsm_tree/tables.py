"""Sorted string tables: files of keys in order, written once and never changed.

Layout (little endian)::

    table   = block* index trailer
    block   = MessagePack of [[key, value or null], ...], in order of keys; null is a tombstone
    index   = MessagePack of [[[first key, offset, length, checksum], ...], bloom filter, last key,
              count]
    trailer = offset of the index:u64 length:u32 checksum:u32

Checksums are CRC-32 begun with the table's number and the offset, so that a block of another table,
or of another place, does not fit. The index has those of the blocks, the trailer has that of the
index, and the manifest, too: so a table that an earlier process left under the same number is not
taken for the one that should be there.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zlib import crc32

import msgspec

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.engine import Damaged
from splitbrain.systems.storage.files import read_all
from splitbrain.systems.storage.lsm_tree.bloom import Bloom

Entry = tuple[bytes, bytes | None]

_TRAILER = struct.Struct("<QII")
_encode = msgspec.msgpack.Encoder().encode
_entries = msgspec.msgpack.Decoder(list[tuple[bytes, bytes | None]]).decode
_Index = tuple[list[tuple[bytes, int, int, int]], bytes, bytes, int]
_index = msgspec.msgpack.Decoder(_Index).decode


def name_of(number: int) -> str:
    """The file of a table."""
    return f"{number:06}.sst"


def _checksum(data: bytes, number: int, offset: int) -> int:
    return crc32(data, crc32(struct.pack("<QQ", number, offset)))


@dataclass(frozen=True, slots=True)
class Block:
    """Where a block is: its first key, its place in the file, its checksum."""

    first: bytes
    offset: int
    length: int
    checksum: int


def encoded(number: int, entries: Iterable[Entry], block_bytes: int) -> bytes:
    """A table of these entries, which come in order of their keys, each key once."""
    blocks: list[tuple[bytes, int, int, int]] = []
    pieces: list[bytes] = []
    keys: list[bytes] = []
    waiting: list[Entry] = []
    offset = size = 0

    def seal() -> None:
        nonlocal offset, size
        data = _encode(waiting)
        blocks.append((waiting[0][0], offset, len(data), _checksum(data, number, offset)))
        pieces.append(data)
        offset, size = offset + len(data), 0
        waiting.clear()

    for key, value in entries:
        keys.append(key)
        waiting.append((key, value))
        size += len(key) + len(value or b"")
        if size >= block_bytes:
            seal()
    if waiting:
        seal()
    index = _encode((blocks, Bloom.of(keys).bits, keys[-1], len(keys)))
    trailer = _TRAILER.pack(offset, len(index), _checksum(index, number, offset))
    return b"".join((*pieces, index, trailer))


class Table:
    """A table that is read; its index and its filter are in memory.

    Args:
        disk: where it is.
        number: which it is.
        checksum: that of its index, as the manifest has it; None to believe the trailer.

    Raises:
        Damaged: the file is not what was written.
    """

    def __init__(self, disk: Disk, number: int, checksum: int | None = None) -> None:
        self.disk = disk
        self.number = number
        self.path = name_of(number)
        if not disk.exists(self.path):
            raise Damaged(f"{self.path} is not there")
        self.size = disk.size(self.path)
        if self.size < _TRAILER.size:
            raise Damaged(f"{self.path} is too short for a table")
        trailer = read_all(disk, self.path, self.size - _TRAILER.size, _TRAILER.size)
        offset, length, self.checksum = _TRAILER.unpack(trailer.ljust(_TRAILER.size, b"\0"))
        if offset + length + _TRAILER.size != self.size:
            raise Damaged(f"{self.path} has a damaged trailer")
        if checksum is not None and checksum != self.checksum:
            raise Damaged(f"{self.path} is not the table that the manifest names")
        try:
            index = _index(self._checked(offset, length, self.checksum))
        except msgspec.MsgspecError as error:
            raise Damaged(f"{self.path} has no index: {error}") from None
        blocks, bits, self.last, self.count = index
        if not blocks or not bits:
            raise Damaged(f"{self.path} has an empty index")
        self.blocks = [Block(*block) for block in blocks]
        self.bloom = Bloom(bits)
        self.first = self.blocks[0].first
        self._firsts = [block.first for block in self.blocks]

    def _checked(self, offset: int, length: int, checksum: int) -> bytes:
        data = read_all(self.disk, self.path, offset, length)
        if _checksum(data, self.number, offset) != checksum:
            raise Damaged(f"{self.path}: the block at byte {offset:,} is damaged")
        return data

    def block(self, position: int) -> list[Entry]:
        """The entries of a block.

        Raises:
            Damaged: they are not what was written.
        """
        block = self.blocks[position]
        data = self._checked(block.offset, block.length, block.checksum)
        try:
            return _entries(data)
        except msgspec.MsgspecError as error:
            raise Damaged(f"{self.path}: block {position} has no entries: {error}") from None

    def find(self, key: bytes) -> Entry | None:
        """The entry of a key; None if there is none.

        Raises:
            Damaged: its block is not what was written.
        """
        if not self.first <= key <= self.last or key not in self.bloom:
            return None
        entries = self.block(bisect_right(self._firsts, key) - 1)
        place = bisect_right(entries, key, key=lambda entry: entry[0]) - 1
        return entries[place] if place >= 0 and entries[place][0] == key else None

    def after(self, key: bytes | None) -> Iterator[Entry]:
        """All entries behind a key (None: all), in order.

        Raises:
            Damaged: a block is not what was written.
        """
        start = 0 if key is None else max(0, bisect_right(self._firsts, key) - 1)
        for position in range(start, len(self.blocks)):
            for entry in self.block(position):
                if key is None or entry[0] > key:
                    yield entry
