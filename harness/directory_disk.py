"""The interface of a node's disk over one directory of the real file system.

A storage engine that is written against `splitbrain.harness.node.Disk` runs on it as it is. Reads
and writes use offsets of open files, each opened once; ``fsync`` blocks the calling thread, which
has nothing else to do.
"""

from __future__ import annotations

import os
from pathlib import Path


class DirectoryDisk:
    """The files of one directory; see `splitbrain.harness.node.Disk` for what the methods do.

    Args:
        folder: the directory; made if it isn't there. Nobody else writes in it.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._open: dict[str, int] = {}

    def __enter__(self) -> DirectoryDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all files; what was not synced is where the operating system has it."""
        while self._open:
            os.close(self._open.popitem()[1])

    def exists(self, path: str) -> bool:
        """Whether the file exists."""
        return path in self._open or self._place(path).exists()

    def list(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted(os.listdir(self.folder))

    def size(self, path: str) -> int:
        """The file's size in bytes."""
        return os.fstat(self._file(path)).st_size

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        """Up to `length` bytes (all, if None) from `offset`."""
        if length is None:
            length = max(0, self.size(path) - offset)
        return os.pread(self._file(path), length, offset)

    def write(self, path: str, offset: int, data: bytes) -> int:
        """Write `data` at `offset`; creates the file."""
        return os.pwrite(self._file(path, create=True), data, offset)

    def append(self, path: str, data: bytes) -> int:
        """Write `data` at the end; creates the file."""
        file = self._file(path, create=True)
        return os.pwrite(file, data, os.fstat(file).st_size)

    def truncate(self, path: str, size: int) -> None:
        """Cut the file to `size` bytes, or extend it with zero bytes."""
        os.ftruncate(self._file(path), size)

    def rename(self, old: str, new: str) -> None:
        """Rename a file, replacing `new` atomically."""
        os.rename(self._place(old), self._place(new))
        self._forget(new)
        if old in self._open and old != new:
            self._open[new] = self._open.pop(old)

    def remove(self, path: str) -> None:
        """Remove a file."""
        os.remove(self._place(path))
        self._forget(path)

    async def fsync(self, path: str) -> None:
        """Wait until everything written to the file before the call is durable."""
        os.fsync(self._file(path))

    async def fsync_dir(self) -> None:
        """Wait until all creations, renames and removals before the call are durable."""
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _place(self, path: str) -> Path:
        if not path or os.sep in path or path in (".", ".."):
            raise ValueError(f"{path!r} is no name of a file in one flat directory")
        return self.folder / path

    def _forget(self, path: str) -> None:
        if path in self._open:
            os.close(self._open.pop(path))

    def _file(self, path: str, *, create: bool = False) -> int:
        file = self._open.get(path)
        if file is None:
            flags = os.O_RDWR | (os.O_CREAT if create else 0)
            file = self._open[path] = os.open(self._place(path), flags, 0o644)
        return file
