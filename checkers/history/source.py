"""The bytes of a history's file, plain or gzipped, and what is left of one that was cut off."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO, Protocol

from splitbrain.checkers.files import BYTES_MAX, read_file
from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.gzipped import GZIP_MAGIC, Unpacking

_BOM = b"\xef\xbb\xbf"
_START = 1 << 16
_WINDOW = 1 << 20
_LEFT_FREE = 1 << 30

TEXT_PIECE = 32 << 20
"""How many bytes of a text are scanned at a time."""

LONG = 4 * TEXT_PIECE
"""From how many bytes on a file is not read whole."""

PARTS_MAX = 100_000_000
"""Values that a file may hold where each becomes an object of Python: some 6 GiB of them."""


class Text(Protocol):
    """What can be read line by line: a file's content, or a long file."""

    @property
    def source(self) -> str:
        """The file's path, for messages."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be overlooked to read it."""
        ...

    @property
    def size(self) -> int:
        """Its bytes."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """The text in pieces of whole lines."""
        ...

    def part(self, begin: int, end: int) -> bytes:
        """The bytes between two places."""
        ...


@dataclass(slots=True)
class LongFile:
    """A plain file that is too long to be held in memory whole; it is open as long as this lives.

    Attributes:
        source: its path, or that of the file that was unpacked into it.
        file: what to read it from.
        start: its first bytes.
        size: how many there are.
        notes: see `Text`.
    """

    source: str
    file: BinaryIO
    start: bytes
    size: int
    notes: tuple[str, ...] = ()
    _changed: int = field(init=False)
    _window: bytes = field(init=False, default=b"")
    _at: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._changed = os.fstat(self.file.fileno()).st_mtime_ns

    def check_size(self) -> None:
        """Make sure that it can be read whole, as it must be if its lines are not all plain.

        Raises:
            HistoryError: it can't.
        """
        if self.size > BYTES_MAX:
            raise HistoryError(
                f"it is larger than {BYTES_MAX >> 20} MiB, and only lines of the plain layout "
                '({"index": 0, "time": 5, "type": "invoke", "process": 0, "f": "read", "value": '
                "null}, nearly all of them, values numbers, words or pairs) are read without "
                "holding all in memory; give less of the history",
                path=self.source,
            )

    def pieces(self) -> Iterator[bytes]:
        """See `Text`.

        Raises:
            HistoryError: it can't be read (any more), or a line is far too long.
        """
        rest, at = b"", 0
        while block := self._read(at, TEXT_PIECE):
            at += len(block)
            end = block.rfind(b"\n") + 1
            if end:
                yield rest + block[:end]
                rest = block[end:]
            else:
                rest += block
            if len(rest) > BYTES_MAX:
                raise _too_long(self.source)
        if rest:
            yield rest

    def part(self, begin: int, end: int) -> bytes:
        """See `Text`. What is near is fetched with it, since it is asked for next.

        Raises:
            HistoryError: the file can't be read any more, or was changed since it was opened.
        """
        if not self._at <= begin <= end <= self._at + len(self._window):
            if os.fstat(self.file.fileno()).st_mtime_ns != self._changed:
                raise HistoryError(
                    "the file was changed while it was read; judge it when it is complete",
                    path=self.source,
                )
            self._window, self._at = self._read(begin, max(_WINDOW, end - begin)), begin
        return self._window[begin - self._at : end - self._at]

    def whole(self) -> Content:
        """All of it in memory.

        Raises:
            HistoryError: it can't be read, or is too large.
        """
        self.check_size()
        return Content(self.source, self._read(0, self.size), self.notes)

    def _read(self, begin: int, count: int) -> bytes:
        try:
            self.file.seek(begin)
            return self.file.read(count)
        except OSError as error:
            raise HistoryError(
                f"the file cannot be read ({error.strerror})", path=self.source
            ) from error


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds.

    Attributes:
        source: the file's path, for messages.
        data: its bytes, decompressed.
        notes: what had to be overlooked to get them.
    """

    source: str
    data: bytes
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    def pieces(self) -> Iterator[bytes]:
        """See `Text`."""
        begin = 0
        while begin < len(self.data):
            end = self.data.find(b"\n", begin + TEXT_PIECE) + 1 or len(self.data)
            yield self.data if end - begin == len(self.data) else self.data[begin:end]
            begin = end

    def part(self, begin: int, end: int) -> bytes:
        """See `Text`."""
        return self.data[begin:end]

    def check_parts(self, signs: bytes) -> None:
        """Make sure that it does not hold more values than fit into memory.

        A byte or two can be a value (``[],[],``), which takes some sixty as an object.

        Args:
            signs: what stands before or between values.

        Raises:
            HistoryError: they are too many.
        """
        if len(self.data) <= PARTS_MAX:
            return
        parts = sum(self.data.count(signs[at : at + 1]) for at in range(len(signs)))
        if parts > PARTS_MAX:
            raise HistoryError(
                f"it holds more than {PARTS_MAX // 1_000_000} million values, which would fill the "
                "memory; give less of the history",
                path=self.source,
            )

    def text(self) -> str:
        """The bytes as text.

        Raises:
            HistoryError: they are not UTF-8.
        """
        try:
            return self.data.decode()
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise not_utf8(self.source, line) from None


