"""Watchdogs: a node that runs on without end is ended, and named with its line.

Most of them count, so they strike at the same moment in every run:

* rounds of a node's tasks in which nobody waits for anything (`ROUNDS_AT_ONCE`);
* what a node does in a virtual second: messages, events, uses of disk and clock, timers
  (`ACTS_A_SECOND`);
* its tasks (`TASKS`).

Such a node dies with a `Runaway`. What cannot be counted from outside, code that never yields or
that fills the memory, is seen by a thread that looks now and then (`Watchdog`). It measures the
real machine, so what comes after would not be the same again: the run ends, with `RunStopped`.
The thread also sees to it that Ctrl-C is heard while a node's code never yields.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import process_time
from types import FrameType
from typing import Protocol

from splitbrain.harness.error_text import in_standard_library, is_ours, place
from splitbrain.harness.runs.interruption import Interruption, Stopped
from splitbrain.harness.simulation.heap import EventHeap

ROUNDS_AT_ONCE = 100_000
"""How many rounds a node's tasks may run without any virtual time passing."""

ACTS_A_SECOND = 100_000
"""How many things a node may do in a virtual second: a hundred times what a busy one does."""

TASKS = 50_000
"""How many tasks a node may have."""

_TICK_S = 0.25
_TICKS_BLOCKED = 240
_TICKS_STUBBORN = 240
_INTERNAL_ERROR = 70
_NODE_BEGINS = ("step", "unwind")
"""The methods of an incarnation below which all is a node's code, and above which none is."""

_DEBUGGERS = ("bdb", "pdb", "pydevd", "_pydevd_bundle", "IPython")


@dataclass(slots=True)
class Limits:
    """What the watching thread allows.

    Attributes:
        cpu_seconds: CPU time of the process until a node's code must have yielded.
        memory_bytes: how much more memory than at its start a run may take.
    """

    cpu_seconds: float
    memory_bytes: int


def _memory_limit() -> int:
    """2 GiB, or half of what a smaller machine has."""
    try:
        physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2 << 30
    return min(2 << 30, physical // 2)


limits = Limits(cpu_seconds=10.0, memory_bytes=_memory_limit())


class Runaway(RuntimeError):
    """A node ran on and on: its program waits for nothing, or for too little."""


class RunStopped(Exception):
    """A watchdog of real time or memory has ended the run; the message names node and line."""


def calling_place() -> str:
    """Where the code under test is that called us."""
    return _place(sys._getframe(1)) or "code that is not known"


def _place(frame: FrameType | None) -> str | None:
    """Where the code under test is that called what runs in a frame; the standard library's own
    code if nothing else called that."""
    library = None
    while frame is not None and (is_ours(frame) or in_standard_library(frame)):
        if is_ours(frame) and frame.f_code.co_name in _NODE_BEGINS:
            frame = None
            break
        library = library or (None if is_ours(frame) else frame)
        frame = frame.f_back
    found = frame or library
    return None if found is None else place(found)


def _peak_memory() -> int:
    """The most memory that the process has had, in bytes; 0 where that cannot be asked."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Named(Protocol):
    """A node whose code is running."""

    @property
    def name(self) -> str:
        """The node's name."""
        ...


class Watched(Protocol):
    """What the watchdog sees of a world."""

    @property
    def heap(self) -> EventHeap:
        """Its events; how many were executed tells whether it gets on."""
        ...

    @property
    def current(self) -> Named | None:
        """The node whose code is running, or None."""
        ...


class Watchdog:
    """Looks at a running world from a thread of its own.

    Attributes:
        problem: what ended the run, in words that name node and line; None while all is well.
        node: the name of the node that was running then, if any was.
    """

    def __init__(self, world: Watched, interruption: Interruption) -> None:
        self.problem: str | None = None
        self.node: str | None = None
        self._world = world
        self._interruption = interruption
        self._thread = threading.get_ident()
        self._awake = False
        self._moment: tuple[int, object] = (0, None)
        self._cpu = process_time()
        self._ticks = 0
        self._stubborn = 0
        self._memory = _peak_memory()
        self._over = threading.Event()

    @contextmanager
    def awake(self) -> Iterator[None]:
        """While active, the world is running; outside it may stand as long as it likes."""
        self._awake = True
        try:
            yield
        except Stopped:
            pass  # `check` tells it
        finally:
            self._awake = False

    def check(self) -> None:
        """Raise what the thread has seen, if it has.

        Raises:
            RunStopped: it has.
        """
        if self.problem is not None:
            raise RunStopped(self.problem)

    def watch(self) -> None:
        """The thread: look now and then until `end`."""
        while not self._over.wait(_TICK_S):
            if self._awake:
                self._look()

    def end(self) -> None:
        """Let the thread end."""
        self._over.set()

    def _look(self) -> None:
        world = self._world
        node, moment = world.current, (world.heap.executed, world.current)
        if moment != self._moment:
            self._moment, self._ticks, self._stubborn = moment, 0, 0
            self._cpu = process_time()
        self._ticks += 1
        if self.problem is None:
            frame = sys._current_frames().get(self._thread)
            what = self._seen(frame)
            if what is not None:
                who = node.name if node is not None else "the harness, or a generator"
                self.node = node.name if node is not None else None
                self.problem = f"{who} {what}, at {_place(frame) or 'the harness itself'}"
        if self.problem is not None:
            world.heap.stop()
            self._interrupt(self.problem)
        elif self._interruption.requested and self._ticks > 1:
            self._interrupt("Ctrl-C")

    def _seen(self, frame: FrameType | None) -> str | None:
        """What is wrong, in words."""
        grown = _peak_memory() - self._memory
        if grown > limits.memory_bytes:
            return f"was running when the run had taken {grown >> 20} MiB of memory"
        if process_time() - self._cpu > limits.cpu_seconds:
            return f"ran for {limits.cpu_seconds:g} s of CPU time without waiting for anything"
        if self._ticks > _TICKS_BLOCKED and not _debugged(frame):
            return f"stood for {_TICKS_BLOCKED * _TICK_S:g} s without waiting in trio"
        return None

    def _interrupt(self, why: str) -> None:
        """Raise an error in the world's thread; again at each look, as long as it is caught."""
        self._stubborn += 1
        if self._stubborn > _TICKS_STUBBORN:
            text = f"splitbrain: {why}; it catches whatever ends it, so the process ends here\n"
            os.write(2, text.encode("utf-8", "replace"))
            os._exit(_INTERNAL_ERROR)
        self._interruption.stopped = self.problem is not None
        if not self._interruption.interrupt():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread), ctypes.py_object(Stopped)
            )


def _debugged(frame: FrameType | None) -> bool:
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in _DEBUGGERS:
            return True
        frame = frame.f_back
    return False


@contextmanager
def watched(world: Watched, interruption: Interruption) -> Iterator[Watchdog]:
    """A watchdog for the world, with its thread."""
    watchdog = Watchdog(world, interruption)
    thread = threading.Thread(target=watchdog.watch, name="splitbrain-watchdog", daemon=True)
    thread.start()
    try:
        yield watchdog
    finally:
        watchdog.end()
        thread.join()
