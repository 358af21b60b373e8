"""What an unmodified program is told of the machine that it is on: the same on each host, and on
whatever machine the test itself runs."""

from __future__ import annotations

import errno
import os
import platform
import resource
from collections.abc import Callable
from typing import Any

from splitbrain.harness.programs.network.machine import machine_under
from splitbrain.harness.simulation.wires import replace, running_program

CORES = 4
"""Processors of each host; its program still has one thread."""

_DISK_BYTES = 100 << 30
"""The room on each host's disk, all of it free."""

_MEMORY_BYTES = 64 << 20
"""What each program is said to take."""

_SYSTEM, _RELEASE, _BUILD, _PROCESSOR = "Linux", "6.1.0", "#1 SMP", "x86_64"


def _cores() -> int:
    return CORES


def _affinity(pid: int) -> set[int]:
    return set(range(CORES))


def _load() -> tuple[float, float, float]:
    return 0.0, 0.0, 0.0


def _room(of: object) -> os.statvfs_result:
    blocks, files = _DISK_BYTES // 4096, 1 << 24
    return os.statvfs_result((4096, 4096, blocks, blocks, blocks, files, files, files, 0, 255))


def _no_terminal(*descriptor: int) -> os.terminal_size:
    raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))


def _times() -> os.times_result:
    program = running_program()
    assert program is not None
    return os.times_result((0.0, 0.0, 0.0, 0.0, program.clock.monotonic()))


def _usage(who: int) -> resource.struct_rusage:
    return resource.struct_rusage([0.0, 0.0, _MEMORY_BYTES // 1024, *[0] * 13])


def _name() -> str:
    program = running_program()
    assert program is not None
    return machine_under(program).name


def _os_uname() -> os.uname_result:
    return os.uname_result((_SYSTEM, _name(), _RELEASE, _BUILD, _PROCESSOR))


def _uname() -> platform.uname_result:
    told = platform.uname_result(_SYSTEM, _name(), _RELEASE, _BUILD, _PROCESSOR)
    vars(told)["processor"] = ""  # else a command is asked for it
    return told


_FACTS: dict[str, Callable[..., Any]] = {
    "cpu_count": _cores,
    "process_cpu_count": _cores,
    "sched_getaffinity": _affinity,
    "getloadavg": _load,
    "uname": _os_uname,
    "statvfs": _room,
    "fstatvfs": _room,
    "get_terminal_size": _no_terminal,
    "times": _times,
}
"""The functions of `os`, those that this Python has."""


def replace_host_facts() -> None:
    """Put the answers in place until the running world ends."""
    for name, answer in _FACTS.items():
        if hasattr(os, name):
            replace(os, name, _of_a_program(answer, getattr(os, name)))
    replace(resource, "getrusage", _of_a_program(_usage, resource.getrusage))
    replace(platform, "uname", _of_a_program(_uname, platform.uname))
    replace(platform, "_platform_cache", {})


def _of_a_program(answer: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    def ask(*arguments: Any, **named: Any) -> Any:
        return (real if running_program() is None else answer)(*arguments, **named)

    return ask
