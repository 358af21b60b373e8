"""An open file of a simulated process: below Python's own buffers and text layers.

A file's bytes are on the host's simulated disk: a kill keeps what was written and loses what a
buffer still held; a power loss keeps what was synced. Whatever a fault does to the disk (EIO,
ENOSPC, short and torn writes) it does to these files.
"""

from __future__ import annotations

import errno
import io
import os
from typing import Any, NamedTuple

from splitbrain.harness.node import NodeDead
from splitbrain.harness.programs.network.segments import error_of
from splitbrain.harness.simulation.incarnation import Incarnation


class OpenFile(io.RawIOBase):
    """A file, or a directory, that a process has open.

    Attributes:
        path: its name on the simulated disk.
        number: its descriptor.
        directory: it is a directory, which can only be synced.
    """

    def __init__(
        self, process: Incarnation, path: str, number: int, flags: int, *, directory: bool = False
    ) -> None:
        self.process, self.path, self.number = process, path, number
        self.directory = directory
        access = flags & os.O_ACCMODE
        self._reads = access in (os.O_RDONLY, os.O_RDWR)
        self._writes = access in (os.O_WRONLY, os.O_RDWR)
        self._appends = bool(flags & os.O_APPEND)
        self._offset = 0
        self.name = path

    def fileno(self) -> int:
        """Its descriptor, for `os.fsync`."""
        return self.number

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return self._reads

    def writable(self) -> bool:
        """See `io.RawIOBase`."""
        return self._writes

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def isatty(self) -> bool:
        """See `io.RawIOBase`."""
        return False

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`."""
        data = self.read_at(len(buffer), self._offset)
        buffer[: len(data)] = data
        self._offset += len(data)
        return len(data)

    def read_at(self, size: int, offset: int) -> bytes:
        """See `os.pread`."""
        if not self._reads or self.directory:
            raise error_of(errno.EISDIR if self.directory else errno.EBADF)
        return self.process.disk.read(self.path, offset, size)

    def write(self, data: Any) -> int:
        """See `io.RawIOBase`; a dead process's buffers go nowhere."""
        if self._appends and self._writes and not self.process.dead:
            self._offset = self.size()
        written = self.write_at(data, self._offset)
        self._offset += written
        return written

    def write_at(self, data: Any, offset: int) -> int:
        """See `os.pwrite`; what appends does so wherever it is told to write, as on Linux."""
        if not self._writes:
            raise error_of(errno.EBADF)
        content = bytes(data)
        if self.process.dead:
            return len(content)
        at = self.size() if self._appends else offset
        return self.process.disk.write(self.path, at, content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        if whence == os.SEEK_CUR:
            offset += self._offset
        elif whence == os.SEEK_END:
            offset += self.size()
        if offset < 0:
            raise error_of(errno.EINVAL)
        self._offset = offset
        return offset

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._offset

    def truncate(self, size: int | None = None) -> int:
        """See `io.RawIOBase`."""
        size = self._offset if size is None else size
        self.process.disk.truncate(self.path, size)
        return size

    def size(self) -> int:
        """Bytes in it now; 0 if it was removed."""
        disk = self.process.disk
        return disk.size(self.path) if disk.exists(self.path) else 0

    def sync(self) -> None:
        """Make it durable, in no time at all: the caller cannot wait.

        Raises:
            OSError: a fault of the disk.
        """
        if self.process.dead:
            raise NodeDead
        self.process.disk.sync_now(None if self.directory else self.path)


class Text(NamedTuple):
    """How the bytes of a file are read as text; see `open`."""

    encoding: str
    errors: str | None
    newline: str | None


def layered(raw: OpenFile, mode: str, buffering: int, text: Text) -> Any:
    """The file as `open` returns it."""
    if buffering == 0:
        return raw
    size = io.DEFAULT_BUFFER_SIZE if buffering in (-1, 1) else buffering
    buffer: io.BufferedIOBase
    if "+" in mode:
        buffer = io.BufferedRandom(raw, size)
    elif raw.writable():
        buffer = io.BufferedWriter(raw, size)
    else:
        buffer = io.BufferedReader(raw, size)
    if "b" in mode:
        return buffer
    wrapper = io.TextIOWrapper(buffer, *text, line_buffering=buffering == 1)
    wrapper.mode = mode  # type: ignore[misc]
    return wrapper
