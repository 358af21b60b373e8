"""Wall clocks that are wrong, for any program of x86-64 Linux: its own vDSO, rewritten.

A program asks for the time in the vDSO, a page or two of code that the kernel maps into each
process (vdso(7)). The mapping is private, so who may trace the process may write there through
``/proc/PID/mem``, and the process gets a copy of its own. `set_offset` puts functions into the zero
bytes at its end that ask the kernel and add an offset, and jumps to them at the entries of
``clock_gettime`` (wall clocks alone), ``gettimeofday`` and ``time``. Unlike libfaketime this needs
nothing of the program: it may be linked statically, or be written in Go.

What it starts by ``exec`` has a fresh vDSO, and its monotonic clock, its timers and the times of
files are right, as with a wall clock that somebody has set.
"""

from __future__ import annotations

import os
import platform
import struct
import sys
from collections.abc import Iterator
from math import floor
from pathlib import Path

_MAGIC = b"splitclk"
_DATA = struct.Struct("<8sqqq")
"""What the functions add: seconds, and nanoseconds (microseconds) from 0 to a second."""

_SECONDS, _NANOSECONDS, _MICROSECONDS = 8, 16, 24
_JUMP = 5
_DYNAMIC_SYMBOLS = 11  # SHT_DYNSYM


class NoClock(OSError):
    """A process's clock cannot be set, and why."""


_CHILDREN = 1
"""Of ptrace_scope: a process may trace those that it has started."""


class Busy(OSError):
    """A process is in the middle of what is to be rewritten: let it go on, and try again."""


