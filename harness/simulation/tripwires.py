"""Tripwires: a simulated node that reaches past its node gets an error that names the line.

Time, randomness, threads, sockets, files and subprocesses of the real machine would make a run
differ from its replay. While a world runs *and* a node's code is executing:

* the functions of `time` and `random`, ``os.urandom`` and starting a thread raise `Nondeterminism`;
* so does whatever Python's audit events show: files, sockets, processes. Audit events catch these
  however the function was imported.

Not caught, because Python gives no hold on them: ``from time import time`` done before the world
ran, and ``datetime.now()``. For these there is the comparison of two runs of the same plan.

The wires do nothing outside a run and nothing for the harness's own code.
"""

from __future__ import annotations

import os
import random
import secrets
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from splitbrain.harness.error_text import place
from splitbrain.harness.simulation.trio_hooks import THREAD_STARTER

if TYPE_CHECKING:
    from splitbrain.harness.simulation.world import World


class Nondeterminism(RuntimeError):
    """A simulated node used the real machine's time, randomness, threads, sockets or files."""


_USE_CLOCK = "use node.clock, or trio.sleep and trio.current_time"
_USE_RANDOM = "use node.random"
_USE_NETWORK = "use node.network"
_USE_DISK = "use node.disk"
_USE_TASKS = "use a trio nursery"

_TIME = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")
_RANDOM = (
    "random",
    "uniform",
    "triangular",
    "randint",
    "choice",
    "randrange",
    "sample",
    "shuffle",
    "choices",
    "normalvariate",
    "lognormvariate",
    "expovariate",
    "vonmisesvariate",
    "gammavariate",
    "gauss",
    "betavariate",
    "paretovariate",
    "weibullvariate",
    "getrandbits",
    "randbytes",
)
_SECRETS = ("choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe")
_AUDITED = {
    "open": _USE_DISK,
    "os.listdir": _USE_DISK,
    "os.scandir": _USE_DISK,
    "os.mkdir": _USE_DISK,
    "os.remove": _USE_DISK,
    "os.rename": _USE_DISK,
    "os.truncate": _USE_DISK,
    "socket.__new__": _USE_NETWORK,
    "socket.getaddrinfo": _USE_NETWORK,
    "subprocess.Popen": "a simulated node can't start processes",
    "os.fork": "a simulated node can't start processes",
    "os.posix_spawn": "a simulated node can't start processes",
    "os.system": "a simulated node can't start processes",
}

_STANDARD_LIBRARY = os.path.realpath(sysconfig.get_path("stdlib"))
_HERE = __name__.rpartition(".")[0]
# These read source files or the clock for a message or an import; nothing that a node does
# depends on it.
_HARMLESS = ("importlib", "linecache", "tokenize", "traceback", "warnings", "logging", "inspect")

_world: World | None = None
_hooked = False


def _in_standard_library(frame: FrameType) -> bool:
    name = os.path.realpath(frame.f_code.co_filename)
    return name.startswith(("<frozen", _STANDARD_LIBRARY)) and "site-packages" not in name


def _culprit(frame: FrameType | None) -> FrameType | None:
    """The innermost frame that is neither ours nor the standard library's; None if that is
    harmless."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module == "trio":  # it acts for whoever called it
            frame = frame.f_back
            continue
        if module in _HARMLESS or frame.f_code.co_filename.startswith("<frozen importlib"):
            return None
        ours = str(frame.f_globals.get("__name__", "")).rpartition(".")[0] == _HERE
        if not ours and not _in_standard_library(frame):
            return frame
        frame = frame.f_back
    return None


def _trip(what: str, instead: str) -> None:
    """Raise for the node that is running, if any."""
    world = _world
    if world is None or world.current is None:
        return
    node, world.current = world.current, None  # what follows is our code, which may open files
    try:
        frame = _culprit(sys._getframe(1))
        if frame is None:
            return
        error = Nondeterminism(
            f"{place(frame)}: {what} was used by simulated node {node.name}, so the run could "
            f"not be replayed: {instead}"
        )
        world.tripped(node, error)
    finally:
        world.current = node
    raise error


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _world is not None and event in _AUDITED:
        _trip(event, _AUDITED[event])


def _guard(
    owner: ModuleType | type, name: str, instead: str
) -> tuple[ModuleType | type, str, Callable[..., Any]]:
    real: Callable[..., Any] = getattr(owner, name)

    def guarded(*arguments: Any, **named: Any) -> Any:
        _trip(f"{owner.__name__}.{name}()", instead)
        return real(*arguments, **named)

    setattr(owner, name, guarded)
    return owner, name, real


@contextmanager
def tripwires(world: World) -> Iterator[None]:
    """Guard the nodes of `world` while it runs."""
    global _world, _hooked
    if not _hooked:
        _hooked = True
        sys.addaudithook(_audit)
    outer, _world = _world, world
    guarded = [_guard(time, name, _USE_CLOCK) for name in _TIME]
    guarded += [_guard(random, name, _USE_RANDOM) for name in _RANDOM]
    guarded += [_guard(secrets, name, _USE_RANDOM) for name in _SECRETS]
    guarded.append(_guard(time, "sleep", "use trio.sleep: time.sleep would stop every node"))
    guarded.append(_guard(os, "urandom", _USE_RANDOM))
    guarded.append(_guard(threading.Thread, "start", _USE_TASKS))
    guarded.append(_guard(*THREAD_STARTER, _USE_TASKS))
    try:
        yield
    finally:
        for owner, name, real in reversed(guarded):
            setattr(owner, name, real)
        _world = outer
