"""Tripwires: a simulated node that reaches past its node gets an error that names the line.

Time, randomness, threads, sockets, files and subprocesses of the real machine would make a run
differ from its replay. While a world runs *and* a node's code is executing:

* the functions of `time`, `random`, `secrets`, `uuid` and `asyncio`, what `os` says of the process,
  starting a thread and waiting for one raise `Nondeterminism`, also where a module has imported
  them by name;
* so do ``datetime.now``, ``utcnow`` and ``today`` (`splitbrain.harness.simulation.dates`);
* so does whatever Python's audit events show: files, sockets, processes. Audit events catch these
  however the function was imported.

Not caught, because Python gives no hold on them: the order of a set, ``id`` and
``hash``, and a function that is kept anywhere but in a module's own names. For these there is the
comparison of two runs of the same plan in two processes (`splitbrain.harness.searching.elsewhere`).

The wires do nothing outside a run and nothing for the harness's own code.
"""

from __future__ import annotations

import _thread
import os
import random
import secrets
import selectors
import signal
import sys
import threading
import time
import uuid
from _thread import get_ident as _this_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import BuiltinMethodType, FrameType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from splitbrain.harness.error_text import in_standard_library, place
from splitbrain.harness.simulation.dates import dates_asked_of
from splitbrain.harness.simulation.imported_names import Guarded, guard_imported
from splitbrain.harness.simulation.output import output_kept
from splitbrain.harness.simulation.trio_hooks import THREAD_STARTER

if TYPE_CHECKING:
    from splitbrain.harness.simulation.incarnation import Incarnation
    from splitbrain.harness.simulation.world import World


class Nondeterminism(RuntimeError):
    """A simulated node used the real machine's time, randomness, threads, sockets or files."""


_USE_CLOCK = "use node.clock, or trio.sleep and trio.current_time"
_USE_RANDOM = "use node.random"
_USE_NETWORK = "use node.network"
_USE_DISK = "use node.disk"
_USE_TASKS = "use tasks in place of threads"
_NO_GRPC = (
    "grpcio is C, and has sockets and threads of its own, which leave the simulation; grpclib, in "
    "Python alone, does not"
)
_ONE_THREAD = (
    "it has one thread, in which what is sent to threads is done, too, so nobody would end that "
    "wait: await in a task instead"
)
_IN_PLACE = (
    "what is sent to a thread is done in place, where it can't wait for a task: await that in "
    "the task that sends it"
)
_NO_SIGNALS = "no signals reach a simulated node"
_USE_TRIO = "a simulated node is a trio program: use trio.sleep, nurseries and memory channels"
_USE_NAME = "use node.name: a node shares its process with all others"
_NO_PIPES = (
    "a simulated node has no pipes, nor processes to share them with: use sockets, or queues and "
    "channels between tasks"
)
_ONE_LOOP = "a simulated process has one event loop, which waits for it, and no other selector"

FIRST_FILE = 1 << 20
"""Simulated files have descriptors from here on, which no real file has."""

_CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
_TIME = tuple(clock + unit for clock in _CLOCKS for unit in ("", "_ns"))
_TIME_IF_FEWER = {"localtime": 1, "gmtime": 1, "ctime": 1, "asctime": 1, "strftime": 2}
"""Those that read the clock if they are given fewer arguments than this."""

ASYNCIO = ("sleep", "gather", "wait", "wait_for", "create_task", "to_thread", "run")
_LOOP = "new_event_loop"
_OF_STATE = ("seed", "getstate", "setstate")
RANDOM = tuple(
    name
    for name in random.__all__
    if name not in _OF_STATE
    and isinstance(getattr(random, name), MethodType | BuiltinMethodType)  # of a hidden instance
)
_WAYS_BACK = ("trio.from_thread", "anyio.from_thread")
"""Where a thread finds what runs a coroutine in the loop, and waits for it."""

_GRPC = ("insecure_channel", "secure_channel", "server")
_PIPES = ("pipe", "pipe2", "mkfifo", "mknod", "openpty", "eventfd", "memfd_create")
_SECRETS = ("choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe")
_AUDITED = {
    "open": _USE_DISK,
    "os.listdir": _USE_DISK,
    "os.scandir": _USE_DISK,
    "os.mkdir": _USE_DISK,
    "os.remove": _USE_DISK,
    "os.rmdir": _USE_DISK,
    "os.rename": _USE_DISK,
    "os.truncate": _USE_DISK,
    "sqlite3.connect": "SQLite reads and writes files by itself, past the simulated disk",
    "socket.__new__": _USE_NETWORK,
    "socket.getaddrinfo": _USE_NETWORK,
    "subprocess.Popen": "a simulated node can't start processes",
    "os.fork": "a simulated node can't start processes",
    "os.posix_spawn": "a simulated node can't start processes",
    "os.system": "a simulated node can't start processes",
    **dict.fromkeys(("os.kill", "os.killpg", "signal.pthread_kill"), _NO_SIGNALS),
    **dict.fromkeys(("os.chmod", "os.chown", "os.utime"), _USE_DISK),
    **dict.fromkeys(("os.link", "os.symlink"), "the simulated disk has no links: copy, or rename"),
    "os.chdir": "a simulated node shares its current folder with all others: use whole paths",
    "mmap.__new__": "what is written to memory would pass by the simulated disk: read and write",
}

