"""The data on disk: pages, each a file with the keys that hash to it.

    page = length:u32 checksum:u32 MessagePack of [lsn, {key: value}]

A page says the number of the last log record that is in it (its LSN), which tells recovery what is
missing from it. Pages are replaced whole, by renaming, so a crash leaves the old one or the new.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple
from zlib import crc32

import msgspec

from splitbrain.harness.node import Disk
from splitbrain.systems.frames import frozen
from splitbrain.systems.transactions.operations import Value

PAGES = 8
_HEADER = struct.Struct("<II")


class Page(NamedTuple):
    """A page's content, and the number of the last log record in it."""

    lsn: int
    values: Mapping[str, Value]


EMPTY = Page(0, {})


def page_of(key: str) -> int:
    """The number of the page that holds a key."""
    return crc32(key.encode()) % PAGES


def read_pages(disk: Disk) -> dict[int, Page]:
    """All pages; those never written are empty.

    Raises:
        OSError: a page is damaged, though it was synced before it was renamed.
    """
    return {number: _read(disk, _path(number)) for number in range(PAGES)}


def _read(disk: Disk, path: str) -> Page:
    if not disk.exists(path):
        return EMPTY
    data = disk.read(path)
    length, checksum = _HEADER.unpack_from(data)
    payload = data[_HEADER.size : _HEADER.size + length]
    if crc32(payload) != checksum:
        raise OSError(f"{path} is damaged though it was synced: restore the disk or wipe it")
    lsn, values = msgspec.msgpack.decode(payload)
    return Page(lsn, {key: frozen(value) for key, value in values.items()})


async def write_page(disk: Disk, number: int, page: Page) -> None:
    """Replace a page on disk."""
    payload = msgspec.msgpack.encode(page)
    path, temporary = _path(number), _path(number) + ".new"
    if disk.exists(temporary):
        disk.truncate(temporary, 0)
    disk.append(temporary, _HEADER.pack(len(payload), crc32(payload)) + payload)
    await disk.fsync(temporary)
    disk.rename(temporary, path)
    await disk.fsync_dir()


def _path(number: int) -> str:
    return f"page-{number}"
