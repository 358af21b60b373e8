"""Pages of a B-tree: nodes as bytes of one size, each with a checksum of itself and of its place.

Layout (little endian)::

    page    = checksum:u32 length:u32 number:u64 generation:u64 payload zero bytes
    node    = MessagePack of [is a leaf, [[key, value], ...]]                          (a leaf)
                          or [false, [[first key, [page, generation]], ...]]           (a branch)
    meta    = MessagePack of [root's page, root's generation]; page 0 is no root: the tree is empty

The checksum is the CRC-32 of all that follows it up to the payload's end. A page knows its number,
and who refers to it knows its generation: one that was written to another place, or not at all, is
not taken for what should be there.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import msgspec

from splitbrain.systems.storage.engine import Damaged

HEADER = struct.Struct("<IIQQ")
METAS = 2
"""Pages at the beginning that say where the root is."""


class Ref(NamedTuple):
    """Where a node is: a page, and the commit that wrote it."""

    page: int
    generation: int


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
        return [len(key) + 26 for key, _ in self.entries]


Node = Leaf | Branch

_encode = msgspec.msgpack.Encoder().encode
_kind = msgspec.msgpack.Decoder(tuple[bool, list[tuple[bytes, msgspec.Raw]]]).decode
_leaf = msgspec.msgpack.Decoder(tuple[bool, list[tuple[bytes, bytes]]]).decode
_branch = msgspec.msgpack.Decoder(tuple[bool, list[tuple[bytes, tuple[int, int]]]]).decode
_meta = msgspec.msgpack.Decoder(tuple[int, int]).decode


def capacity(page_bytes: int) -> int:
    """How many bytes of entries fit on a page."""
    return page_bytes - HEADER.size - 8


def size(node: Node) -> int:
    """How many bytes of entries a node has."""
    return sum(node.sizes())


def encoded(node: Node, ref: Ref, page_bytes: int) -> bytes:
    """A node as a page."""
    return _page(_encode((isinstance(node, Leaf), node.entries)), ref, page_bytes)


def decoded(data: bytes, ref: Ref) -> Node:
    """The node on a page.

    Raises:
        Damaged: the page is not the one that was written there in that generation.
    """
    payload, generation = _payload(data, ref.page)
    if generation != ref.generation:
        raise Damaged(
            f"page {ref.page} is of commit {generation}, not of {ref.generation}: a write was lost"
        )
    try:
        leaf = _kind(payload)[0]
        if leaf:
            return Leaf(_leaf(payload)[1])
        return Branch([(key, Ref(*child)) for key, child in _branch(payload)[1]])
    except msgspec.MsgspecError as error:
        raise Damaged(f"page {ref.page} is no node: {error}") from None


def meta_encoded(slot: int, root: Ref | None, generation: int, page_bytes: int) -> bytes:
    """A page that says where the root is."""
    return _page(_encode(root or Ref(0, 0)), Ref(slot, generation), page_bytes)


def meta_decoded(data: bytes, slot: int) -> tuple[int, Ref | None]:
    """The commit that wrote a meta page, and the root.

    Raises:
        Damaged: the page is not what was written.
    """
    payload, generation = _payload(data, slot)
    try:
        root = Ref(*_meta(payload))
    except msgspec.MsgspecError as error:
        raise Damaged(f"page {slot} tells of no root: {error}") from None
    return generation, root if root.page else None


def _page(payload: bytes, ref: Ref, page_bytes: int) -> bytes:
    rest = struct.pack("<IQQ", len(payload), *ref) + payload
    page = struct.pack("<I", crc32(rest)) + rest
    assert len(page) <= page_bytes, "a node is too large for its page"
    return page.ljust(page_bytes, b"\0")


def _payload(data: bytes, number: int) -> tuple[bytes, int]:
    if len(data) < HEADER.size:
        raise Damaged(f"page {number} is not there")
    checksum, length, found, generation = HEADER.unpack_from(data)
    end = HEADER.size + length
    if end > len(data) or crc32(data[4:end]) != checksum or found != number:
        raise Damaged(f"page {number} is damaged")
    return data[HEADER.size : end], generation
