"""Ctrl-C during a run stops the world between two events, not in the middle of a node's code.

There it would end one node, whose nursery takes `KeyboardInterrupt` for an error like any other:
the run would go on, and its history would tell of a crash that never was. If the code that is
running never yields, the world's watchdog has it interrupted after all
(`splitbrain.harness.simulation.watchdog`).
"""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import setitimer  # the real one: while a node runs, the module's is a tripwire
from types import FrameType

_PATIENCE_S = 1.0
"""How long Ctrl-C waits for the world to stop between two events."""


class CtrlC(KeyboardInterrupt):
    """Ctrl-C was really pressed; a plain `KeyboardInterrupt` is what code raises by itself."""


class Stopped(BaseException):
    """A watchdog ends the code that is running, and the run with it."""


class Interruption:
    """Whether Ctrl-C was pressed.

    Attributes:
        requested: it was.
        stopped: what interrupts next is a watchdog.
        ours: Ctrl-C comes to us, so a plain `KeyboardInterrupt` is somebody's own.
        stops: what Ctrl-C calls the first time.
    """

    def __init__(self, *, ours: bool) -> None:
        self.requested = False
        self.stopped = False
        self.ours = ours
        self.stops: list[Callable[[], None]] = []

    def check(self) -> None:
        """Raise what Ctrl-C raises, if it was pressed.

        Raises:
            KeyboardInterrupt: it was.
        """
        if self.requested:
            raise CtrlC

    def interrupt(self) -> bool:
        """From another thread: raise in the main thread, at once, even within C code that asks
        for signals; False if the signal isn't ours."""
        if self.ours:
            _thread.interrupt_main()
        return self.ours


_current: Interruption | None = None
_others_handle_it = False


def is_ctrl_c(error: KeyboardInterrupt) -> bool:
    """Whether it comes from the keyboard, as far as can be known."""
    return isinstance(error, CtrlC) or _others_handle_it


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[Interruption]:
    """While active, Ctrl-C calls `stop` and is noted; the second time it raises at once, and so
    does the first if the world has not stopped within a second.

    Does nothing outside the main thread, or if somebody else handles the signal. Within another
    one of these, both are told.
    """
    if _current is not None:
        _current.stops.append(stop)
        try:
            yield _current
        finally:
            _current.stops.remove(stop)
        return
    main = threading.current_thread() is threading.main_thread()
    interruption = Interruption(ours=main and _is_default())
    interruption.stops.append(stop)
    with _handled(interruption, others=main and not _is_default()):
        yield interruption


def _is_default() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler


@contextmanager
def _handled(interruption: Interruption, *, others: bool) -> Iterator[None]:
    global _current, _others_handle_it

    def handle(number: int, frame: FrameType | None) -> None:
        if interruption.stopped:
            raise Stopped
        if interruption.requested:
            raise CtrlC
        interruption.requested = True
        if alarmed:
            # C code that keeps the interpreter's lock lets no thread of ours run, but many such
            # loops (a regular expression's) do ask for signals.
            setitimer(signal.ITIMER_REAL, _PATIENCE_S)
        for stop in interruption.stops:
            stop()

    if not interruption.ours:
        _others_handle_it = others
        yield
        return
    alarmed = hasattr(signal, "SIGALRM") and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    _current, _others_handle_it = interruption, False
    signal.signal(signal.SIGINT, handle)
    if alarmed:
        signal.signal(signal.SIGALRM, handle)
    try:
        yield
    finally:
        if alarmed:
            setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _current = None