def read_content(path: str | os.PathLike[str]) -> Content:
    """Read a file, decompressing it if its first bytes are gzip's.

    A gzip file that ends too early (its writer was killed) gives what can be decompressed, and
    a note.

    Raises:
        HistoryError: the file cannot be read, or its gzip data are damaged.
    """
    source = os.fspath(path)
    try:
        data = read_file(path)
    except OSError as error:
        raise HistoryError(
            f"the file cannot be read ({error.strerror}); check the path", path=source
        ) from error
    return content_of(data, source)


def opened(path: str | os.PathLike[str]) -> Content | LongFile:
    """A file's content, or the file itself if it has lines and is long, plain or unpacked.

    A long gzip file is unpacked into a temporary file without a name, which ends with its reader.

    Raises:
        HistoryError: it can't be read; as `read_content`.
    """
    source = os.fspath(path)
    try:
        found = os.stat(source)
        if not stat.S_ISREG(found.st_mode):
            return read_content(path)
        file: BinaryIO = open(source, "rb")  # noqa: SIM115 - a long one stays open
        start = file.read(_START)
    except OSError:
        return read_content(path)  # which says what is wrong
    if start.startswith(GZIP_MAGIC):
        with file:
            file.seek(0)
            unpacking = Unpacking(file.read, found.st_size, source)
            return _unpacked(unpacking, source)
    if found.st_size < LONG or not _has_lines(start):
        file.close()
        return read_content(path)
    return LongFile(source, file, start, found.st_size)


def _has_lines(start: bytes) -> bool:
    return b"\n" in start and not start.startswith(_BOM)


def _unpacked(unpacking: Unpacking, source: str) -> Content | LongFile:
    """What gzip data hold: in memory while they are short, or else in a temporary file."""
    pieces, first = unpacking.pieces(), list[bytes]()
    for piece in pieces:
        first.append(piece)
        if unpacking.size >= LONG and _has_lines(first[0][:_START]):
            spilled = _spilled(unpacking, chain(first, pieces), source)
            return LongFile(source, *spilled, unpacking.size, _notes(unpacking))
        if unpacking.size > BYTES_MAX:
            raise HistoryError(
                f"its gzip data unpack to more than {BYTES_MAX >> 20} MiB without being a line for "
                "each operation; give less of the history",
                path=source,
            )
    return _plain(b"".join(first), source, _notes(unpacking))


def _spilled(unpacking: Unpacking, pieces: Iterable[bytes], source: str) -> tuple[BinaryIO, bytes]:
    """A temporary file with these pieces, and its start."""
    folder = tempfile.gettempdir()
    try:
        file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        for piece in pieces:
            if shutil.disk_usage(folder).free < _LEFT_FREE + len(piece):
                raise HistoryError(
                    f"there is no room to unpack it in {folder} (it has more than "
                    f"{unpacking.size >> 20} MiB); set TMPDIR to a folder with more",
                    path=source,
                )
            file.write(piece)
        file.flush()
        file.seek(0)
        return file, file.read(_START)
    except OSError as error:
        raise HistoryError(
            f"it cannot be unpacked into {folder} ({error.strerror}); set TMPDIR to another folder",
            path=source,
        ) from error


def content_of(data: bytes, source: str) -> Content:
    """The content of a file with these bytes; see `read_content`."""
    if not data.startswith(GZIP_MAGIC):
        return _plain(data, source, ())
    unpacking = Unpacking(io.BytesIO(data).read, len(data), source)
    found = _unpacked(unpacking, source)
    return found if isinstance(found, Content) else found.whole()


def _plain(data: bytes, source: str, notes: tuple[str, ...]) -> Content:
    data = data.removeprefix(_BOM)
    if b"\n" not in data:  # lines that end as they did on old Macs
        data = data.replace(b"\r", b"\n")
    return Content(source, data, notes)


def _notes(unpacking: Unpacking) -> tuple[str, ...]:
    cut_off = "the gzip data were cut off; what came before was kept"
    return () if unpacking.complete else (cut_off,)


def _too_long(source: str) -> HistoryError:
    return HistoryError(
        f"it has a line of more than {BYTES_MAX >> 20} MiB; every operation must have a line of "
        "its own",
        path=source,
    )


def not_utf8(source: str, line: int) -> HistoryError:
    """The error for a line that is not UTF-8."""
    return HistoryError(
        "this is not UTF-8 text; check that the file is a history, and convert it to UTF-8",
        path=source,
        line=line,
    )
