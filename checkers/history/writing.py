"""Writing histories as JSON Lines, so that a killed process loses nothing it acknowledged."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import Self

from splitbrain.checkers.history.encoding import encode_line
from splitbrain.checkers.history.errors import HistoryWriteError
from splitbrain.checkers.history.history import History
from splitbrain.checkers.history.operation import Operation

# A gzip header without a time, so that equal histories give equal files.
_GZIP_WINDOW = 31

_LINES = 10_000
"""How many lines of a whole history are encoded at a time."""


class JsonlWriter:
    """Writes a history one operation a line, while it happens.

        with JsonlWriter("history.jsonl") as writer:
            writer.append(operation)

    Every line is handed to the kernel before `append` returns: a SIGKILL of this process loses
    no line (a power failure may). A path that ends in ``.gz`` is compressed, and flushed just as
    often, which costs compression. An existing file is replaced.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file.

        Raises:
            HistoryWriteError: the file cannot be created.
        """
        self._path = os.fspath(path)
        self._failure: HistoryWriteError | None = None
        self._written = 0
        self._gzip = zlib.compressobj(wbits=_GZIP_WINDOW) if self._path.endswith(".gz") else None
        try:
            self._file = open(path, "wb", buffering=0)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise HistoryWriteError(
                error.errno,
                f"{self._path}: the file cannot be created ({error.strerror})",
                self._path,
            ) from error

    def append(self, operation: Operation) -> None:
        """Write one operation; when this returns, the kernel has it.

        Raises:
            TypeError: JSON cannot hold its value. Nothing is written, and writing can go on.
            HistoryWriteError: the disk is full, or the like. What was written before is kept
                and can be read; this writer is of no more use.
        """
        data = encode_line(operation)
        if self._gzip is not None:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        self._write(data, f"operation {operation.index}")
        self._written += 1

    def close(self) -> None:
        """Close the file. Closing twice is allowed.

        Raises:
            HistoryWriteError: the end of a compressed file cannot be written.
        """
        if self._file.closed:
            return
        try:
            if self._gzip is not None and self._failure is None:
                self._write(self._gzip.flush(), "the end of the gzip data")
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, data: bytes, what: str) -> None:
        if self._failure is not None:
            raise self._failure
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._failure = HistoryWriteError(
                error.errno,
                f"{self._path}: {what} could not be written ({error.strerror}); the "
                f"{self._written} operations before it are kept",
                self._path,
            )
            raise self._failure from error


def write_jsonl(history: History, path: str | os.PathLike[str]) -> None:
    """Write a whole history; a path that ends in ``.gz`` is compressed. Replaces the file.

    Raises:
        TypeError: JSON cannot hold a value; nothing is written.
        HistoryWriteError: the file cannot be written.
    """
    name = os.fspath(path)
    lines = map(encode_line, history)
    pieces = iter(lambda: b"".join(islice(lines, _LINES)), b"")
    if name.endswith(".gz"):
        pieces = _compressed(pieces)
    device = os.path.exists(name) and not os.path.isfile(name)
    unfinished = f"{name}.unfinished"
    try:
        with open(name if device else unfinished, "wb") as file:
            file.writelines(pieces)
        if not device:
            os.replace(unfinished, name)
    except OSError as error:
        raise HistoryWriteError(
            error.errno, f"{name}: the history could not be written ({error.strerror})", name
        ) from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(unfinished)


def _compressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(wbits=_GZIP_WINDOW)
    yield from map(compressor.compress, pieces)
    yield compressor.flush()