def unavailable() -> str | None:
    """Why clocks cannot be set on this machine; None if they can, as seen on this process."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return f"it takes Linux on x86_64, and this is {sys.platform} on {platform.machine()}"
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    if scope.exists() and int(scope.read_text()) > _CHILDREN and os.geteuid():
        return "no process may trace another one here (kernel.yama.ptrace_scope)"
    try:
        begin, end = _mapping("self")
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            memory.seek(begin)
            _Layout(memory.read(end - begin))
    except OSError as error:
        return str(error)
    return None


def set_offset(pid: int, seconds: float) -> None:
    """Have a process see the wall clock so many seconds ahead (negative: behind); it stands still
    meanwhile.

    Raises:
        NoClock: it cannot be done.
        Busy: it cannot be done right now.
        OSError: the process is no more, or this one may not trace it.
    """
    begin, end = _mapping(str(pid))
    memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
    try:
        image = os.pread(memory, end - begin, begin)
        at = image.find(_MAGIC)
        layout = None if at >= 0 else _Layout(image)
        if layout is not None:
            layout.check_nobody_inside(pid, begin)
            at = layout.free
        whole = floor(seconds)
        part = min(999_999_999, round((seconds - whole) * 1e9))
        os.pwrite(memory, _DATA.pack(_MAGIC, whole, part, part // 1000), begin + at)
        if layout is not None:
            for place, code in layout.code:
                os.pwrite(memory, code, begin + place)
    finally:
        os.close(memory)


def asked_since(pid: int) -> bool:
    """Whether a process has called any function of its vDSO since `forget`."""
    told = Path(f"/proc/{pid}/smaps").read_text().partition("[vdso]")[2]
    return int(told.partition("Referenced:")[2].split(maxsplit=1)[0]) > 0


def forget(pid: int) -> None:
    """Begin anew to see what a process calls (clear_refs in proc(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("1")


def _mapping(process: str) -> tuple[int, int]:
    for line in Path("/proc", process, "maps").read_text().splitlines():
        if line.endswith("[vdso]"):
            begin, end = line.split()[0].split("-")
            return int(begin, 16), int(end, 16)
    raise NoClock(f"process {process} has no vDSO")


class _Layout:
    """Where in an image of the vDSO the functions are, and where there is room.

    Attributes:
        free: where the data go.
        code: what to write, and where: the functions first, then the jumps to them.

    Raises:
        NoClock: it is none that we know.
    """

    def __init__(self, image: bytes) -> None:
        entries = dict(_symbols(image))
        missing = [name for name in _FUNCTIONS if name not in entries]
        if missing:
            raise NoClock(f"the vDSO has no {missing[0]}")
        self.free = place = -(-len(image.rstrip(b"\0")) // 64) * 64
        self._entries = [entries[name] for name in _FUNCTIONS]
        place += _DATA.size
        functions, jumps = [], []
        for name, make in _FUNCTIONS.items():
            function = make(place, self.free)
            functions.append((place, function))
            distance = place - (entries[name] + _JUMP)
            jumps.append((entries[name], b"\xe9" + struct.pack("<i", distance)))
            place += -(-len(function) // 16) * 16
        if place > len(image):
            raise NoClock(f"the vDSO has only {len(image) - self.free} free bytes")
        self.code = (*functions, *jumps)

    def check_nobody_inside(self, pid: int, begin: int) -> None:
        """Find out that no thread of a stopped process is where a jump will be.

        Raises:
            Busy: one is.
        """
        for task in Path(f"/proc/{pid}/task").iterdir():
            told = (task / "syscall").read_text().split()
            at = int(told[-1], 16) - begin if len(told) > 1 else 0
            if any(entry < at < entry + _JUMP for entry in self._entries):
                raise Busy(f"process {pid} asks for the time at this very moment")


def _symbols(image: bytes) -> Iterator[tuple[str, int]]:
    """The dynamic symbols of an ELF image, with where they are in it (elf(5))."""
    if image[:5] != b"\x7fELF\2":
        raise NoClock("the vDSO is no 64-bit ELF image")
    (sections,) = struct.unpack_from("<Q", image, 40)
    size, count = struct.unpack_from("<HH", image, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", image, sections + n * size) for n in range(count)]
    for _, kind, _, _, offset, length, link, *_ in headers:
        if kind == _DYNAMIC_SYMBOLS:
            names = headers[link][4]
            for at in range(offset, offset + length, 24):
                name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", image, at)
                begin = names + name
                yield image[begin : image.index(b"\0", begin)].decode(), value


_RSI, _RDI = 6, 7

# The functions, which keep to the calling convention of C: rax, rcx, rdx, rsi, rdi are theirs.


def _relative(code: bytearray, instruction: str, place: int, target: int) -> None:
    """Append an instruction that names its operand by the distance from its own end."""
    code += bytes.fromhex(instruction)
    code += struct.pack("<i", target - (place + len(code) + 4))


def _clock_gettime(place: int, data: int) -> bytes:
    """int (clockid edi, timespec *rsi): what the kernel says, plus the offset for wall clocks."""
    code = bytearray.fromhex("b8 e4000000 0f05 85c0")  # eax = 228; syscall; eax == 0?
    code += bytes.fromhex("75 35 85ff 74 05 83ff05 75 2c")  # no: out; clock 0, or 5 (coarse)?
    return bytes(code + _added(place + len(code), data, _RSI, _NANOSECONDS, 10**9))


def _gettimeofday(place: int, data: int) -> bytes:
    """int (timeval *rdi, timezone *rsi)."""
    code = bytearray.fromhex("b8 60000000 0f05 85c0")  # eax = 96; syscall; eax == 0?
    code += bytes.fromhex("75 31 4885ff 74 2c")  # no: out; is there a timeval?
    return bytes(code + _added(place + len(code), data, _RDI, _MICROSECONDS, 10**6))


def _added(place: int, data: int, register: int, unit: int, second: int) -> bytes:
    """Add the offset to the two words that a register points to, and return: 45 bytes."""
    code = bytearray()
    _relative(code, "488b0d", place, data + _SECONDS)  # rcx = seconds
    code += bytes([0x48, 0x01, 0x08 | register])  # add them to the first word
    _relative(code, "488b0d", place, data + unit)  # rcx = the rest
    code += bytes([0x48, 0x03, 0x48 | register, 8])  # and the second word
    code += b"\x48\x81\xf9" + struct.pack("<i", second)  # less than a second:
    code += b"\x7c\x0a"  # skip ten bytes
    code += b"\x48\x81\xe9" + struct.pack("<i", second)  # else take one off
    code += bytes([0x48, 0xFF, register])  # and add it to the first word
    return bytes(code + bytes([0x48, 0x89, 0x48 | register, 8, 0xC3]))


def _time(place: int, data: int) -> bytes:
    """time_t (time_t *rdi)."""
    code = bytearray.fromhex("b8 c9000000 0f05")  # eax = 201; syscall
    _relative(code, "480305", place, data + _SECONDS)  # add the seconds
    return bytes(code + bytes.fromhex("4885ff 74 03 488907 c3"))


_FUNCTIONS = {
    "__vdso_clock_gettime": _clock_gettime,
    "__vdso_gettimeofday": _gettimeofday,
    "__vdso_time": _time,
}
