"""The bytes of a history's file, plain or gzipped, and what is left of one that was cut off."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass

from splitbrain.checkers.history.errors import HistoryError

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's word for "with a gzip header and checksum"
_BOM = b"\xef\xbb\xbf"


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
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise HistoryError(
            f"the file cannot be read ({error.strerror}); check the path", path=source
        ) from error
    notes: tuple[str, ...] = ()
    if data.startswith(_GZIP_MAGIC):
        data, complete = _decompress(data, source)
        if not complete:
            notes = ("the gzip data were cut off; what came before was kept",)
    data = data.removeprefix(_BOM)
    if b"\n" not in data:  # lines that end as they did on old Macs
        data = data.replace(b"\r", b"\n")
    return Content(source, data, notes)


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
    while data:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            parts.append(member.decompress(data))
        except zlib.error as error:
            raise HistoryError(
                f"its gzip data are damaged ({error}); get the file again", path=source
            ) from None
        if not member.eof:
            return b"".join(parts), False
        data = member.unused_data.lstrip(b"\0")  # tar and tapes pad with zeros
    return b"".join(parts), True
