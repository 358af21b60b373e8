"""The bytes of a history's file, plain or gzipped, and what is left of one that was cut off."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from splitbrain.checkers.files import BYTES_MAX, read_file
from splitbrain.checkers.history.errors import HistoryError

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's word for "with a gzip header and checksum"
_BOM = b"\xef\xbb\xbf"
_START = 1 << 16

# A history is packed to a tenth, and to a hundredth if nothing in it ever changes. What grows to
# far more, and to something large, was made to fill memory.
_INFLATION_MAX = 500
_INFLATION_MATTERS_FROM = 64 << 20
_PIECE, _PACKED_PIECE = 16 << 20, 1 << 16

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


@dataclass(frozen=True, slots=True)
class LongFile:
    """A plain file that is too long to be held in memory whole.

    Attributes:
        source: its path.
        start: its first bytes.
        size: how many there are.
    """

    source: str
    start: bytes
    size: int
    notes: tuple[str, ...] = ()

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
        try:
            with open(self.source, "rb") as file:
                rest = b""
                while block := file.read(TEXT_PIECE):
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


def long_file(path: str | os.PathLike[str]) -> LongFile | None:
    """A plain file of lines that is long; None for any other, and for what is no file."""
    source = os.fspath(path)
    try:
        found = os.stat(source)
        if not stat.S_ISREG(found.st_mode) or found.st_size < LONG:
            return None
        with open(source, "rb") as file:
            start = file.read(_START)
    except OSError:
        return None  # whoever reads it whole says so
    if start.startswith((_GZIP_MAGIC, _BOM)) or b"\n" not in start:
        return None
    return LongFile(source, start, found.st_size)


def content_of(data: bytes, source: str) -> Content:
    """The content of a file with these bytes; see `read_content`."""
    notes: tuple[str, ...] = ()
    if data.startswith(_GZIP_MAGIC):
        data, complete = _decompress(data, source)
        if not complete:
            notes = ("the gzip data were cut off; what came before was kept",)
    data = data.removeprefix(_BOM)
    if b"\n" not in data:  # lines that end as they did on old Macs
        data = data.replace(b"\r", b"\n")
    return Content(source, data, notes)


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


def _decompress(data: bytes, source: str) -> tuple[bytes, bool]:
    """Decompressed data of all members of a gzip file, and whether they were all there."""
    parts: list[bytes] = []
    size = at = 0
    while at < len(data):
        member = zlib.decompressobj(_GZIP_WINDOW)
        while not member.eof:
            given = data[at : at + _PACKED_PIECE]
            try:
                parts.append(member.decompress(given, _PIECE))
            except zlib.error as error:
                raise HistoryError(
                    f"its gzip data are damaged ({error}); get the file again", path=source
                ) from None
            at += len(given) - len(member.unconsumed_tail) - len(member.unused_data)
            size += len(parts[-1])
            _check_size(size, len(data), source)
            if not given and not parts[-1] and not member.eof:
                return b"".join(parts), False
        while data[at : at + 1] == b"\0":  # tar and tapes pad with zeros
            at += 1
    return b"".join(parts), True


def _check_size(size: int, packed: int, source: str) -> None:
    """Refuse gzip data that inflate without end.

    Args:
        size: bytes so far, unpacked.
        packed: bytes of the whole file.
        source: the file's path.

    Raises:
        HistoryError: they are too many.
    """
    if size > BYTES_MAX:
        raise HistoryError(
            f"its gzip data unpack to more than {BYTES_MAX >> 20} MiB; give less of the history",
            path=source,
        )
    if size > max(_INFLATION_MATTERS_FROM, _INFLATION_MAX * packed):
        raise HistoryError(
            f"its gzip data unpack to more than {_INFLATION_MAX} times their size, as no history "
            "does; unpack it yourself to see what it holds",
            path=source,
        )