_OURS = (__name__.rpartition(".")[0] + ".", "splitbrain.harness.programs.")
# These read source files or the clock for a message or an import; nothing that a node does
# depends on it.
_HARMLESS = ("importlib", "linecache", "tokenize", "traceback", "warnings", "logging", "inspect")

_UNKNOWN = "code that is not known"

_world: World | None = None
_hooked = False
_replaced: list[Guarded] = []
_not_yet_by_name: list[Guarded] = []
_replaced_by_name: list[tuple[dict[str, Any], str, Any]] = []


def _culprit(frame: FrameType | None, node: Incarnation) -> str | None:
    """Where the innermost frame is that is neither ours nor the standard library's; None if that is
    harmless."""
    world_begins = type(node).step.__code__, type(node).unwind.__code__
    while frame is not None and frame.f_code not in world_begins:
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module == "trio":  # it acts for whoever called it
            frame = frame.f_back
            continue
        if module in _HARMLESS or frame.f_code.co_filename.startswith("<frozen importlib"):
            return None
        ours = str(frame.f_globals.get("__name__", "")).startswith(_OURS)
        if not ours and not in_standard_library(frame):
            return place(frame)
        frame = frame.f_back
    return (node.acting_for() if node.acting_for is not None else "") or _UNKNOWN


def blamed() -> str:
    """Where a node's code is that has called into the standard library, trio or the harness."""
    node = _running_process()
    return (node and _culprit(sys._getframe(1), node)) or _UNKNOWN


def _trip(what: str, instead: str) -> None:
    """Raise for the node that is running, if any."""
    world = _world
    if world is None or world.current is None or _this_thread() != world.thread:
        return
    node, world.current = world.current, None  # what follows is our code, which may open files
    try:
        where = _culprit(sys._getframe(1), node)
        if where is None:
            return
        error = Nondeterminism(
            f"{where}: {what} was used by simulated node {node.name}, so the run could "
            f"not be replayed: {instead}"
        )
        world.tripped(node, error)
    finally:
        world.current = node
    raise error


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _world is not None and event in _AUDITED:
        program = running_program()
        if program is None or not _reads(event, arguments):
            _trip(event, _AUDITED[event])


