"""Slow disks: who answers a process's fsync late has it wait, whatever it is written in.

    process ── fsync ──► kernel ── "may it?" ──► keeper ── after a while: "go on" ──► fsync is done

A filter of system calls that a process installs before anything else, and that its children and the
programs that it becomes inherit, asks its *listener* about each call that waits for the disk
(seccomp_unotify(2)). Nothing else takes any longer: writes go to the page cache as ever. It takes
no rights; without those of root, what the process starts gains none by a set-user-id bit.

A signal that stops the process or has a handler ends the wait, and the kernel begins the call anew:
it is known again by its thread, and waits only for what was left. A handler that was installed
without SA_RESTART sees EINTR, which local file systems do not give.

Seen are fsync, fdatasync, msync, sync and syncfs; not O_SYNC, nor io_uring.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import select
import struct
from dataclasses import dataclass
from math import inf
from random import Random

from splitbrain.harness.hosttime import seconds
from splitbrain.harness.processes.trying import refused

_X86_64, _AARCH64 = 0xC000003E, 0xC00000B7
_MACHINES: dict[str, tuple[int, int, tuple[int, ...]]] = {
    "x86_64": (_X86_64, 317, (74, 75, 26, 162, 306)),
    "aarch64": (_AARCH64, 277, (82, 83, 227, 81, 267)),
}
"""Its audit number, and the numbers of seccomp and of fsync, fdatasync, msync, sync, syncfs."""

_FILTER, _SPECULATE, _LISTENER = 1, 1 << 2, 1 << 3
_NO_NEW_PRIVILEGES = 38
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_AT, _MACHINE_AT = 0, 4

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_QUESTION = struct.Struct("=QII64x")
"""Its id, whose it is, flags; then the call, which does not matter here (80 bytes)."""
_ANSWER = struct.Struct("=QqiI")
_CONTINUE = 1


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def listener() -> int:
    """Install the filter in this process, which has one thread; the file of its listener.

    Raises:
        OSError: the kernel does not let it, or does not know how.
    """
    if platform.machine() not in _MACHINES:
        raise OSError(errno.ENOSYS, f"no filter is written for {platform.machine()}")
    machine, seccomp, calls = _MACHINES[platform.machine()]
    code = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (_LOAD, 0, 0, _MACHINE_AT),
            (_IF_EQUAL, 0, len(calls) + 1, machine),  # another one's calls have other numbers
            (_LOAD, 0, 0, _NUMBER_AT),
            *((_IF_EQUAL, len(calls) - number, 0, call) for number, call in enumerate(calls)),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _ASK),
        )
    )
    kept = ctypes.create_string_buffer(code)
    program = _Program(len(code) // 8, ctypes.cast(kept, ctypes.c_void_p))
    library = ctypes.CDLL(None, use_errno=True)

    def install() -> int:
        flags = ctypes.c_ulong(_LISTENER | _SPECULATE)
        return int(library.syscall(seccomp, _FILTER, flags, ctypes.byref(program)))

    file = install()
    if file < 0 and ctypes.get_errno() == errno.EACCES:
        library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        file = install()
    if file < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
    return file


def unavailable() -> str | None:
    """Why no process's fsync can be held up here; None if it can, as a child tried."""
    why = refused(listener)
    return why and f"the kernel lets nobody wait for a process's system calls ({why})"


@dataclass(slots=True)
class _Rule:
    mean: float | None
    """Seconds that a call takes longer; None: as long as the rule is in force."""
    dice: Random
    affected: int = 0


@dataclass(slots=True)
class _Call:
    file: int
    identity: int
    due: float


class Syncs:
    """The calls of one server's processes that wait for the disk, in the keeper."""

    def __init__(self) -> None:
        self._rules: dict[str, _Rule] = {}
        self._calls: dict[int, _Call] = {}  # by thread, which makes one call at a time

    def add(self, name: str, mean: float | None, seed: int) -> None:
        """Have calls that begin from now on take longer, by an exponentially distributed time of so
        many seconds; or, without a mean, until the rule is removed."""
        self._rules[name] = _Rule(mean, Random(seed))

    def remove(self, name: str) -> int:
        """Lift a rule; what no other holds up goes on at once. How many calls it has struck."""
        rule = self._rules.pop(name)
        if not self._rules:
            for call in self._calls.values():
                call.due = 0.0
        self.go_on()
        return rule.affected

    def asked(self, file: int) -> bool:
        """Take a call that a listener tells of; False if nobody is left who could make one."""
        poll = select.poll()
        poll.register(file, select.POLLIN)
        events = dict(poll.poll(0)).get(file, 0)
        if events & select.POLLHUP:
            self._calls = {t: call for t, call in self._calls.items() if call.file != file}
            return False
        if not events & select.POLLIN:
            return True  # a signal has ended it meanwhile
        question = bytearray(_QUESTION.size)
        try:
            fcntl.ioctl(file, _RECEIVE, question)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EINTR):
                raise
            return True  # likewise
        identity, thread, _ = _QUESTION.unpack(question)
        before = self._calls.get(thread)
        due = self._due() if before is None else before.due
        self._calls[thread] = _Call(file, identity, due)
        self.go_on()
        return True

    def _due(self) -> float:
        due = seconds()
        for rule in self._rules.values():
            rule.affected += 1
            if rule.mean is not None:
                due += rule.dice.expovariate(1.0 / rule.mean)
        return due

    @property
    def next(self) -> float:
        """Seconds until a call may go on; infinite if none waits that may."""
        if self._stalled():
            return inf
        return min((call.due for call in self._calls.values()), default=inf) - seconds()

    def _stalled(self) -> bool:
        return any(rule.mean is None for rule in self._rules.values())

    def go_on(self) -> None:
        """Let the calls go on that have waited for long enough."""
        if self._stalled():
            return
        now = seconds()
        for thread in [thread for thread, call in self._calls.items() if call.due <= now]:
            call = self._calls.pop(thread)
            try:
                fcntl.ioctl(call.file, _SEND, _ANSWER.pack(call.identity, 0, 0, _CONTINUE))
            except OSError as error:
                if error.errno != errno.ENOENT:  # a signal has ended it, or its process
                    raise
