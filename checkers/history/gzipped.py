"""What gzip data unpack to, piece by piece, so that no more than a piece need be in memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from splitbrain.checkers.history.errors import HistoryError

GZIP_MAGIC = b"\x1f\x8b"
_WINDOW = 31  # zlib's word for "with a gzip header and checksum"

# A history is packed to a tenth, and to a hundredth if nothing in it ever changes. What grows to
# far more, and to something large, was made to fill memory.
_INFLATION_MAX = 500
_INFLATION_MATTERS_FROM = 64 << 20
_PIECE, _PACKED_PIECE = 16 << 20, 1 << 16


class Unpacking:
    """The data of all members of a gzip file.

    Attributes:
        complete: whether they were all there, once `pieces` has ended; not so if the file's writer
            was killed.
        size: bytes unpacked so far.
    """

    def __init__(self, read: Callable[[int], bytes], packed: int, source: str) -> None:
        """Unpack what is read.

        Args:
            read: gives at most so many of the next packed bytes; none at the end.
            packed: how many there are.
            source: the file's path, for messages.
        """
        self.complete = False
        self.size = 0
        self._read = read
        self._packed = packed
        self._source = source

    def pieces(self) -> Iterator[bytes]:
        """The data.

        Raises:
            HistoryError: they are damaged, or grow beyond all measure.
        """
        held = self._read(_PACKED_PIECE)
        while held:
            member = zlib.decompressobj(_WINDOW)
            while not member.eof:
                held = held or self._read(_PACKED_PIECE)
                try:
                    piece = member.decompress(held, _PIECE)
                except zlib.error as error:
                    raise HistoryError(
                        f"its gzip data are damaged ({error}); get the file again",
                        path=self._source,
                    ) from None
                if not held and not piece and not member.eof:
                    return
                held = member.unused_data or member.unconsumed_tail
                self._grown(len(piece))
                yield piece
            while not held.strip(b"\0"):  # tar and tapes pad with zeros
                held = self._read(_PACKED_PIECE)
                if not held:
                    break
            held = held.lstrip(b"\0")
        self.complete = True

    def _grown(self, more: int) -> None:
        self.size += more
        if self.size > max(_INFLATION_MATTERS_FROM, _INFLATION_MAX * self._packed):
            raise HistoryError(
                f"its gzip data unpack to more than {_INFLATION_MAX} times their size, as no "
                "history does; unpack it yourself to see what it holds",
                path=self._source,
            )
