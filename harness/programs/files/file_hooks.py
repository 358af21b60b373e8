"""Where `open` and the functions of `os` ask the files of the program that is running."""

from __future__ import annotations

import builtins
import glob
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from splitbrain.harness.programs.files.simulated_files import Elsewhere, Files
from splitbrain.harness.programs.network.machine import Machine, machine_under
from splitbrain.harness.programs.network.segments import BUFFER
from splitbrain.harness.simulation.wires import replace, running_program

_unlink = os.unlink

_FUNCTIONS = {
    "open": "os_open",
    "close": "close",
    "read": "read",
    "write": "write",
    "pread": "pread",
    "pwrite": "pwrite",
    "lseek": "lseek",
    "ftruncate": "ftruncate",
    "fsync": "fsync",
    "fdatasync": "fsync",
    "truncate": "truncate",
    "rename": "rename",
    "replace": "rename",
    "remove": "remove",
    "unlink": "remove",
    "mkdir": "mkdir",
    "rmdir": "rmdir",
    "stat": "stat",
    "lstat": "stat",
    "fstat": "stat",
    "access": "access",
    "listdir": "listdir",
    "scandir": "scandir",
    "chmod": "settled",
    "chown": "settled",
    "utime": "settled",
}
"""The functions of `os`, and the method of `Files` that each asks first."""


def files_of(machine: Machine) -> Files:
    """The files of the process that runs on the machine."""
    process = machine.host.incarnation
    files = machine.files
    if not isinstance(files, Files) or files._process is not process:
        assert process is not None
        files = machine.files = Files(process, machine.folders, machine.sockets)
    return files


def replace_files() -> None:
    """Put the hooks in place until the running world ends."""
    opening = _hook(builtins.open, "open")
    replace(builtins, "open", opening)
    replace(io, "open", opening)
    for name, method in _FUNCTIONS.items():
        if hasattr(os, name):
            replace(os, name, _hook(getattr(os, name), method))
    if hasattr(os, "sendfile"):
        replace(os, "sendfile", _sending(os.sendfile))
    # `shutil.rmtree` would name what is in a folder relative to the folder's descriptor.
    replace(shutil, "_use_fd_functions", False)
    if hasattr(shutil, "_rmtree_impl"):
        replace(shutil, "_rmtree_impl", getattr(shutil, "_rmtree_unsafe"))  # noqa: B009
    _replace_in_temporary_files()
    if sys.version_info[:2] == (3, 13):  # its `Path.glob` keeps these in a class
        globber: Any = getattr(glob, "_StringGlobber")  # noqa: B009 - no other version's has it so
        replace(globber, "scandir", staticmethod(os.scandir))
        replace(globber, "lstat", staticmethod(os.lstat))


def _sending(real: Callable[..., int]) -> Callable[..., int]:
    """`os.sendfile` into a simulated socket, by which asyncio and aiohttp send files."""

    def sendfile(out_fd: int, in_fd: int, offset: int, count: int, *more: Any) -> int:
        program = running_program()
        found = None if program is None or program.dead else machine_under(program).descriptors
        sock = None if found is None else found.at(out_fd)
        if sock is None:
            return real(out_fd, in_fd, offset, count, *more)
        sent: int = sock.send(os.pread(in_fd, min(count, BUFFER), offset))
        return sent

    return sendfile


def _replace_in_temporary_files() -> None:
    """`tempfile` draws its names anew in each run, and removes what is simulated: it keeps its
    generator for a process's number, and `os.unlink` as the default of an argument."""
    replace(tempfile, "_name_sequence", None)
    closer: Any = getattr(tempfile, "_TemporaryFileCloser")  # noqa: B009 - all versions have it so
    for function in vars(closer).values():
        if any(default is _unlink for default in getattr(function, "__defaults__", None) or ()):
            defaults = (os.unlink if d is _unlink else d for d in function.__defaults__)
            replace(function, "__defaults__", tuple(defaults))


def _hook(real: Callable[..., Any], method: str) -> Callable[..., Any]:
    def asking(*arguments: Any, **named: Any) -> Any:
        program = running_program()
        if program is None or program.dead:
            return real(*arguments, **named)
        try:
            return getattr(files_of(machine_under(program)), method)(*arguments, **named)
        except Elsewhere:
            return real(*arguments, **named)

    return asking
