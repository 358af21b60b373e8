"""What a program holds while it runs: the names of its module, and those of the functions in which
its tasks are, of trio and of asyncio. It is only read."""

from __future__ import annotations

import asyncio
from types import FrameType, ModuleType
from typing import Any

from splitbrain.harness.programs.factory import Running
from splitbrain.harness.programs.network.machine import machine_under
from splitbrain.harness.programs.waiting import frames_of
from splitbrain.harness.simulation.incarnation import Incarnation


def tasks_in(process: Incarnation) -> list[tuple[str, Any]]:
    """The tasks of a process that have not ended, by name, with their coroutines: trio's, then
    asyncio's, the oldest first."""
    trio_tasks = sorted(process.tasks, key=lambda task: task._counter)
    found = [(task.name.rsplit(".", 1)[-1], task.coro) for task in trio_tasks]
    descriptors = machine_under(process).descriptors
    loop = descriptors.loop if descriptors is not None and not process.dead else None
    if isinstance(loop, asyncio.AbstractEventLoop):
        tasks: list[Any] = sorted(asyncio.all_tasks(loop), key=hash)
        found += [(task.get_name(), task.get_coro()) for task in tasks]
    return found


def package_of(server: Running) -> str:
    """The package of a program, or its module if that is in none; empty before it is imported."""
    return server.module.__name__.partition(".")[0] if server.module else ""


def is_own(server: Running, frame: FrameType) -> bool:
    """Whether a frame runs the program's own code, not that of a library."""
    return _root(str(frame.f_globals.get("__name__", ""))) == package_of(server) != ""


def _root(module: str) -> str:
    return module.partition(".")[0]


def own_frames(server: Running, coroutine: Any) -> list[FrameType]:
    """Those of a coroutine's frames that run the program's own code."""
    return [frame for frame in frames_of(coroutine) if is_own(server, frame)]


def named_in(server: Running, name: str) -> Any:
    """What a name stands for: in the program's module, else in the functions of its tasks, of the
    oldest that has it, else among `objects_in`.

    Raises:
        AttributeError: nowhere is such a name.
    """
    if server.module is None:
        raise AttributeError(name)
    if hasattr(server.module, name):
        return getattr(server.module, name)
    for _, coroutine in tasks_in(server.node):
        for frame in own_frames(server, coroutine):
            if name in frame.f_locals:
                return frame.f_locals[name]
    found = objects_in(server)
    if name not in found:
        raise AttributeError(name)
    return found[name]


def objects_in(server: Running) -> dict[str, Any]:
    """Objects of the program's own classes that its tasks hold or are methods of, as ``lock`` for a
    ``Lock``; of several the first.

    A server whose object stands in no variable (``serve_tcp(Lock().serve, port)``) is found so.
    """
    found: dict[str, Any] = {}
    package = package_of(server)
    for _, coroutine in tasks_in(server.node):
        for frame in frames_of(coroutine):
            for value in frame.f_locals.values():
                held = getattr(value, "__self__", value)
                if _root(type(held).__module__) == package:
                    found.setdefault(type(held).__name__.lower(), held)
    return found


def globals_of(module: ModuleType | None) -> dict[str, Any]:
    """What a program's module keeps: no functions, classes and modules, and nothing of others."""
    if module is None:
        return {}
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("__")
        and not callable(value)
        and not isinstance(value, ModuleType)
        and not type(value).__module__.startswith(("typing", "__future__"))
    }


def locals_of(frame: FrameType) -> dict[str, Any]:
    """What a function holds."""
    return {name: value for name, value in frame.f_locals.items() if not callable(value)}
