"""Calls that a process may not make before the keeper lets it, whatever the process is written in.

    process ── fsync ──► kernel ── "may it?" ──► keeper ── "go on" ──► fsync is done

A filter of system calls that a process installs before anything else, and that its children and the
programs that it becomes inherit, asks its *listener* about each call that waits for the disk
(seccomp_unotify(2)): fsync, fdatasync, msync, sync and syncfs. Asked about is also a file that is
opened so that each write waits (O_SYNC, O_DSYNC). There is no io_uring, as in an older kernel: what
it syncs nobody would see. Nothing else takes any longer: writes go to the page cache as ever. It
takes no rights; without those of root, what the process starts gains none by a set-user-id bit.

A signal that stops the process or has a handler ends the wait, and the kernel begins the call anew.
A handler that was installed without SA_RESTART sees EINTR, which local file systems do not give.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import struct
from dataclasses import dataclass

from splitbrain.harness.processes.trying import refused

FSYNC, MSYNC, SYNC, SYNCFS, OPEN = "fsync", "msync", "sync", "syncfs", "open"
"""What is asked about; fdatasync counts as fsync."""

_X86_64, _AARCH64 = 0xC000003E, 0xC00000B7
_URING_SETUP = 425


@dataclass(frozen=True, slots=True)
class _Machine:
    """Its audit number, the number of seccomp, names by number of what is asked about, and of calls
    that open files the number and where the flags are."""

    audit: int
    seccomp: int
    calls: dict[int, str]
    opening: dict[int, int]


_MACHINES = {
    "x86_64": _Machine(
        _X86_64,
        317,
        {74: FSYNC, 75: FSYNC, 26: MSYNC, 162: SYNC, 306: SYNCFS},
        {2: 1, 257: 2},
    ),
    "aarch64": _Machine(
        _AARCH64,
        277,
        {82: FSYNC, 83: FSYNC, 227: MSYNC, 81: SYNC, 267: SYNCFS},
        {56: 2},
    ),
}

_FILTER, _SPECULATE, _LISTENER = 1, 1 << 2, 1 << 3
_NO_NEW_PRIVILEGES = 38
_ALLOW, _ASK, _UNKNOWN = 0x7FFF0000, 0x7FC00000, 0x00050000 | errno.ENOSYS
_LOAD, _IF_EQUAL, _IF_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_EACH_WRITE_WAITS = 0o10000
"""O_DSYNC, which is also a bit of O_SYNC."""

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_QUESTION = struct.Struct("=QIIiIQ6Q")
"""Its id, whose it is, flags; then the call: number, machine, where, arguments."""
_ANSWER = struct.Struct("=QqiI")
_CONTINUE = 1


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


@dataclass(frozen=True, slots=True)
class Question:
    """A call that waits for an answer.

    Attributes:
        file: the listener that told of it.
        identity: what the kernel knows it by.
        thread: whose call it is.
        call: one of the names above.
        arguments: its six arguments.
    """

    file: int
    identity: int
    thread: int
    call: str
    arguments: tuple[int, ...]

    def go_on(self) -> None:
        """Let the call be made, unless a signal or the process's end was sooner."""
        try:
            fcntl.ioctl(self.file, _SEND, _ANSWER.pack(self.identity, 0, 0, _CONTINUE))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise


def listener() -> int:
    """Install the filter in this process, which has one thread; the file of its listener.

    Raises:
        OSError: the kernel does not let it, or does not know how.
    """
    machine = _machine()
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in _code(machine))
    kept = ctypes.create_string_buffer(code)
    program = _Program(len(code) // 8, ctypes.cast(kept, ctypes.c_void_p))
    library = ctypes.CDLL(None, use_errno=True)

    def install() -> int:
        flags = ctypes.c_ulong(_LISTENER | _SPECULATE)
        return int(library.syscall(machine.seccomp, _FILTER, flags, ctypes.byref(program)))

    file = install()
    if file < 0 and ctypes.get_errno() == errno.EACCES:
        library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        file = install()
    if file < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
    return file


def _machine() -> _Machine:
    if platform.machine() not in _MACHINES:
        raise OSError(errno.ENOSYS, f"no filter is written for {platform.machine()}")
    return _MACHINES[platform.machine()]


def _code(machine: _Machine) -> list[tuple[int, int, int, int]]:
    """The filter: operation, how many instructions to leave out if so and if not, number."""
    ask = (_RETURN, 0, 0, _ASK)
    allow = (_RETURN, 0, 0, _ALLOW)
    code = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_IF_EQUAL, 1, 0, machine.audit),  # another one's calls have other numbers
        allow,
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_EQUAL, 0, 1, _URING_SETUP),
        (_RETURN, 0, 0, _UNKNOWN),
    ]
    for number in machine.calls:
        code += [(_IF_EQUAL, 0, 1, number), ask]
    for number, argument in machine.opening.items():
        flags_at = _ARGUMENTS_AT + 8 * argument
        code += [
            (_IF_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, flags_at),
            (_IF_BIT, 0, 1, _EACH_WRITE_WAITS),
            ask,
            allow,
        ]
    return [*code, allow]


def unavailable() -> str | None:
    """Why no process's calls can be held up here; None if they can, as a child tried."""
    why = refused(listener)
    return why and f"the kernel lets nobody wait for a process's system calls ({why})"


def taken(file: int) -> Question | None:
    """The question that a listener has; None if the call was ended meanwhile."""
    question = bytearray(_QUESTION.size)
    try:
        fcntl.ioctl(file, _RECEIVE, question)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.EINTR):
            raise
        return None
    identity, thread, _, number, _, _, *arguments = _QUESTION.unpack(question)
    return Question(file, identity, thread, _machine().calls.get(number, OPEN), tuple(arguments))
