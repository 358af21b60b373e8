"""Pages of a B-tree: nodes as bytes of one size, each with a checksum of itself and of its place.

Layout (little endian)::

    page    = checksum:u32 length:u32 number:u64 generation:u64 payload zero bytes
    node    = MessagePack of [is a leaf, [[key, value], ...]]                          (a leaf)
                          or [false, [[first key, [page, generation, checksum]], ...]] (a branch)
    meta    = MessagePack of [page, generation, checksum] of the root; page 0: the tree is empty

The checksum is the CRC-32 of all that follows it up to the payload's end. A page knows its number,
and who refers to it knows its generation and its checksum, as in a hash tree (Merkle, CRYPTO 1987)
and in ZFS: one that was written to another place, or not at all, is not taken for what should be
there, and a root vouches for every page below it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import msgspec

from splitbrain.systems.storage.engine import Damaged

HEADER = struct.Struct("<IIQQ")
SECTOR = 512
METAS = 2
"""Pages at the beginning that say where the root is."""


class Ref(NamedTuple):
    """Where a node is: a page, the commit that wrote it, and what it wrote there."""

    page: int
    generation: int
    checksum: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """Keys with their values, in order."""

    entries: Sequence[tuple[bytes, bytes]]

    def sizes(self) -> list[int]:
        """How many bytes each entry takes on a page, at most."""
        return [len(key) + len(value) + 11 for key, value in self.entries]


@dataclass(frozen=True, slots=True)
class Branch:
    """Nodes one level below, in order, each with its first key."""

    entries: Sequence[tuple[bytes, Ref]]

    def sizes(self) -> list[int]:
        """How many bytes each entry takes on a page, at most."""
        return [len(key) + 31 for key, _ in self.entries]


Node = Leaf | Branch

_encode = msgspec.msgpack.Encoder().encode
_kind = msgspec.msgpack.Decoder(tuple[bool, list[tuple[bytes, msgspec.Raw]]]).decode
_leaf = msgspec.msgpack.Decoder(tuple[bool, list[tuple[bytes, bytes]]]).decode
_branch = msgspec.msgpack.Decoder(tuple[bool, list[tuple[bytes, tuple[int, int, int]]]]).decode
_meta = msgspec.msgpack.Decoder(tuple[int, int, int]).decode


def capacity(page_bytes: int) -> int:
    """How many bytes of entries fit on a page."""
    return page_bytes - HEADER.size - 8


def size(node: Node) -> int:
    """How many bytes of entries a node has."""
    return sum(node.sizes())


def encoded(node: Node, page: int, generation: int, page_bytes: int) -> tuple[Ref, bytes]:
    """A node as a page, and who it is."""
    data = _page(_encode((isinstance(node, Leaf), node.entries)), page, generation, page_bytes)
    return Ref(page, generation, HEADER.unpack_from(data)[0]), data


def decoded(data: bytes, ref: Ref) -> Node:
    """The node on a page.

    Raises:
        Damaged: the page is not the one that was written there in that generation.
    """
    payload, generation, checksum = _payload(data, ref.page)
    if generation != ref.generation:
        raise Damaged(
            f"page {ref.page} is of commit {generation}, not of {ref.generation}: a write was lost"
        )
    if checksum != ref.checksum:
        raise Damaged(f"page {ref.page} is of another commit {generation}: a write was lost")
    try:
        leaf = _kind(payload)[0]
        if leaf:
            return Leaf(_leaf(payload)[1])
        return Branch([(key, Ref(*child)) for key, child in _branch(payload)[1]])
    except msgspec.MsgspecError as error:
        raise Damaged(f"page {ref.page} is no node: {error}") from None


def meta_encoded(slot: int, root: Ref | None, generation: int, page_bytes: int) -> bytes:
    """A page that says where the root is."""
    return _page(_encode(root or Ref(0, 0, 0)), slot, generation, page_bytes)


def meta_decoded(data: bytes, slot: int) -> tuple[int, Ref | None]:
    """The commit that wrote a meta page, and the root.

    Raises:
        Damaged: the page is not what was written.
    """
    payload, generation, _ = _payload(data, slot)
    try:
        root = Ref(*_meta(payload))
    except msgspec.MsgspecError as error:
        raise Damaged(f"page {slot} tells of no root: {error}") from None
    return generation, root if root.page else None


def metas_astray(data: bytes, start: int, page_bytes: int) -> Iterator[int]:
    """The commits that meta pages tell of which are whole sectors away from their places: where a
    disk has put them, not a crash. `data` is the file from `start` on, which is a sector's start.
    """
    for slot in range(METAS):
        place = slot * page_bytes
        for at in range(place % SECTOR, len(data) - HEADER.size, SECTOR):
            if start + at == place or HEADER.unpack_from(data, at)[2] != slot:
                continue
            try:
                yield meta_decoded(data[at : at + page_bytes], slot)[0]
            except Damaged:
                continue  # it is no such page


def _page(payload: bytes, number: int, generation: int, page_bytes: int) -> bytes:
    rest = struct.pack("<IQQ", len(payload), number, generation) + payload
    page = struct.pack("<I", crc32(rest)) + rest
    assert len(page) <= page_bytes, "a node is too large for its page"
    return page.ljust(page_bytes, b"\0")


def _payload(data: bytes, number: int) -> tuple[bytes, int, int]:
    if len(data) < HEADER.size:
        raise Damaged(f"page {number} is not there")
    checksum, length, found, generation = HEADER.unpack_from(data)
    end = HEADER.size + length
    if end > len(data) or crc32(data[4:end]) != checksum or found != number:
        raise Damaged(f"page {number} is damaged")
    return data[HEADER.size : end], generation, checksum
