"""The bytes of a file that somebody names: never a pipe that nobody fills, never without end."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from typing import BinaryIO

BYTES_MAX = 1 << 30
"""How large a file may be, and what it unpacks to; a history takes several times that in memory."""

# What the shell's <(command) and /dev/stdin name: pipes that have somebody at the other end.
_HANDED_OVER = re.compile(r"/dev/(fd/\d+|stdin)|/proc/(self|\d+)/fd/\d+")

_NO_FILES: tuple[tuple[Callable[[int], bool], int, str], ...] = (
    (stat.S_ISDIR, errno.EISDIR, "it is a folder: name a file in it"),
    (
        stat.S_ISFIFO,
        errno.ESPIPE,
        "it is a named pipe, and reading it may never end: use standard input",
    ),
    (stat.S_ISCHR, errno.ENODEV, "it is a device, not a file"),
    (stat.S_ISBLK, errno.ENODEV, "it is a device, not a file"),
    (stat.S_ISSOCK, errno.ENODEV, "it is a socket, not a file"),
)


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: it cannot be read, is no file (a folder, a named pipe, a device) or larger than
            `BYTES_MAX`; ``strerror`` says so.
    """
    name = os.fspath(path)
    mode = os.stat(name).st_mode
    if not _HANDED_OVER.fullmatch(name):
        for is_one, number, problem in _NO_FILES:
            if is_one(mode):
                raise OSError(number, problem, name)
    with open(name, "rb") as file:
        return read_stream(file, name)


def read_stream(stream: BinaryIO, name: str) -> bytes:
    """All bytes of a stream.

    Args:
        stream: what to read to its end.
        name: what it is called in errors.

    Raises:
        OSError: it cannot be read, or has more than `BYTES_MAX` bytes; ``strerror`` says so.
    """
    data = stream.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise OSError(errno.EFBIG, f"it is larger than {BYTES_MAX >> 20} MiB", name)
    return data