def _reads(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether this only reads a file or a folder, as an unmodified program may, writes to nowhere,
    or maps no simulated file."""
    if event in ("os.listdir", "os.scandir"):
        return True
    if event == "mmap.__new__":
        return int(arguments[0]) < FIRST_FILE
    if event != "open":
        return False
    path, mode, flags = arguments
    if path == os.devnull:
        return True
    if isinstance(mode, str):
        return not set(mode) & set("wax+")
    return not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)


def running_program() -> Incarnation | None:
    """The unmodified program (`splitbrain.harness.programs`) whose code is running, if one is."""
    process = _running_process()
    return None if process is None or process.answers is None else process


def _running_process() -> Incarnation | None:
    """The node or program whose code is running, if any is."""
    world = _world
    if world is None or world.current is None:
        return None
    return world.current if _this_thread() == world.thread else None


@contextmanager
def outside() -> Iterator[None]:
    """While active, what runs is no node's code."""
    world = _world
    if world is None:
        yield
        return
    node, world.current = world.current, None
    try:
        yield
    finally:
        world.current = node


def _wall_clock(what: str) -> float | None:
    """What a call that asks for the date is told: a program's clock, or None for the real one."""
    program = running_program()
    if program is not None:
        return program.clock.time()
    _trip(what, _USE_CLOCK)
    return None


def replace(owner: Any, name: str, stand_in: Any) -> None:
    """Put something in the place of a module's function or class until the running world ends.

    Modules that have imported it by name get it with `replace_imported`, once for all.
    """
    real = getattr(owner, name)
    if real is not stand_in:
        setattr(owner, name, stand_in)
        _replaced.append((owner, name, real))
        _not_yet_by_name.append((owner, name, real))


def replace_imported() -> None:
    """Put what was replaced in the place of names of their own that modules have for it, too."""
    if _not_yet_by_name:
        _replaced_by_name.extend(guard_imported(_not_yet_by_name))
        _not_yet_by_name.clear()


def _guard(
    owner: ModuleType | type, name: str, instead: str, unless: int | None = None
) -> list[Guarded]:
    """Replace a function, if this Python has it; `unless` so many arguments are given, it trips."""
    real: Callable[..., Any] | None = getattr(owner, name, None)
    if real is None:
        return []
    told = f"{owner.__name__}.{name}()"

    def guarded(*arguments: Any, **named: Any) -> Any:
        if unless is None or len(arguments) + len(named) < unless:
            program = running_program()
            if program is not None and program.answers is not None and told in program.answers:
                return (program.answers[told] or real)(*arguments, **named)
            _trip(told, instead)
        return real(*arguments, **named)

    setattr(owner, name, guarded)
    return [(owner, name, real)]


def _guard_waiting() -> list[Guarded]:
    """Refuse waits for other threads: those of events, queues, futures and barriers are all a
    condition's."""
    real = threading.Condition.wait

    def wait(condition: threading.Condition, timeout: float | None = None) -> bool:
        if timeout is None or timeout > 0:
            _trip("a wait for another thread", _ONE_THREAD)
        return real(condition, timeout)

    threading.Condition.wait = wait  # type: ignore[method-assign, assignment]
    return [(threading.Condition, "wait", real)]


def _guard_all() -> list[Guarded]:
    return [
        *(place for name in _TIME for place in _guard(time, name, _USE_CLOCK)),
        *(p for name, n in _TIME_IF_FEWER.items() for p in _guard(time, name, _USE_CLOCK, n)),
        *_guard(time, "sleep", "use trio's or asyncio's sleep: time.sleep would stop every node"),
        *(place for name in RANDOM for place in _guard(random, name, _USE_RANDOM)),
        # With an argument only (self) it takes its seed from the system.
        *_guard(random.Random, "__init__", _USE_RANDOM, 2),
        *_guard(random.SystemRandom, "random", _USE_RANDOM),
        *_guard(random.SystemRandom, "getrandbits", _USE_RANDOM),
        *(place for name in _SECRETS for place in _guard(secrets, name, _USE_RANDOM)),
        *_guard(uuid, "uuid1", _USE_RANDOM),
        *_guard(uuid, "uuid4", _USE_RANDOM),
        *_guard(os, "urandom", _USE_RANDOM),
        *_guard(os, "getrandom", _USE_RANDOM),
        *(place for name in ("getpid", "getppid") for place in _guard(os, name, _USE_NAME)),
        *(place for name in _PIPES for place in _guard(os, name, _NO_PIPES)),
        *_guard(selectors, "DefaultSelector", _ONE_LOOP),
        *(
            p
            for n in ("alarm", "setitimer", "raise_signal")
            for p in _guard(signal, n, _NO_SIGNALS)
        ),
        *_guard(os, "_exit", "a simulated node can't end the process: return, or raise an error"),
        *_guard(threading.Thread, "start", _USE_TASKS),
        *_guard(_thread, "start_new_thread", _USE_TASKS),
        *_guard(*THREAD_STARTER, _USE_TASKS),
        *_guard_waiting(),
        *(p for of in _imported(*_WAYS_BACK) for p in _guard(of, "run", _IN_PLACE)),
        *(
            p
            for of in _imported("grpc", "grpc.aio")
            for n in _GRPC
            for p in _guard(of, n, _NO_GRPC)
        ),
        *_guard_asyncio(),
    ]


def _imported(*names: str) -> list[ModuleType]:
    """Those of these modules that anybody has imported; of others no node has functions."""
    return [sys.modules[name] for name in names if name in sys.modules]


def _guard_asyncio() -> list[Guarded]:
    """If nobody has imported asyncio yet, no node uses it."""
    library = sys.modules.get("asyncio")
    if library is None:
        return []
    loops = [place for of in (library, library.events) for place in _guard(of, _LOOP, _ONE_LOOP)]
    pipes = [
        place
        for name in ("connect_read_pipe", "connect_write_pipe")
        for place in _guard(library.BaseEventLoop, name, _NO_PIPES)
    ]
    return [
        *loops,
        *pipes,
        *(place for name in ASYNCIO for place in _guard(library, name, _USE_TRIO)),
    ]


@contextmanager
def tripwires(world: World) -> Iterator[None]:
    """Guard the nodes of `world` while it runs."""
    global _world, _hooked
    if not _hooked:
        _hooked = True
        sys.addaudithook(_audit)
    outer, _world = _world, world
    guarded = _guard_all()
    imported = guard_imported(guarded)
    try:
        with dates_asked_of(_wall_clock), output_kept(_running_process):
            yield
    finally:
        for names, name, real in (*imported, *_replaced_by_name):
            names[name] = real
        for owner, name, real in reversed((*guarded, *_replaced)):
            setattr(owner, name, real)
        _replaced.clear()
        _not_yet_by_name.clear()
        _replaced_by_name.clear()
        _world = outer
