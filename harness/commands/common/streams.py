"""Standard output and error whose reader may leave, or was never there.

`splitbrain check FILE | head`, ``>&-`` and ``2>&-`` change what is printed, never what is judged:
the exit code is that of the verdict.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from splitbrain.harness.commands.common.exits import EXIT_BAD_INPUT


class Forgiving:
    """A stream to which all can be written: once that fails, it goes nowhere.

    Nobody who writes is told, and Python has nothing left to write, and to fail at, when it ends.

    Attributes:
        failure: the first error, unless it was that the reader had left.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write, or lose, a text."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._lost(error)
            return len(text)

    def flush(self) -> None:
        """Hand over what was written."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            self.failure = self.failure or error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def forgiving_streams() -> Iterator[None]:
    """While active, standard output and standard error are there, and forgive.

    Raises:
        SystemExit: with 2, after a sentence: the standard output could not be written to its end.
    """
    _open_the_closed()
    before = sys.stdout, sys.stderr
    output, errors = Forgiving(sys.stdout), Forgiving(sys.stderr)
    sys.stdout, sys.stderr = cast("TextIO", output), cast("TextIO", errors)
    try:
        yield
    finally:
        output.flush()
        sys.stdout, sys.stderr = before
        if output.failure is not None:
            errors.write(f"splitbrain: standard output: {output.failure.strerror}\n")
            errors.flush()
            sys.exit(EXIT_BAD_INPUT)


def _open_the_closed() -> None:
    """Put the null device in the place of standard streams that are closed.

    Else the next file that is opened has the number of the standard output, and whoever writes to
    that without asking writes into a history.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            binary = io.FileIO(number, "w", closefd=False)
            setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(binary), encoding="utf-8"))
