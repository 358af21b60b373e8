"""Files of an unmodified program: what it writes is on its host's simulated disk.

`open`, `os` and `pathlib` see the files of the simulated disk before those of the real machine,
which they may only read: templates, certificates, modules. A path below the current folder is
named relative to it, so that a run is the same elsewhere. Directories are durable at once.

A directory's entries are: whatever was made by `mkdir`, whatever a file's name implies, and the
real folders, in which files may be made that are not really there.
"""

from __future__ import annotations

import errno
import os
import stat as modes
from collections.abc import Iterator
from typing import Any

from splitbrain.harness.programs.files.open_files import OpenFile, Text, layered
from splitbrain.harness.programs.network.segments import error_of
from splitbrain.harness.simulation.clock import EPOCH
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.wires import FIRST_FILE

_FLAGS = {"r": os.O_RDONLY, "w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC}
_FLAGS |= {"a": os.O_WRONLY | os.O_CREAT | os.O_APPEND, "x": os.O_WRONLY | os.O_CREAT | os.O_EXCL}

_real_isdir, _real_exists = os.path.isdir, os.path.exists


class Elsewhere(Exception):
    """The file is the real machine's, or nobody's."""


class Files:
    """The open files of one process, over its host's disk.

    Args:
        process: whose they are.
        folders: the directories that the host has, besides those that files imply.
        sockets: the names of its Unix sockets.
    """

    def __init__(
        self, process: Incarnation, folders: dict[str, None], sockets: dict[str, int]
    ) -> None:
        self._process, self._folders, self._sockets = process, folders, sockets
        self._open: dict[int, OpenFile] = {}
        self._next = FIRST_FILE

    # Names

    @staticmethod
    def name(path: Any) -> str:
        """The name of a file on the simulated disk."""
        text = os.fsdecode(path)
        absolute = os.path.normpath(os.path.join(os.getcwd(), text))
        return os.path.relpath(absolute) if absolute.startswith(os.getcwd() + os.sep) else absolute

    def has(self, path: Any) -> bool:
        """Whether the simulated disk has this file."""
        return self._process.disk.exists(self.name(path))

    def free_name(self, path: Any) -> str:
        """The name of a socket that is to be made.

        Raises:
            OSError: there is something of this name, or no such folder.
        """
        if self.has(path) or self.is_folder(path) or _real_exists(path):
            raise _error(errno.EADDRINUSE, path)
        self._check_folder(path)
        return self.name(path)

    def is_folder(self, path: Any) -> bool:
        """Whether this is a directory, simulated or real."""
        return self._is_ours(self.name(path)) or _real_isdir(path)

    def _is_ours(self, name: str) -> bool:
        inside = f"{name}/"
        return name in self._folders or any(
            file.startswith(inside) for file in self._process.disk.list()
        )

    # Opening

    def open(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        """See `open`.

        Raises:
            Elsewhere: the real function is to be asked.
        """
        text = Text(encoding or "utf-8", errors, newline)
        if opener is not None:
            file = opener(file, _flags_of(mode))
        if isinstance(file, int):
            return layered(self._at(file), mode, buffering, text)
        return layered(self._opened(file, _flags_of(mode)), mode, buffering, text)

    def _opened(self, path: Any, flags: int) -> OpenFile:
        if path == os.devnull:
            raise Elsewhere
        name, disk = self.name(path), self._process.disk
        writes = flags & os.O_ACCMODE != os.O_RDONLY
        exists = disk.exists(name)
        if name in self._sockets:
            raise _error(errno.ENXIO, path)
        if not exists and self.is_folder(path):
            if writes:
                raise _error(errno.EISDIR, path)
            if not self._is_ours(name) and flags & os.O_DIRECTORY == 0:
                raise Elsewhere  # a real folder, to be looked into
            return self._numbered(name, flags, directory=True)
        if not exists:
            if not flags & os.O_CREAT or (_real_exists(path) and not flags & os.O_TRUNC):
                raise Elsewhere  # it may be read, if it is there; to write it is refused
            self._check_folder(path)
            disk.write(name, 0, b"")
        elif flags & os.O_EXCL:
            raise _error(errno.EEXIST, path)
        elif flags & os.O_TRUNC:
            disk.truncate(name, 0)
        return self._numbered(name, flags)

    def _numbered(self, name: str, flags: int, *, directory: bool = False) -> OpenFile:
        self._next += 1
        opened = OpenFile(self._process, name, self._next, flags, directory=directory)
        self._open[self._next] = opened
        return opened

    def _check_folder(self, path: Any) -> None:
        folder = os.path.dirname(os.fsdecode(path))
        if folder and not self.is_folder(folder):
            raise _error(errno.ENOENT, path)

    # What `os` does, by name; each raises `Elsewhere` if it is the real machine's

    def os_open(self, path: Any, flags: int, mode: int = 0o777, **named: Any) -> int:
        """See `os.open`."""
        return self._opened(path, flags).number

    def _at(self, number: Any) -> OpenFile:
        found = self._open.get(number)
        if found is None:
            raise Elsewhere
        return found

    def close(self, number: int) -> None:
        """See `os.close`."""
        self._at(number)
        del self._open[number]

    def read(self, number: int, size: int) -> bytes:
        """See `os.read`."""
        return self._at(number).read(size) or b""

    def write(self, number: int, data: Any) -> int:
        """See `os.write`."""
        return self._at(number).write(data)

    def pread(self, number: int, size: int, offset: int) -> bytes:
        """See `os.pread`."""
        return self._at(number).read_at(size, offset)

    def pwrite(self, number: int, data: Any, offset: int) -> int:
        """See `os.pwrite`."""
        return self._at(number).write_at(data, offset)

    def lseek(self, number: int, offset: int, whence: int) -> int:
        """See `os.lseek`."""
        return self._at(number).seek(offset, whence)

    def ftruncate(self, number: int, size: int) -> None:
        """See `os.ftruncate`."""
        self._at(number).truncate(size)

    def fsync(self, what: Any) -> None:
        """See `os.fsync` and `os.fdatasync`."""
        self._at(what if isinstance(what, int) else what.fileno()).sync()

    def truncate(self, path: Any, size: int) -> None:
        """See `os.truncate`."""
        if isinstance(path, int):
            self.ftruncate(path, size)
        self._process.disk.truncate(self._mine(path), size)

    def rename(self, old: Any, new: Any, **named: Any) -> None:
        """See `os.rename` and `os.replace`."""
        name = self._mine(old)
        self._check_folder(new)
        self._process.disk.rename(name, self.name(new))

    def remove(self, path: Any, **named: Any) -> None:
        """See `os.remove` and `os.unlink`."""
        if self._sockets.pop(self.name(path), None) is not None:
            return
        self._process.disk.remove(self._mine(path))

    def _mine(self, path: Any) -> str:
        if not self.has(path):
            raise self._not_mine(path)
        return self.name(path)

    def _not_mine(self, path: Any) -> Exception:
        """What to raise for a path that is not on the simulated disk."""
        really = self._is_ours(self.name(path)) or _real_exists(path)
        return Elsewhere() if really else _error(errno.ENOENT, path)

    def mkdir(self, path: Any, mode: int = 0o777, **named: Any) -> None:
        """See `os.mkdir`."""
        if self.has(path) or self.is_folder(path):
            raise _error(errno.EEXIST, path)
        self._check_folder(path)
        self._folders[self.name(path)] = None

    def rmdir(self, path: Any, **named: Any) -> None:
        """See `os.rmdir`."""
        name = self.name(path)
        if not self._is_ours(name):
            raise self._not_mine(path)
        if any(self._inside(name)):
            raise _error(errno.ENOTEMPTY, path)
        del self._folders[name]

    def stat(self, path: Any, **named: Any) -> os.stat_result:
        """See `os.stat`, `os.lstat` and `os.fstat`."""
        if isinstance(path, int):
            opened = self._at(path)
            return _told(opened.size(), modes.S_IFDIR if opened.directory else modes.S_IFREG)
        name = self.name(path)
        if self._process.disk.exists(name):
            return _told(self._process.disk.size(name))
        if name in self._sockets:
            return _told(0, modes.S_IFSOCK)
        if not self._is_ours(name):
            raise Elsewhere
        return _told(0, modes.S_IFDIR)

    def settled(self, path: Any, *arguments: Any, **named: Any) -> None:
        """See `os.chmod`, `os.chown` and `os.utime`: rights, owners and times are not kept."""
        if isinstance(path, int):
            self._at(path)
        elif not self._knows(path):
            raise self._not_mine(path)  # if it is nowhere, `Path.touch` then makes it

    def access(self, path: Any, mode: int, **named: Any) -> bool:
        """See `os.access`."""
        if self._knows(path):
            return True
        raise Elsewhere

    def _knows(self, path: Any) -> bool:
        """Whether a file, folder or socket of this name is on the simulated disk."""
        name = self.name(path)
        return self.has(path) or name in self._sockets or self._is_ours(name)

    def listdir(self, path: Any = ".") -> list[str]:
        """See `os.listdir`; in a real folder, what was made there alone, if anything was."""
        name = self.name(path)
        inside = list(dict.fromkeys(self._inside("" if name == os.getcwd() else name)))
        if not inside and not self._is_ours(name):
            raise Elsewhere
        return inside

    def scandir(self, path: Any = ".") -> Listing:
        """See `os.scandir`, and `listdir`."""
        return Listing(self, os.fsdecode(path), self.listdir(path))

    def _inside(self, folder: str) -> Iterator[str]:
        prefix = f"{folder}/" if folder else ""
        for name in (*self._process.disk.list(), *self._folders, *self._sockets):
            if name.startswith(prefix) and name != folder and not (not prefix and name[0] == "/"):
                yield name[len(prefix) :].partition("/")[0]


class Entry:
    """See `os.DirEntry`."""

    def __init__(self, files: Files, name: str, path: str) -> None:
        self._files, self.name, self.path = files, name, path

    def __fspath__(self) -> str:
        return self.path

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a file."""
        return self._files.has(self.path)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a directory."""
        return self._files.is_folder(self.path)

    def is_symlink(self) -> bool:
        """There are no links."""
        return False

    def is_junction(self) -> bool:
        """Nor junctions."""
        return False

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """See `os.stat`."""
        return self._files.stat(self.path)


class Listing:
    """What `os.scandir` returns."""

    def __init__(self, files: Files, folder: str, names: list[str]) -> None:
        self._entries = iter([Entry(files, name, os.path.join(folder, name)) for name in names])

    def __enter__(self) -> Listing:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __iter__(self) -> Listing:
        return self

    def __next__(self) -> Entry:
        return next(self._entries)

    def close(self) -> None:
        """Nothing is kept open."""


def _flags_of(mode: str) -> int:
    flags = _FLAGS[next((letter for letter in mode if letter in _FLAGS), "r")]
    return flags & ~os.O_ACCMODE | os.O_RDWR if "+" in mode else flags


def _error(number: int, path: Any) -> OSError:
    error = error_of(number)
    error.filename = os.fsdecode(path)
    return error


def _told(size: int, kind: int = modes.S_IFREG) -> os.stat_result:
    mode = kind | (0o644 if kind == modes.S_IFREG else 0o755)
    moment = int(EPOCH)  # nobody keeps the time of a change
    return os.stat_result((mode, 0, 0, 1, 0, 0, size, moment, moment, moment))
