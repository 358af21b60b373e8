"""What nodes and programs print and log is in the trace, line by line; a dead one prints nothing.

While a world runs, stand-ins for `sys.stdout` and `sys.stderr` put whole lines into the trace, as
``stdout`` or ``stderr`` with the host's name. What a node prints goes on to where it would have
gone, too; what an unmodified program prints does not. They may be kept beyond the run, by a handler
of `logging` that was made in it; outside of nodes they write where the real ones do. Handlers that
were made before, as by a program's module when it was imported, write to them meanwhile.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from splitbrain.harness.simulation.incarnation import Incarnation

_LONGEST = 500
"""Characters of a line that the trace keeps."""

_FRAME = re.compile(r'^(\s*File ").*[/\\]([^/\\"]+", line \d+)')
"""A line of a traceback: the folder of a program's file is no part of its run."""


def _nobody() -> Incarnation | None:
    """No world runs."""
    return None


_running: Callable[[], Incarnation | None] = _nobody
"""The node or program whose code is running."""


class Output:
    """Stands for `sys.stdout` or `sys.stderr` while a world runs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.real: Any = None
        self._begun: dict[Incarnation, str] = {}  # lines that have no end yet

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @property
    def _real(self) -> Any:
        now = getattr(sys, self.name)
        if now is not self:
            return now
        return getattr(sys, f"__{self.name}__") if self.real is None else self.real

    def write(self, text: str) -> int:
        """Put whole lines into the trace."""
        process = _running()
        if process is None or process.answers is None:
            self._real.write(text)
        if process is not None and not process.dead:
            *lines, rest = (self._begun.pop(process, "") + text).split("\n")
            for line in lines:
                process.trace(self.name, _FRAME.sub(r"\1\2", line)[:_LONGEST])
            if rest:
                self._begun[process] = rest
        return len(text)

    def writelines(self, lines: Any) -> None:
        """See `write`."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Lines are in the trace as they end."""
        process = _running()
        if process is None or process.answers is None:
            self._real.flush()

    def isatty(self) -> bool:
        """Nobody sits before it."""
        return False

    def begin(self) -> None:
        """Stand for the real one, unless this one does already."""
        if getattr(sys, self.name) is not self:
            self._begun.clear()
            self.real = getattr(sys, self.name)
            setattr(sys, self.name, self)

    def end(self) -> None:
        """Give way to the real one, if nobody else took the place."""
        if getattr(sys, self.name) is self:
            setattr(sys, self.name, self.real)
        self.real = None
        self._begun.clear()


class _Kept(logging.Handler):
    """What is logged where handlers write to something else than the streams."""

    def emit(self, record: logging.LogRecord) -> None:
        process = _running()
        if process is None or process.dead or any(map(_is_ours, logging.getLogger().handlers)):
            return
        text = f"{record.levelname} {record.name}: {record.getMessage()}"
        process.trace("stderr", text.replace("\n", " ")[:_LONGEST])


_out, _err, _kept = Output("stdout"), Output("stderr"), _Kept()


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and handler.stream in (_out, _err)


def _to_the_streams() -> Iterator[tuple[logging.StreamHandler[Any], Output]]:
    """Handlers that write to the real streams, with the stand-in of each."""
    loggers = [logging.getLogger(), *logging.getLogger().manager.loggerDict.values()]
    for handler in (each for logger in loggers for each in getattr(logger, "handlers", ())):
        if isinstance(handler, logging.StreamHandler):
            for ours in (_out, _err):
                if handler.stream is ours.real:
                    yield handler, ours


@contextmanager
def output_kept(running: Callable[[], Incarnation | None]) -> Iterator[None]:
    """Keep what is printed and logged; `running` says whose code runs, None for nobody's."""
    global _running
    outer, _running = _running, running
    nested = sys.stdout is _out
    root = logging.getLogger()
    # Without a handler, logging writes to the stand-in for standard error.
    logs = bool(root.handlers) and _kept not in root.handlers
    for stream in () if nested else (_out, _err):
        stream.begin()
    turned = [] if nested else list(_to_the_streams())
    for handler, ours in turned:
        handler.setStream(ours)
    if logs:
        root.addHandler(_kept)
    try:
        yield
    finally:
        if logs:
            root.removeHandler(_kept)
        for handler, ours in turned:
            handler.setStream(ours.real)
        for stream in () if nested else (_out, _err):
            stream.end()
        _running = outer
