"""What an unmodified program is told of the machine that it is on: the same on each host, and on
whatever machine the test itself runs."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from typing import Any

from splitbrain.harness.programs.network.machine import machine_under
from splitbrain.harness.simulation.wires import replace, running_program

CORES = 4
"""Processors of each host; its program still has one thread."""

_SYSTEM, _RELEASE, _BUILD, _PROCESSOR = "Linux", "6.1.0", "#1 SMP", "x86_64"


def _cores() -> int:
    return CORES


def _affinity(pid: int) -> set[int]:
    return set(range(CORES))


def _load() -> tuple[float, float, float]:
    return 0.0, 0.0, 0.0


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
}
"""The functions of `os`, those that this Python has."""


def replace_host_facts() -> None:
    """Put the answers in place until the running world ends."""
    for name, answer in _FACTS.items():
        if hasattr(os, name):
            replace(os, name, _of_a_program(answer, getattr(os, name)))
    replace(platform, "uname", _of_a_program(_uname, platform.uname))
    replace(platform, "_platform_cache", {})


def _of_a_program(answer: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    def ask(*arguments: Any, **named: Any) -> Any:
        return (real if running_program() is None else answer)(*arguments, **named)

    return ask
