"""Whole reads and writes on disks that do less than they are asked to, and files put in place of
others in one step."""

from __future__ import annotations

import errno

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.engine import Full

PIECE = 1 << 20
"""The most that is read at once, in bytes."""


def read_all(disk: Disk, path: str, offset: int = 0, length: int | None = None) -> bytes:
    """`length` bytes from `offset` (up to the end, if None); less if the file ends before."""
    pieces, missing = [], disk.size(path) - offset if length is None else length
    while missing > 0:
        piece = disk.read(path, offset, min(missing, PIECE))
        if not piece:
            break
        pieces.append(piece)
        offset += len(piece)
        missing -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def write_all(disk: Disk, path: str, offset: int, data: bytes) -> None:
    """Write all of `data` at `offset`."""
    written = disk.write(path, offset, data)
    while written < len(data):
        written += disk.write(path, offset + written, data[written:])


async def write_new(disk: Disk, path: str, content: bytes) -> None:
    """Make a durable file with this content, in the place of whatever has its name.

    Raises:
        Full: no room; there is no such file now.
        OSError: the disk failed; there is no such file now.
    """
    try:
        if disk.exists(path):
            disk.truncate(path, 0)
        write_all(disk, path, 0, content)
        await disk.fsync(path)
    except OSError as error:
        if disk.exists(path):
            disk.remove(path)
        if error.errno == errno.ENOSPC:
            raise Full(f"no room for {path}") from error
        raise


async def replace(disk: Disk, path: str, content: bytes) -> None:
    """Put a file with this content in the place of another: a crash leaves either.

    Raises:
        Full: no room; nothing was changed.
        OSError: the disk failed; either may be there.
    """
    temporary = path + ".new"
    await write_new(disk, temporary, content)
    disk.rename(temporary, path)
    await disk.fsync_dir()
